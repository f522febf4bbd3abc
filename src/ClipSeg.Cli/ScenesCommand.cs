using System.CommandLine;
using ClipSeg.Files;
using ClipSeg.Scenes;
using ClipSeg.Training.Data;
using Spectre.Console;

namespace ClipSeg.Cli;

/// <summary><c>clipseg scenes</c>: generated scenes as files, for tools that read pictures and masks.</summary>
internal sealed class ScenesCommand
{
    private const int DefaultSize = 352;            // what CLIPSeg reads
    private const int MostScenes = 1_000_000;       // six digits in a file's name
    private const string Examples = """
        clipseg scenes --out scenes --count 100
        clipseg scenes --out test-scenes --count 1000 --split test --pool mixed --size 192
        clipseg scenes --out VGPhraseCut_v0 --count 20000 --format phrasecut
        """;

    private readonly Option<string> _out = new("--out", "-o")
    {
        Description = "The folder to write, new or empty; it is there when everything is in it.",
        HelpName = "DIR",
        Required = true,
    };

    private readonly Option<int?> _count = new Option<int?>("--count", "-n")
    {
        Description = "How many scenes.",
        HelpName = "N",
        Required = true,
    }.Between(1, MostScenes);

    private readonly Option<string> _format = new("--format")
    {
        Description = "folder: pictures, masks and phrases.jsonl. phrasecut: the files of the PhraseCut data set.",
        DefaultValueFactory = _ => "folder",
    };

    private readonly Option<string?> _split = new("--split")
    {
        Description = "Which scenes; no two splits share one. By default train; in phrasecut, a tenth of each other.",
    };

    private readonly Option<string> _pool = new("--pool")
    {
        Description = "What they show: seen, what decoders train on; heldout, the rest; mixed, half of each; all.",
        DefaultValueFactory = _ => "seen",
    };

    private readonly Option<int?> _size = new Option<int?>("--size")
    {
        Description = $"The sides of the pictures, in pixels; by default {DefaultSize}.",
        HelpName = "N",
    }.Between(16, 4096);

    private readonly Option<int?> _phrases = new Option<int?>("--phrases-per-scene")
    {
        Description = "Phrases for each scene at most, each with its mask; by default 4.",
        HelpName = "N",
    }.Between(1, 64);

    private readonly Option<int?> _seed = new Option<int?>("--seed")
    {
        Description = "Which of the many sets of scenes; by default 1.",
        HelpName = "N",
    }.Between(0, int.MaxValue);

    private readonly ArtworkOptions _artwork = new();
    private readonly Terminal _terminal;

    private ScenesCommand(Terminal terminal)
    {
        _terminal = terminal;
        _format.AcceptOnlyFromAmong("folder", "phrasecut");
        _split.AcceptOnlyFromAmong("train", "validation", "test");
        _pool.AcceptOnlyFromAmong("seen", "heldout", "mixed", "all");
    }

    public static Command Create(Terminal terminal)
    {
        ScenesCommand scenes = new(terminal);
        ExampleCommand command = new("scenes", "Draw scenes of emoji with phrases and exact masks, as files.", Examples)
        {
            scenes._out, scenes._count, scenes._format, scenes._split, scenes._pool, scenes._size, scenes._phrases,
            scenes._seed,
        };
        scenes._artwork.AddTo(command);
        command.SetAction(scenes.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        string name = parsed.GetValue(_out)!, folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(name));
        if (File.Exists(folder)) throw new IOException($"'{name}' is a file, expected a new or empty folder.");
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new IOException($"'{name}' is not empty; scenes are written to a new or empty folder.");
        SceneGenerator generator = _terminal.Wait("Reading the artwork", () => new SceneGenerator(
            _artwork.Catalogue(parsed), new()
            {
                Size = parsed.GetValue(_size) ?? DefaultSize,
                Pool = Enum.Parse<ConceptPool>(parsed.GetValue(_pool)!, ignoreCase: true),
                Photos = _artwork.Photos(parsed),
            }));

        OutputFolder.Write(folder, partial =>
            WithBar(parsed.GetValue(_count)!.Value, onScene => Write(partial, generator, parsed, onScene)));
        _terminal.Output.WriteLine(name);
        return CommandLine.Done;
    }

    private void Write(string folder, SceneGenerator generator, ParseResult parsed, Action onScene)
    {
        int count = parsed.GetValue(_count)!.Value, phrases = parsed.GetValue(_phrases) ?? 4;
        int seed = parsed.GetValue(_seed) ?? 1, tenth = count / 10;
        SceneSplit? split = parsed.GetValue(_split) is { } name ? Enum.Parse<SceneSplit>(name, ignoreCase: true) : null;
        if (parsed.GetValue(_format) == "folder")
        {
            SceneFiles.WriteFolder(folder, generator, split ?? SceneSplit.Train, seed, count, phrases, onScene);
            return;
        }
        (int, int, int) counts = split switch
        {
            SceneSplit.Train => (count, 0, 0),
            SceneSplit.Validation => (0, count, 0),
            SceneSplit.Test => (0, 0, count),
            _ => (count - 2 * tenth, tenth, tenth),
        };
        SceneFiles.WritePhraseCut(folder, generator, seed, counts, phrases, onScene);
    }

    /// <summary>Runs something that tells of every scene; it ends there when it is to stop.</summary>
    private void WithBar(int count, Action<Action> work)
    {
        if (!_terminal.Interactive)
        {
            work(_terminal.Stop.ThrowIfCancellationRequested);
            return;
        }
        _terminal.Bars(bars =>
        {
            ProgressTask bar = bars.AddTask("Drawing scenes", maxValue: count);
            work(() =>
            {
                _terminal.Stop.ThrowIfCancellationRequested();
                bar.Increment(1);
            });
        });
    }
}
