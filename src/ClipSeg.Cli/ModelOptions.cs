using System.CommandLine;
using System.Globalization;
using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;

namespace ClipSeg.Cli;

/// <summary>The options of every command that opens a model.</summary>
internal sealed class ModelOptions
{
    private const string Variable = "CLIPSEG_MODEL";
    private static readonly string _bundled = Path.Combine("models", "clipseg-emoji");

    private readonly Option<string?> _clip = new("--clip")
    {
        Description = "OpenAI's ViT-B-16.pt, for a file that holds the decoder only.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _layers = new("--extract-layers")
    {
        Description = "The vision blocks that the decoder reads, such as 3,7,9; by default the model's own.",
        HelpName = "LIST",
    };

    private readonly Option<string?> _revision = new("--revision")
    {
        Description = "Of a pulled model: a branch, tag or commit. NAME@REVISION says the same.",
        HelpName = "NAME",
    };

    private readonly Option<string?> _model = new("--model", "-m")
    {
        Description =
            $"A folder, a file, or the name of a pulled model; by default ${Variable}, or the one in the box.",
        HelpName = "MODEL",
    };

    private readonly Option<int?> _size = new Option<int?>("--size")
    {
        Description =
            "The side in pixels that pictures are read at, a multiple of the patch size; by default the model's own.",
        HelpName = "N",
    }.Between(1, Preprocessing.MaxSize);

    private readonly Option<bool> _fine = new("--fine")
    {
        Description = "Read pictures larger than the model does in four overlapping tiles, too: better edges, in five "
            + "times the time.",
    };

    private readonly ComputeOptions _compute = new();

    /// <summary>Those that say which files make up a model whose path is an argument.</summary>
    public void AddFilesTo(Command command)
    {
        command.Options.Add(_clip);
        command.Options.Add(_layers);
        command.Options.Add(_revision);
    }

    /// <summary>Those that say which model, and which files make it up.</summary>
    public void AddModelTo(Command command)
    {
        command.Options.Add(_model);
        AddFilesTo(command);
    }

    /// <summary>The one that says which model.</summary>
    public void AddNameTo(Command command) => command.Options.Add(_model);

    /// <summary>The size that pictures are read at.</summary>
    public void AddSizeTo(Command command) => command.Options.Add(_size);

    /// <summary>Whether pictures are read in tiles, too.</summary>
    public void AddFineTo(Command command) => command.Options.Add(_fine);

    public int? Size(ParseResult parsed) => parsed.GetValue(_size);

    public bool Fine(ParseResult parsed) => parsed.GetValue(_fine);

    /// <summary>All that say which model is opened, and how.</summary>
    public void AddTo(Command command)
    {
        AddModelTo(command);
        AddSizeTo(command);
        _compute.AddTo(command);
    }

    /// <summary>Opens the model that --model or the environment names, or the one in the box.</summary>
    public Segmenter Load(ParseResult parsed, Terminal terminal)
    {
        return Load(Name(parsed, terminal), new()
        {
            Size = parsed.GetValue(_size),
            Precision = _compute.PrecisionOf(parsed),
            Threads = _compute.Threads(parsed),
        }, parsed, terminal);
    }

    /// <summary>The same as files alone: for training, which builds a network of its own on them.</summary>
    public Checkpoint Open(ParseResult parsed, Terminal terminal)
        => Checkpoint.Open(Locate(Name(parsed, terminal), terminal, parsed.GetValue(_revision)), Files(parsed));

    /// <summary>Opens a model whose path or name is an argument.</summary>
    public Segmenter Load(string model, ParseResult parsed, Terminal terminal)
        => Load(model, new() { Size = parsed.GetValue(_size) }, parsed, terminal);

    private Segmenter Load(string model, SegmenterOptions options, ParseResult parsed, Terminal terminal)
        => Load(model, options with { Files = Files(parsed) }, terminal, parsed.GetValue(_revision));

    /// <summary>Opens a model by its path or name.</summary>
    public static Segmenter Load(
        string model, SegmenterOptions options, Terminal terminal, string? revision = null)
    {
        string path = Locate(model, terminal, revision);
        try
        {
            Segmenter segmenter = terminal.Wait($"Opening {model}", () => Segmenter.Load(path, options));
            foreach (string note in segmenter.Checkpoint!.Notes) terminal.Warn($"Note: {note}");
            return segmenter;
        }
        catch (ArgumentException e) when (options.Size is not null)     // which is the one thing that can be wrong
        {
            throw new UsageException(e.Message, e);
        }
    }

    private CheckpointOptions Files(ParseResult parsed)
        => new() { ClipFile = parsed.GetValue(_clip), ExtractLayers = ParseLayers(parsed.GetValue(_layers)) };

    /// <summary>What --model or the environment says, or where the one in the box is.</summary>
    public string Name(ParseResult parsed, Terminal terminal)
        => parsed.GetValue(_model) ?? Default(terminal);

    /// <summary>The model that the environment names, or the one in the box.</summary>
    public static string Default(Terminal terminal)
        => Named(terminal.Variable(Variable)) ?? Bundled(terminal.Home)
            ?? throw new UsageException($"No model: name one with --model or ${Variable}. "
                + "'clipseg pull CIDAS/clipseg-rd64-refined' fetches one, under that name.");

    /// <summary>Where a model is. If it is not there, offers to download it, or says how to.</summary>
    public static string Locate(string model, Terminal terminal, string? revision = null)
    {
        try
        {
            return ModelFiles.Locate(model, () => PullCommand.HubOf(terminal), revision);
        }
        catch (CheckpointException e)
        {
            if (PullCommand.Offer(terminal, model, revision) is { } folder) return folder;
            string hint = HubName.TryParse(model, revision) is { } name ? $" 'clipseg pull {name}' fetches one." : "";
            throw new CheckpointException(e.Message + hint, e);
        }
    }

    private static int[]? ParseLayers(string? list)
    {
        if (list is null) return null;
        string[] parts = list.Split(',', StringSplitOptions.TrimEntries);
        int[] layers = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out layers[i]))
                throw new UsageException(
                    $"--extract-layers is '{list}', expected numbers with commas, such as 3,7,9.");
        }
        return layers;
    }

    private static string? Named(string? name) => string.IsNullOrWhiteSpace(name) ? null : name;

    /// <summary>Where the model that comes with the program is; null if it is not there.</summary>
    public static string? Bundled(string home)
    {
        for (DirectoryInfo? folder = new(home); folder is not null; folder = folder.Parent)
        {
            string model = Path.Combine(folder.FullName, _bundled);
            if (File.Exists(Path.Combine(model, "config.json"))) return model;
        }
        return null;
    }
}
