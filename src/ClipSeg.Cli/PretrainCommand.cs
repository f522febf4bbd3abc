using System.CommandLine;
using System.Text.Json;
using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Scenes;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Scenes.Pretraining;
using ClipSeg.Text;
using ClipSeg.Training;

namespace ClipSeg.Cli;

/// <summary><c>clipseg pretrain</c>: a CLIP, from scratch or further, on pictures and their captions.</summary>
internal sealed class PretrainCommand
{
    private const int VocabularyCaptions = 60_000;
    private const string Examples = """
        clipseg pretrain --config recipes/emoji-clip.config.json --recipe recipes/emoji-clip.json -o runs/clip
        clipseg pretrain --config recipes/emoji-clip.config.json -o runs/clip --resume
        clipseg pretrain --config config.json --data my-captions --batch 64 -o runs/mine
        clipseg pretrain --from runs/clip/last --size 224 --recipe recipes/emoji-clip.json --rate 2e-4 -o runs/larger
        """;

    private readonly Option<string?> _config = new("--config")
    {
        Description = "A config.json: the sizes of the towers of a new CLIP.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _from = new("--from")
    {
        Description = "Start with this model's weights and vocabulary instead of a new CLIP.",
        HelpName = "MODEL",
    };

    private readonly Option<string?> _data = new("--data")
    {
        Description = "A folder with captions.csv or captions.jsonl; by default scenes of emoji are drawn.",
        HelpName = "DIR",
    };

    private readonly Option<int?> _size = new Option<int?>("--size")
    {
        Description = "Sides of the pictures in pixels, a multiple of the patch size; by default as configured.",
        HelpName = "N",
    }.Between(16, Preprocessing.MaxSize);

    private readonly RunOptions<PretrainRecipe> _run = new(new(), PretrainRecipe.Keys);
    private readonly Terminal _terminal;

    private PretrainCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        PretrainCommand pretrain = new(terminal);
        ExampleCommand command = new("pretrain",
            "Train CLIP's two towers, from scratch or further, on pictures and captions.", Examples)
        {
            pretrain._config, pretrain._from, pretrain._data, pretrain._size,
        };
        pretrain._run.AddTo(command);
        command.SetAction(pretrain.Run);
        return command;
    }

    private int Run(ParseResult given)
    {
        (ParseResult parsed, PretrainRecipe recipe) = _run.Start(given);
        string? file = parsed.GetValue(_config), model = parsed.GetValue(_from);
        if (file is null == model is null)
        {
            throw new UsageException(
                "Expected one of --config, for a new CLIP, and --from, to train one further.");
        }
        using Checkpoint? start = model is null ? null : Checkpoint.Open(ModelOptions.Locate(model, _terminal));
        ClipSegConfig before = start is null ? ReadConfig(file!) : start.Config;
        ClipSegConfig sizes = before with { ImageSize = parsed.GetValue(_size) ?? before.ImageSize };
        sizes.Validate();
        TrainingFolder folder = _run.Open(parsed);
        (CaptionData data, CaptionData validation) = Data(parsed, recipe, sizes.ImageSize);

        // A run that goes on keeps its words: those of captions may have changed since.
        BpeVocabulary vocabulary = start is not null ? ModelFiles.ReadVocabulary(start, new())
            : folder.HasState ? BpeVocabulary.Load(folder.Last)
            : _terminal.Wait("Learning the vocabulary", () => Learn(data, sizes));
        ClipTokenizer tokenizer = new(vocabulary);
        sizes = sizes with { VocabularySize = tokenizer.VocabularySize, EndToken = tokenizer.EndToken };
        Weights weights = start is null
            ? new(new Dictionary<string, StoredTensor>(), trainable: Part.Clip, fresh: Part.All,
                seed: (uint)recipe.Seed)
            : new(PositionTable.Stretch(start.Tensors, before, sizes), trainable: Part.Clip);
        ClipSegModel network = new(weights, sizes) { Precision = _run.Precision(parsed) };
        Pretrainer training = new(network, vocabulary, data, validation, recipe);
        return _run.Train(parsed, _terminal, training, folder, recipe.Interval, "pairs", "caption found");
    }

    private (CaptionData Train, CaptionData Validation) Data(ParseResult parsed, PretrainRecipe recipe, int size)
    {
        if (parsed.GetValue(_data) is { } path) return CaptionFolder.Open(path);
        CaptionGenerator captions = new(
            _run.Artwork.Catalogue(parsed, training: true), size, _run.Artwork.Photos(parsed));
        return (captions.Of(SceneSplit.Train, recipe.Seed), captions.Of(SceneSplit.Validation, recipe.Seed));
    }

    private static ClipSegConfig ReadConfig(string path)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
            return ClipSegConfig.Parse(json.RootElement);
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"'{path}', line {e.LineNumber + 1}: this is not JSON.", e);
        }
    }

    private static BpeVocabulary Learn(CaptionData data, ClipSegConfig config)
    {
        string[] captions = new string[Math.Min(VocabularyCaptions, data.Count ?? VocabularyCaptions)];
        Parallel.For(0, captions.Length, i => captions[i] = data.Get(i).Caption);
        return BpeLearner.Learn(captions, config.VocabularySize, config.MaxTokens);
    }
}
