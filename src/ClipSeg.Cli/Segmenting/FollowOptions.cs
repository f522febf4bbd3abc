using System.CommandLine;
using System.CommandLine.Parsing;

namespace ClipSeg.Cli.Segmenting;

/// <summary>The options of long runs: going on after a stop, following a folder, an account of it all.</summary>
internal sealed class FollowOptions
{
    // What results do not depend on, and what is known otherwise.
    private static readonly string[] _indifferent =
    [
        "--resume", "--watch", "--report", "--json", "--threads", "--output", "--list", "--recursive", "--model",
        "--prompt", "--prompts",
    ];

    private readonly Option<bool> _resume = new("--resume")
    {
        Description = "Leave out the pictures that an earlier run of this command into the same folder has finished.",
    };

    private readonly Option<bool> _watch = new("--watch")
    {
        Description = "Then wait for new pictures in the folders that were named, until stopped with Ctrl-C.",
    };

    private readonly Option<string?> _report = new("--report")
    {
        Description = "Write a line of JSON for each picture, the bad ones as well, and one that sums up.",
        HelpName = "FILE",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_resume);
        command.Options.Add(_watch);
        command.Options.Add(_report);
    }

    public bool Watches(ParseResult parsed) => parsed.GetValue(_watch);

    public bool Resumes(ParseResult parsed) => parsed.GetValue(_resume);

    /// <exception cref="UsageException">There is nothing to follow or to go on with.</exception>
    public void Check(ParseResult parsed, PictureList pictures, bool isPiped)
    {
        if (Watches(parsed) && pictures.Folders.Count == 0)
            throw new UsageException("--watch follows folders, and none was named.");
        if (isPiped && (Watches(parsed) || Resumes(parsed)))
            throw new UsageException("-o - writes one picture to standard output: nothing to --watch or --resume.");
    }

    public RunReport? OpenReport(ParseResult parsed) => parsed.GetValue(_report) is { } path ? new(path) : null;

    /// <summary>All that results depend on, as it was said.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="prompts">What is looked for.</param>
    /// <param name="model">What it is looked for with.</param>
    public SortedDictionary<string, string> Settings(
        ParseResult parsed, IReadOnlyList<string> prompts, string model)
    {
        SortedDictionary<string, string> settings = new(StringComparer.Ordinal)
        {
            ["the model"] = model,
            ["the list of prompts"] = string.Join(" | ", prompts),
        };
        foreach (Option option in parsed.CommandResult.Command.Options)
        {
            if (!_indifferent.Contains(option.Name) && parsed.GetResult(option) is { Implicit: false } result)
                settings[option.Name] = string.Join(' ', result.Tokens.Select(token => token.Value));
        }
        // Where the file lies does not matter, whether there is one does: it needs run lengths.
        if (settings.ContainsKey("--coco")) settings["--coco"] = "given";
        return settings;
    }
}
