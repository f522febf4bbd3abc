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
internal sealed class TrainCommand
{
    private const int ScenesPerEpoch = 1 << 24;     // they are drawn when they are needed: as good as endless
    private const string Examples = """
        clipseg train --data my-pictures --model CIDAS/clipseg-rd64-refined -o runs/mine
        clipseg train --data my-pictures --model CIDAS/clipseg-rd64-refined --go-on -o runs/finetuned --rate 1e-4
        clipseg train --data VGPhraseCut_v0 --model CIDAS/clipseg-rd64-refined --recipe recipes/pc-plus.json -o runs/pc
        clipseg train --scenes --model runs/clip/best --recipe recipes/emoji.json -o runs/emoji
        clipseg train --resume runs/emoji
        """;

    private readonly Option<string?> _data = new("--data")
    {
        Description = $"What to train on: {DataSetKind.Known}.",
        HelpName = "DIR",
    };

    private readonly Option<bool> _scenes = new("--scenes")
    {
        Description = "Train on scenes of emoji instead, drawn as they are needed.",
    };

    private readonly Option<string?> _validation = new("--validation")
    {
        Description = "As --data, to measure the score on; by default a tenth of the pictures, or PhraseCut's val.",
        HelpName = "DIR",
    };

    private readonly Option<bool> _goOn = new("--go-on")
    {
        Description = "Start from the model's own decoder (fine-tuning) rather than from a new one.",
    };

    private readonly Option<string?> _vision = new("--vision")
    {
        Description = "A vision tower of pictures alone in place of CLIP's, as in the paper's baseline ViTSeg: a file "
            + $"of timm's or Hugging Face's ViT, or '{Backbone.Untrained}'.",
        HelpName = $"FILE|{Backbone.Untrained}",
    };

    private readonly Option<int> _phrases = new("--phrases-per-scene")
    {
        Description = "Phrases that are asked of each scene, which is encoded once.",
        HelpName = "N",
        DefaultValueFactory = _ => 4,
    };

    private readonly Option<string?> _removed = new("--remove-words")
    {
        Description = "A list: phrases of a PhraseCut folder that have one of its words or phrases are left out.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _removedClasses = new("--remove-classes")
    {
        Description = "Leave out PhraseCut's phrases about unseen classes, by WordNet, as the paper does: "
            + $"{RemovedClasses.Known}.",
        HelpName = "SET",
    };

    private readonly Option<string> _wordNet = new("--wordnet")
    {
        Description = "WordNet's files for --remove-classes, as Debian's wordnet-base has them.",
        HelpName = "DIR",
        DefaultValueFactory = _ => WordNet.DebianFolder,
    };

    private readonly Option<string?> _cache = new("--activation-cache")
    {
        Description = "Where to keep what CLIP says about each picture, so that it runs once; needs crop false.",
        HelpName = "DIR",
    };

    private readonly RunOptions<TrainRecipe> _run = new(new(), RecipeKeys.Train);
    private readonly ModelOptions _model = new();
    private readonly Terminal _terminal;

    private TrainCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        TrainCommand train = new(terminal);
        ExampleCommand command = new(
            "train", "Train a decoder on your own pictures, on PhraseCut, or on scenes.", Examples)
        {
            train._data, train._scenes, train._validation, train._goOn, train._vision, train._phrases, train._removed,
            train._removedClasses, train._wordNet, train._cache,
        };
        train._model.AddModelTo(command);
        train._run.AddTo(command);
        command.SetAction(train.Run);
        return command;
    }

    private int Run(ParseResult given)
    {
        (ParseResult parsed, TrainRecipe recipe) = _run.Start(given);
        TrainingFolder folder = _run.Open(parsed);
        using Checkpoint checkpoint = _model.Open(parsed, _terminal);
        _run.Remember("model", Path.GetFullPath(checkpoint.Path));
        Preprocessing preprocessing = checkpoint.Preprocessing;
        (SegmentationData train, SegmentationData check) = Data(parsed, recipe, preprocessing);

        bool goOn = parsed.GetValue(_goOn);
        string? vision = parsed.GetValue(_vision);
        if (goOn && vision is not null)
            throw new UsageException("A decoder that goes on reads the tower it knows: leave --vision out.");
        using Backbone backbone = new(checkpoint, vision);
        ClipSegModel network = new(backbone.Weights(goOn ? Part.None : Part.Decoder, recipe.Seed),
            goOn ? backbone.Config : recipe.Decoder(backbone.Config))
        {
            Precision = _run.Precision(parsed),
        };
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
                lock (reported) _terminal.Warn($"Skipped: {message}");
            },
        };
        return _run.Train(parsed, _terminal, training, folder, recipe.Interval, "samples", "foreground IoU");

        ActivationCache? Cache(string name, SegmentationData pictures) => parsed.GetValue(_cache) is { } directory
            ? new(Path.Combine(directory, $"{name}.activations"), network, preprocessing, pictures, recipe)
            : null;
    }

    private (SegmentationData Train, SegmentationData Check) Data(
        ParseResult parsed, TrainRecipe recipe, Preprocessing preprocessing)
    {
        string? path = parsed.GetValue(_data), list = parsed.GetValue(_removed), set = parsed.GetValue(_removedClasses);
        if (parsed.GetValue(_scenes) == path is not null)
            throw new UsageException("Name what to train on: one of --data DIR and --scenes.");
        if (path is not null)
        {
            _run.Artwork.Refuse(parsed, "--scenes");
            if (list is not null && set is not null)
                throw new UsageException("Name what to leave out: one of --remove-words and --remove-classes.");
            return UsageException.Check(() => DataSetKind.OpenPair(path, parsed.GetValue(_validation), new()
            {
                Removed = list is not null ? RemovedWords.Read(list)
                    : set is not null ? RemovedClasses.Named(set, parsed.GetValue(_wordNet)!) : null,
            }));
        }
        if (list is not null || set is not null || parsed.GetValue(_validation) is not null)
        {
            throw new UsageException(
                "--remove-words, --remove-classes and --validation are for --data, not for --scenes.");
        }
        SceneGenerator generator = new(_run.Artwork.Catalogue(parsed, training: true), new()
        {
            Size = recipe.Size ?? preprocessing.Height,
            Pool = ConceptPool.Seen,
            Photos = _run.Artwork.Photos(parsed),
        });
        return (
            new SceneData(generator, SceneSplit.Train, recipe.Seed, ScenesPerEpoch, parsed.GetValue(_phrases)),
            new SceneData(generator, SceneSplit.Validation, recipe.Seed, recipe.ValidationSamples));
    }
}
