using ClipSeg.Cli;
using ClipSeg.Cli.Segmenting;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;

namespace ClipSeg.Tests.Cli;

/// <summary>One run of the program, in process, in a folder of its own.</summary>
internal sealed class CliRun : IDisposable
{
    public static string Mini { get; } = Fixtures.At("model", "mini");

    public static string Scene { get; } = Fixtures.At("model", "scene.png");

    /// <summary>Environment variables; those of the process are not seen.</summary>
    public Dictionary<string, string> Variables { get; } = new() { ["HF_HUB_OFFLINE"] = "1" };

    public TemporaryFolder Folder { get; } = new();

    /// <summary>What is piped into the program; null for a keyboard.</summary>
    public Stream? Input { get; set; }

    /// <summary>Where the program's bytes go; null for a screen.</summary>
    public Stream? Pipe { get; set; }

    public string Output { get; private set; } = "";

    public string Errors { get; private set; } = "";

    /// <summary>Runs the program; returns its exit code.</summary>
    public int Run(params string[] args) => Run(CancellationToken.None, args);

    public int Run(CancellationToken stop, params string[] args)
    {
        using StringWriter output = new() { NewLine = "\n" }, errors = new() { NewLine = "\n" };
        Variables["HF_HOME"] = Folder.At("hub");
        Terminal terminal = new(output, errors, Variables.GetValueOrDefault, stop)
        {
            Home = Folder.Path,
            OpenInput = () => Input,
            OpenOutput = () => Pipe,
        };
        int code = CommandLine.Run(args, terminal);
        (Output, Errors) = (output.ToString(), errors.ToString());
        return code;
    }

    /// <summary>Runs <c>segment</c> on the toy model, with results in <c>out</c> of the folder, as the model makes
    /// them unless <c>--guided</c> is said.</summary>
    public int Segment(params string[] args) => Run(["segment", .. args, "--model", Mini, "--output", Folder.At("out"),
        .. (string[])(args.Contains("--guided") ? [] : ["--guided", "0"])]);

    /// <summary>The names of the files that the run wrote, without its journal.</summary>
    public string[] Written() => [.. Directory.GetFiles(Folder.At("out")).Select(f => Path.GetFileName(f)!)
        .Where(name => name != Journal.FileName).Order(StringComparer.Ordinal)];

    /// <summary>Asserts that the run failed with one line on the error stream and nothing on the other.</summary>
    public void AssertFailed(int expectedCode, int code, string expected)
    {
        Assert.Contains(expected, Errors);
        Assert.StartsWith("clipseg: ", Errors);
        Assert.Single(Errors.TrimEnd('\n').Split('\n'));
        Assert.Equal(expectedCode, code);
        Assert.Empty(Output);
    }

    public void Dispose() => Folder.Dispose();
}
