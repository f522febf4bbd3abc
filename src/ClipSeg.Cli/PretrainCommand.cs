using ClipSeg.Numerics;
using System.CommandLine;
using System.Text.Json;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Scenes;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Scenes.Pretraining;
using ClipSeg.Text;
using ClipSeg.Training;

namespace ClipSeg.Cli;

/// <summary><c>clipseg pretrain</c>: a CLIP from scratch, on scenes and their captions.</summary>
internal static class PretrainCommand
{
    private const int VocabularyCaptions = 60_000;
    private const string Examples = """
        clipseg pretrain --config recipes/emoji-clip.config.json --recipe recipes/emoji-clip.json -o runs/clip
        clipseg pretrain --config recipes/emoji-clip.config.json -o runs/clip --resume
        """;

    public static Command Create(Terminal terminal)
    {
        Option<string> config = new("--config")
        {
            Description = "A config.json: the sizes of the towers.",
            HelpName = "FILE",
            Required = true,
        };
        RunOptions run = new();
        ArtworkOptions scenes = new();
        RecipeOptions<PretrainRecipe> recipes = new(new(), PretrainRecipe.Keys);
        ExampleCommand command = new("pretrain",
            "Train CLIP's two towers from scratch, on scenes of emoji and captions.", Examples)
        {
            config,
        };
        run.AddTo(command);
        scenes.AddTo(command);
        recipes.AddTo(command);
        command.SetAction(given =>
        {
            (ParseResult parsed, PretrainRecipe recipe) = run.Start(given, recipes);
            TrainingFolder folder = run.Open(parsed);
            ClipSegConfig sizes = ReadConfig(parsed.GetValue(config)!);
            EmojiCatalogue catalogue = scenes.Catalogue(parsed);
            CaptionGenerator data = new(catalogue, sizes.ImageSize, scenes.Photos(parsed));

            BpeVocabulary vocabulary = terminal.Wait("Learning the vocabulary", () => Learn(data, sizes, recipe.Seed));
            ClipTokenizer tokenizer = new(vocabulary);
            sizes = sizes with { VocabularySize = tokenizer.VocabularySize, EndToken = tokenizer.EndToken };
            Weights weights = new(
                new Dictionary<string, StoredTensor>(), trainable: Part.Clip, fresh: Part.All, seed: (uint)recipe.Seed);
            ClipSegModel model = new(weights, sizes) { Precision = run.Precision(parsed) };
            Pretrainer training = new(model, vocabulary, data, recipe);
            return run.Train(parsed, terminal, training, folder, recipe.Interval, "pairs", "caption found");
        });
        return command;
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

    private static BpeVocabulary Learn(CaptionGenerator data, ClipSegConfig config, int seed)
    {
        string[] captions = new string[VocabularyCaptions];
        Parallel.For(0, captions.Length, i => captions[i] = data.Generate(SceneSplit.Train, seed, i).Caption);
        return BpeLearner.Learn(captions, config.VocabularySize, config.MaxTokens);
    }
}
