using System.Collections.Concurrent;
using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Scenes;
using ClipSeg.Scenes.Pretraining;
using ClipSeg.Tests.Scenes;
using ClipSeg.Text;
using ClipSeg.Training;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Training;

/// <summary>Whole trainings, tiny: on scenes of plain shapes, which need no download.</summary>
public sealed class TrainingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("clipseg-training").FullName;

    private static readonly TrainRecipe _twoSteps = new()
    {
        Batch = 2,
        Steps = 2,
        Size = 48,
        Crop = false,
        ValidationSamples = 2,
        VisualPrompt = null,
    };

    private static readonly BpeVocabulary _vocabulary =
        BpeLearner.Learn(["a dog", "a cat", "an owl", "an apple", "a pizza", "the red star on the left"], 600, 32);

    [Fact]
    public void A_limit_that_was_measured_on_the_decoder_before_is_not_the_new_ones()
    {
        Trainer trainer = Trainer(Scenes(40), Scenes(2), _twoSteps);
        Assert.Equal(0.4f, Fresh(Part.Decoder, seed: 2).Config.NotFoundBelow);
        trainer.Save(Path.Combine(_folder, "trained"));
        using Checkpoint trained = Checkpoint.Open(Path.Combine(_folder, "trained"));
        Assert.Equal(0, trained.Config.NotFoundBelow);
    }

    [Fact]
    public void Decoder_learns_eight_scenes_by_heart()
    {
        SceneData scenes = Scenes(count: 8);
        TrainRecipe recipe = new()
        {
            Batch = 8,
            Steps = 150,
            Rate = 3e-3f,
            LowestRate = 3e-4f,
            Size = 48,
            Crop = false,
            Templates = "plain",
            Negatives = 0,
            VisualPrompt = null,
            Dropout = 0,
            ValidationSamples = 8,
            Width = 64,
            Shuffle = false,
        };
        Trainer trainer = Trainer(scenes, scenes, recipe);
        float first = trainer.Step(), last = first;
        while (trainer.Optimizer.Steps < recipe.Steps) last = trainer.Step();
        Assert.True(last < first / 5, $"The loss went from {first} to {last}.");
        Assert.InRange(trainer.Validate(), 0.9, 1);
    }

    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void Contrastive_loss_falls_below_a_tenth_on_a_few_pairs(Precision precision)
    {
        // Batches of the same eight pairs, over and over.
        ClipSegModel model = Fresh(Part.Clip, seed: 3, precision);
        PretrainRecipe recipe = new() { Batch = 8, Part = 8, Steps = 120, Rate = 2e-3f, WarmUp = 10 };
        CaptionData captions = Captions(model);
        Pretrainer trainer = new(model, _vocabulary, captions, captions, recipe);
        using TensorScope scope = new();
        long first = DistinctFrom(captions, 8);
        (Tensor pixels, int[][] ids) = trainer.Draw(captions, [.. Enumerable.Range(0, 8).Select(i => first + i)]);
        float loss = 0;
        for (int step = 0; step < recipe.Steps; step++) loss = trainer.StepOn(pixels, ids);
        Assert.InRange(loss, 0, 0.1f);
    }

    [Fact]
    public void Pretraining_in_parts_and_with_cached_gradients_takes_the_same_steps()
    {
        float[][] weights = [.. new PretrainRecipe[]
        {
            new() { Batch = 12, Part = 12 },
            new() { Batch = 12, Part = 5 },
            new() { Batch = 12, Part = 5, CacheGradients = true },
        }.Select(recipe =>
        {
            ClipSegModel model = Fresh(Part.Clip, seed: 1);
            Pretrainer trainer = new(model, _vocabulary, Captions(model), Captions(model), recipe);
            trainer.Step();
            trainer.Step();
            return model.Weights.Trainable.SelectMany(p => p.Value.Data.ToArray()).ToArray();
        })];
        Close.All(weights[0], weights[1], 2e-4f);
        Close.All(weights[0], weights[2], 2e-4f);
    }

    [Fact]
    public void A_resumed_run_ends_with_the_same_bits_as_one_that_never_stopped()
    {
        TrainRecipe recipe = new()
        {
            Batch = 4,
            Steps = 20,
            Size = 48,
            Crop = false,
            Part = 2,
            ValidationSamples = 4,
            Interval = 10,
        };
        TrainingFolder whole = new(Path.Combine(_folder, "whole")), halves = new(Path.Combine(_folder, "halves"));
        Loop(whole, recipe).Run(CancellationToken.None);

        using (CancellationTokenSource stop = new())
        {
            Loop(halves, recipe, p =>
            {
                if (p.Step == 10) stop.Cancel();
            }).Run(stop.Token);
        }
        Assert.Equal(10, halves.ReadLog()[^1].Step);
        Loop(halves, recipe).Run(CancellationToken.None);

        Assert.Equal(Weights(whole.Last), Weights(halves.Last));
        Assert.Equal(
            whole.ReadLog().Select(l => (l.Step, l.Loss, l.Score)),
            halves.ReadLog().Select(l => (l.Step, l.Loss, l.Score)));
    }

    [Fact]
    public void A_run_is_not_resumed_with_another_recipe()
    {
        TrainingFolder folder = new(Path.Combine(_folder, "run"));
        Loop(folder, _twoSteps).Run(CancellationToken.None);
        CheckpointException e = Assert.Throws<CheckpointException>(
            () => Loop(folder, _twoSteps with { Rate = 0.5f }).Run(CancellationToken.None));
        Assert.Contains("another run", e.Message);
    }

    [Fact]
    public void A_run_can_be_resumed_to_become_longer()
    {
        TrainingFolder folder = new(Path.Combine(_folder, "run"));
        Loop(folder, _twoSteps).Run(CancellationToken.None);
        Loop(folder, _twoSteps with { Steps = 3 }).Run(CancellationToken.None);
        Assert.Equal(3, folder.ReadLog()[^1].Step);
    }

    [Theory]
    [InlineData(6, 256, new[] { 0, 1, 2, 3, 4, 5 })]
    [InlineData(40, 4, new[] { 0, 10, 20, 30 })]
    public void Validation_looks_at_each_sample_once_at_most_and_at_all_of_the_data(int count, int samples, int[] seen)
    {
        Watched data = new(Scenes(count));
        Trainer(Scenes(40), data, _twoSteps with { ValidationSamples = samples }).Validate();
        Assert.Equal(seen, data.Seen.Order());
    }

    [Fact]
    public void Pretraining_whose_loss_is_no_number_ends_with_the_weight_that_is_to_blame()
    {
        ClipSegModel model = Fresh(Part.Clip, seed: 1);
        Parameter weight = model.Weights.Trainable.First(p => p.Role == Role.MlpInput && p.Part == Part.Vision);
        weight.Value.Data[0] = float.NaN;
        weight.Changed();
        Pretrainer trainer = new(model, _vocabulary, Captions(model), Captions(model),
            new() { Batch = 4, Part = 2 });
        DivergedException e = Assert.Throws<DivergedException>(() => trainer.Step());
        Assert.Contains($"the weight '{weight.Name}' has the value NaN", e.Message);
    }

    [Fact]
    public void A_saved_model_segments()
    {
        TrainingFolder folder = new(Path.Combine(_folder, "run"));
        Loop(folder, _twoSteps).Run(CancellationToken.None);
        using Segmenter segmenter = Segmenter.Load(folder.Best);
        Scene scene = new SceneGenerator(TestArtwork.Catalogue, new() { Size = 48 }).Generate(SceneSplit.Test, 1, 1);
        Assert.Equal(48 * 48, segmenter.Segment(scene.Picture, "a dog").Values.Length);
        Assert.Equal(48, segmenter.Preprocessing.Width);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static TrainingLoop Loop(TrainingFolder folder, TrainRecipe recipe, Action<TrainingProgress>? onStep = null)
        => new(Trainer(Scenes(40), Scenes(recipe.ValidationSamples), recipe), folder)
        {
            Interval = recipe.Interval,
            OnStep = onStep,
        };

    private static Trainer Trainer(SegmentationData data, SegmentationData validation, TrainRecipe recipe)
        => new(Fresh(Part.Decoder, seed: 2), _vocabulary, new(), data, validation, recipe);

    private static SceneData Scenes(int count)
        => new(new SceneGenerator(TestArtwork.Catalogue, new() { Size = 48, MaxObjects = 3 }),
            SceneSplit.Train, 7, count);

    /// <summary>A toy network with fresh weights.</summary>
    private static ClipSegModel Fresh(
        Part trainable, uint seed, Precision precision = Precision.Float32)
    {
        ClipTokenizer tokenizer = new(_vocabulary);
        ClipSegConfig config = ClipSegConfig.Rd64 with
        {
            Vision = new() { Width = 64, Layers = 3, Heads = 2, MlpWidth = 128 },
            PatchSize = 8,
            ImageSize = 48,
            Text = new() { Width = 32, Layers = 2, Heads = 2, MlpWidth = 64 },
            VocabularySize = tokenizer.VocabularySize,
            MaxTokens = 32,
            EndToken = tokenizer.EndToken,
            EmbeddingWidth = 32,
            ExtractLayers = [0, 1, 2],
            DecoderMlpWidth = 128,
            NotFoundBelow = 0.4f,
        };
        Weights weights = new(new Dictionary<string, StoredTensor>(), trainable, fresh: Part.All, seed);
        return new(weights, config) { Precision = precision };
    }

    /// <summary>The first of some consecutive samples that all have different captions.</summary>
    private static CaptionData Captions(ClipSegModel model)
        => new CaptionGenerator(TestArtwork.Catalogue, model.Config.ImageSize).Of(SceneSplit.Train, 1);

    /// <summary>Data that remembers what was asked for.</summary>
    private sealed class Watched(SegmentationData data) : SegmentationData
    {
        public ConcurrentBag<int> Seen { get; } = [];

        public override int Count => data.Count;

        public override SegmentationSample Get(int index)
        {
            Seen.Add(index);
            return data.Get(index);
        }

        public override long GroupOf(int index) => data.GroupOf(index);

        public override SegmentationSample? Support(int index, int draw) => data.Support(index, draw);

        public override NegativePhrase Negative(int index, int draw, bool withSupport)
            => data.Negative(index, draw, withSupport);
    }

    private static long DistinctFrom(CaptionData captions, int count)
    {
        for (long first = 0; ; first++)
        {
            HashSet<string> said =
                [.. Enumerable.Range(0, count).Select(i => captions.Get(first + i).Caption)];
            if (said.Count == count) return first;
        }
    }

    private static byte[] Weights(string folder) => File.ReadAllBytes(Path.Combine(folder, "model.safetensors"));
}
