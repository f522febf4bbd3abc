using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using ClipSeg.Checkpoints;
using ClipSeg.Files;
using ClipSeg.Scenes;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Training;
using ClipSeg.Training.Ablation;
using ClipSeg.Training.Data;
using Spectre.Console;

namespace ClipSeg.Cli;

/// <summary><c>clipseg ablate</c>: what each part of the method is worth.</summary>
internal sealed class AblateCommand
{
    private const int ScenesPerEpoch = 1 << 24;     // drawn when they are needed: as good as endless
    private const int PhrasesPerScene = 4, TestSeed = 1;
    private const string Examples = """
        clipseg ablate --recipe recipes/ablation.json -o runs/ablation
        clipseg ablate --recipe recipes/ablation.json --model runs/clip/last -o runs/ablation --precision bf16
        clipseg ablate --data VGPhraseCut_v0 --model CIDAS/clipseg-rd64-refined \
            --recipe recipes/ablation-phrasecut.json -o runs/phrasecut-ablation
        """;

    private static readonly TimeSpan _silence = TimeSpan.FromSeconds(20);

    private readonly Option<string> _recipe = new("--recipe")
    {
        Description = "A JSON file: what the rows have in common, and what each changes.",
        HelpName = "FILE",
        Required = true,
    };

    private readonly Option<string> _out = new("--out", "-o")
    {
        Description = "The folder: a run for each row and seed, ablation.json, ablation.md. "
            + "The same command again goes on where it stopped.",
        HelpName = "DIR",
        Required = true,
    };

    private readonly Option<string?> _data = new("--data")
    {
        Description = "What to train and measure on, as 'train' reads it; by default scenes of emoji are drawn.",
        HelpName = "DIR",
    };

    private readonly ModelOptions _model = new();
    private readonly ArtworkOptions _artwork = new();
    private readonly ComputeOptions _compute = new(training: true);
    private readonly Terminal _terminal;

    private AblateCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        AblateCommand ablate = new(terminal);
        ExampleCommand command = new("ablate",
            "Train a decoder many times, each time without a part of the method, and compare.", Examples)
        {
            ablate._recipe, ablate._out, ablate._data,
        };
        ablate._model.AddModelTo(command);
        ablate._artwork.AddTo(command);
        ablate._compute.AddTo(command);
        command.SetAction(ablate.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        AblationRecipe recipe = AblationRecipe.Read(parsed.GetValue(_recipe)!);
        string folder = parsed.GetValue(_out)!;
        OutputFile.Check(Path.Combine(folder, "ablation.json"));
        AblationData data = parsed.GetValue(_data) is { } path ? Of(path, parsed) : Scenes(recipe, parsed);
        using Checkpoint clip = _model.Open(parsed, _terminal);
        AblationReport report;
        try
        {
            report = _terminal.Interactive ? WithBar() : Over(Lines());
        }
        catch (DivergedException e)
        {
            _terminal.Fail(e.Message);
            return CommandLine.BadFile;
        }
        foreach ((string title, TextTable table) in AblationTables.Of(report))
        {
            _terminal.Output.WriteLine(title);
            _terminal.Write(table);
        }
        return CommandLine.Done;

        AblationReport WithBar()
        {
            AblationReport? made = null;
            _terminal.Bars(bars =>
            {
                ProgressTask bar = bars.AddTask("Ablation", maxValue: 1);
                made = Over(p =>
                {
                    (bar.MaxValue, bar.Description) = (p.Runs, Markup.Escape($"{p.Row}, seed {p.Seed}"));
                    bar.Value = p.Run + (p.Training is { } at ? (double)at.Step / at.Steps : 1);
                });
            });
            return made!;
        }

        AblationReport Over(Action<AblationProgress> onProgress) => new AblationRun(clip, recipe, data, folder)
        {
            Precision = _compute.PrecisionOf(parsed),
            Threads = _compute.Threads(parsed),
            OnProgress = onProgress,
            OnResult = result => Write(folder, result),
        }.Run(_terminal.Stop);
    }

    /// <summary>A line where a run begins, where it is measured, and now and then.</summary>
    private Action<AblationProgress> Lines()
    {
        Stopwatch quiet = Stopwatch.StartNew();
        int last = -1;
        return p =>
        {
            if (p.Run == last && p.Training is not null && quiet.Elapsed < _silence) return;
            string doing = p.Training is not { } at ? "measuring" : FormattableString.Invariant(
                $"step {at.Step}/{at.Steps}, loss {at.Loss:F4}, {at.PerSecond:F1} samples/s");
            _terminal.Errors.WriteLine($"run {p.Run + 1}/{p.Runs}, {p.Row}, seed {p.Seed}: {doing}");
            last = p.Run;
            quiet.Restart();
        };
    }

    private static void Write(string folder, AblationReport report)
    {
        OutputFile.Write(Path.Combine(folder, "ablation.json"),
            JsonSerializer.Serialize(report, AblationJson.Default.AblationReport) + "\n");
        OutputFile.Write(Path.Combine(folder, "ablation.md"), string.Join("\n", AblationTables.Of(report).Select(
            part => $"{part.Title}\n\n{string.Join('\n', part.Table.Markdown())}\n")));
    }

    private AblationData Scenes(AblationRecipe recipe, ParseResult parsed)
    {
        int samples = recipe.Samples;
        EmojiCatalogue catalogue =
            _terminal.Wait("Reading the artwork", () => _artwork.Catalogue(parsed, training: true));
        PhotoFolder? photos = _artwork.Photos(parsed);
        return new($"{recipe.Scenes} of {catalogue.Concepts.Count} concepts{(photos is null ? "" : ", photographs")}",
            train => new SceneData(Generator(SizeOf(train), ConceptPool.Seen), SceneSplit.Train, train.Seed,
                ScenesPerEpoch, PhrasesPerScene),
            size => new SceneData(Generator(size, ConceptPool.Seen), SceneSplit.Validation, TestSeed, samples,
                PhrasesPerScene),
            size =>
            [
                ("seen", new SceneData(Generator(size, ConceptPool.Seen), SceneSplit.Test, TestSeed, samples,
                    PhrasesPerScene)),
                ("held out", new SceneData(Generator(size, ConceptPool.HeldOut), SceneSplit.Test, TestSeed, samples,
                    PhrasesPerScene)),
            ]);

        SceneGenerator Generator(int size, ConceptPool pool) => new(catalogue, new()
        {
            Size = size,
            Pool = pool,
            Photos = photos,
            MinObjects = recipe.Scenes.MinObjects,
            MaxObjects = recipe.Scenes.MaxObjects,
            MinScale = recipe.Scenes.MinScale,
            Worn = recipe.Scenes.Worn,
        });

        static int SizeOf(TrainRecipe train)
            => train.Size ?? throw new RecipeException("An ablation on scenes needs a size in its recipe.");
    }

    private AblationData Of(string path, ParseResult parsed)
    {
        _artwork.Refuse(parsed, "scenes");
        DataSetKind kind = DataSetKind.Of(path);
        (SegmentationData train, SegmentationData validation) = DataSetKind.OpenPair(path, validation: null, new());
        SegmentationData test = kind.Splits is { } splits ? kind.Open(path, splits.Test, new()) : validation;
        return new(Path.GetFullPath(path), _ => train, _ => validation, _ => [("test", test)]);
    }
}
