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
internal static class PretrainCommand
{
    private const int VocabularyCaptions = 60_000;
    private const string Examples = """
        clipseg pretrain --config recipes/emoji-clip.config.json --recipe recipes/emoji-clip.json -o runs/clip
        clipseg pretrain --config recipes/emoji-clip.config.json -o runs/clip --resume
        clipseg pretrain --config config.json --data my-captions --batch 64 -o runs/mine
        clipseg pretrain --from runs/clip/last --size 224 --recipe recipes/emoji-clip.json --rate 2e-4 -o runs/larger
        """;

    public static Command Create(Terminal terminal)
    {
        Option<string?> config = new("--config")
        {
            Description = "A config.json: the sizes of the towers of a new CLIP.",
            HelpName = "FILE",
        };
        Option<string?> from = new("--from")
        {
            Description = "Start with this model's weights and vocabulary instead of a new CLIP.",
            HelpName = "MODEL",
        };
        Option<string?> source = new("--data")
        {
            Description = "A folder with captions.csv or captions.jsonl; by default scenes of emoji are drawn.",
            HelpName = "DIR",
        };
        Option<int?> size = new Option<int?>("--size")
        {
            Description = "Sides of the pictures in pixels, a multiple of the patch size; by default as configured.",
            HelpName = "N",
        }.Between(16, Preprocessing.MaxSize);
        RunOptions run = new();
        ArtworkOptions scenes = new();
        RecipeOptions<PretrainRecipe> recipes = new(new(), PretrainRecipe.Keys);
        ExampleCommand command = new("pretrain",
            "Train CLIP's two towers, from scratch or further, on pictures and captions.", Examples)
        {
            config, from, source, size,
        };
        run.AddTo(command);
        scenes.AddTo(command);
        recipes.AddTo(command);
        command.SetAction(given =>
        {
            (ParseResult parsed, PretrainRecipe recipe) = run.Start(given, recipes);
            string? file = parsed.GetValue(config), model = parsed.GetValue(from);
            if (file is null == model is null)
            {
                throw new ArgumentException(
                    "Expected one of --config, for a new CLIP, and --from, to train one further.");
            }
            using Checkpoint? start = model is null ? null : Checkpoint.Open(ModelOptions.Locate(model, terminal));
            ClipSegConfig before = start is null ? ReadConfig(file!) : start.Config;
            ClipSegConfig sizes = before with { ImageSize = parsed.GetValue(size) ?? before.ImageSize };
            sizes.Validate();
            TrainingFolder folder = run.Open(parsed);
            (CaptionData data, CaptionData validation) = Data(
                parsed.GetValue(source), recipe, () => new(
                    scenes.Catalogue(parsed), sizes.ImageSize, scenes.Photos(parsed)));

            // A run that goes on keeps its words: those of captions may have changed since.
            BpeVocabulary vocabulary = start is not null ? ModelFiles.ReadVocabulary(start, new())
                : folder.HasState ? BpeVocabulary.Load(folder.Last)
                : terminal.Wait("Learning the vocabulary", () => Learn(data, sizes));
            ClipTokenizer tokenizer = new(vocabulary);
            sizes = sizes with { VocabularySize = tokenizer.VocabularySize, EndToken = tokenizer.EndToken };
            Weights weights = start is null
                ? new(new Dictionary<string, StoredTensor>(), trainable: Part.Clip, fresh: Part.All,
                    seed: (uint)recipe.Seed)
                : new(PositionTable.Stretch(start.Tensors, before, sizes), trainable: Part.Clip);
            ClipSegModel network = new(weights, sizes) { Precision = run.Precision(parsed) };
            Pretrainer training = new(network, vocabulary, data, validation, recipe);
            return run.Train(parsed, terminal, training, folder, recipe.Interval, "pairs", "caption found");
        });
        return command;
    }

    private static (CaptionData Train, CaptionData Validation) Data(
        string? path, PretrainRecipe recipe, Func<CaptionGenerator> scenes)
    {
        if (path is not null) return CaptionFolder.Open(path);
        CaptionGenerator captions = scenes();
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
