using System.Collections.Concurrent;
using System.CommandLine;
using ClipSeg.Checkpoints;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Scenes;
using ClipSeg.Training;
using ClipSeg.Training.Data;

namespace ClipSeg.Cli;

/// <summary><c>clipseg train</c>: a decoder on a frozen CLIP, from pictures, masks and phrases.</summary>
internal static class TrainCommand
{
    private const int ScenesPerEpoch = 1 << 24;     // they are drawn when they are needed: as good as endless
    private const string Examples = """
        clipseg train --data my-pictures --model CIDAS/clipseg-rd64-refined -o runs/mine
        clipseg train --data my-pictures --model CIDAS/clipseg-rd64-refined --go-on -o runs/finetuned --rate 1e-4
        clipseg train --data VGPhraseCut_v0 --model CIDAS/clipseg-rd64-refined --recipe recipes/pc-plus.json -o runs/pc
        clipseg train --scenes --model runs/clip/best --recipe recipes/emoji.json -o runs/emoji
        clipseg train --resume runs/emoji
        """;

    public static Command Create(Terminal terminal)
    {
        Option<string?> data = new("--data")
        {
            Description = $"What to train on: {DataSetKind.Known}.",
            HelpName = "DIR",
        };
        Option<bool> scenes = new("--scenes")
        {
            Description = "Train on scenes of emoji instead, drawn as they are needed.",
        };
        Option<string?> validation = new("--validation")
        {
            Description = "As --data, to measure the score on; by default a tenth of the pictures, or PhraseCut's val.",
            HelpName = "DIR",
        };
        Option<bool> goOn = new("--go-on")
        {
            Description = "Start from the model's own decoder (fine-tuning) rather than from a new one.",
        };
        Option<int> phrases = new("--phrases-per-scene")
        {
            Description = "Phrases that are asked of each scene, which is encoded once.",
            HelpName = "N",
            DefaultValueFactory = _ => 4,
        };
        Option<string?> removed = new("--remove-words")
        {
            Description = "A list: phrases of a PhraseCut folder that have one of its words or phrases are left out.",
            HelpName = "FILE",
        };
        Option<string?> cache = new("--activation-cache")
        {
            Description = "Where to keep what CLIP says about each picture, so that it runs once; needs crop false.",
            HelpName = "DIR",
        };
        RunOptions run = new();
        ModelOptions model = new();
        ArtworkOptions artwork = new();
        RecipeOptions<TrainRecipe> recipes = new(new(), RecipeKeys.Train);
        ExampleCommand command = new(
            "train", "Train a decoder on your own pictures, on PhraseCut, or on scenes.", Examples)
        {
            data, scenes, validation, goOn, phrases, removed, cache,
        };
        run.AddTo(command);
        model.AddModelTo(command);
        artwork.AddTo(command);
        recipes.AddTo(command);
        command.SetAction(given =>
        {
            (ParseResult parsed, TrainRecipe recipe) = run.Start(given, recipes);
            TrainingFolder folder = run.Open(parsed);
            using Checkpoint checkpoint = model.Open(parsed, terminal);
            run.Remember("model", Path.GetFullPath(checkpoint.Path));
            Preprocessing preprocessing = checkpoint.Preprocessing;
            (SegmentationData train, SegmentationData check) = Data();

            ClipSegConfig config = checkpoint.Config;
            bool fresh = !parsed.GetValue(goOn);
            if (fresh) config = recipe.Decoder(config);
            Weights weights = new(checkpoint.Tensors, trainable: Part.Decoder, fresh: fresh ? Part.Decoder : Part.None,
                seed: (uint)recipe.Seed);
            ClipSegModel network = new(weights, config) { Precision = run.Precision(parsed) };
            using ActivationCache? trainCache = Cache("train", train), checkCache = Cache("validation", check);
            ConcurrentDictionary<string, bool> reported = [];
            Trainer training = new(
                network, ModelFiles.ReadVocabulary(checkpoint, new()), preprocessing, train, check, recipe)
            {
                Cache = trainCache,
                ValidationCache = checkCache,
                OnUnreadable = message =>
                {
                    if (!reported.TryAdd(message, true)) return;        // it comes up again in every epoch
                    lock (reported) terminal.Warn($"Skipped: {message}");
                },
            };
            return run.Train(parsed, terminal, training, folder, recipe.Interval, "samples", "foreground IoU");

            ActivationCache? Cache(string name, SegmentationData pictures) => parsed.GetValue(cache) is { } directory
                ? new(Path.Combine(directory, $"{name}.activations"), network, preprocessing, pictures, recipe)
                : null;

            (SegmentationData Train, SegmentationData Check) Data()
            {
                string? path = parsed.GetValue(data), list = parsed.GetValue(removed);
                if (parsed.GetValue(scenes) == path is not null)
                    throw new UsageException("Name what to train on: one of --data DIR and --scenes.");
                if (path is not null)
                {
                    artwork.Refuse(parsed, "--scenes");
                    DataSetOptions options = new() { Removed = list is null ? null : RemovedWords.Read(list) };
                    return UsageException.Check(
                        () => DataSetKind.OpenPair(path, parsed.GetValue(validation), options));
                }
                if (list is not null || parsed.GetValue(validation) is not null)
                    throw new UsageException("--remove-words and --validation are for --data, not for --scenes.");
                SceneGenerator generator = new(artwork.Catalogue(parsed), new()
                {
                    Size = recipe.Size ?? preprocessing.Height,
                    Pool = ConceptPool.Seen,
                    Photos = artwork.Photos(parsed),
                });
                return (
                    new SceneData(generator, SceneSplit.Train, recipe.Seed, ScenesPerEpoch, parsed.GetValue(phrases)),
                    new SceneData(generator, SceneSplit.Validation, recipe.Seed, recipe.ValidationSamples));
            }
        });
        return command;
    }
}
