using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using ClipSeg.Text;
using ClipSeg.Training.Data;
using ClipSeg.Training.Metrics;

namespace ClipSeg.Training;

/// <summary>Trains a decoder on a frozen CLIP, step by step.</summary>
/// <remarks>Lüddecke and Ecker 2022, §4: binary cross-entropy, AdamW, a cosine down to a tenth of the rate.</remarks>
internal sealed class Trainer : ITraining
{
    private readonly ClipSegModel _model;
    private readonly BpeVocabulary _vocabulary;
    private readonly Preprocessing _preprocessing;
    private readonly BatchDrawer _batches, _validation;
    private readonly TrainRecipe _recipe;
    private readonly SegmentationData _validationData;
    private readonly int _size;
    private readonly CosineSchedule _schedule;

    /// <param name="model">Its <c>decoder.*</c> weights are trainable.</param>
    /// <param name="vocabulary">The model's.</param>
    /// <param name="preprocessing">The model's; the recipe's size takes the place of its own.</param>
    /// <param name="data">What it learns from.</param>
    /// <param name="validation">What its score is measured on.</param>
    /// <param name="recipe">How.</param>
    public Trainer(
        ClipSegModel model, BpeVocabulary vocabulary, Preprocessing preprocessing, SegmentationData data,
        SegmentationData validation, TrainRecipe recipe)
    {
        (_model, _vocabulary, _recipe, _validationData) = (model, vocabulary, recipe, validation);
        _size = recipe.Size ?? preprocessing.Height;
        _preprocessing = preprocessing with { Width = _size, Height = _size };
        if (_preprocessing.Misfit(model.Config.PatchSize) is { } misfit)
            throw new RecipeException(misfit);
        if (recipe.MixMin > recipe.MixMax)
            throw new RecipeException($"mix-min is {recipe.MixMin}, expected at most mix-max, {recipe.MixMax}.");
        ClipTokenizer tokenizer = new(vocabulary);
        _batches = new(model, tokenizer, _preprocessing, data, recipe) { OnUnreadable = e => OnUnreadable?.Invoke(e) };
        _validation = new(model, tokenizer, _preprocessing, validation,
            recipe with
            {
                Templates = "plain",
                Negatives = 0,
                MixMin = 1,
                MixMax = 1,
                VisualPrompt = null,
            })
        { OnUnreadable = e => OnUnreadable?.Invoke(e) };
        _schedule = new(recipe.Rate, recipe.LowestRate, recipe.Steps);
        Optimizer = new(model.Weights.Trainable, _ => recipe.WeightDecay);
    }

    public AdamW Optimizer { get; }

    public int Steps => _recipe.Steps;

    public int Batch => _recipe.Batch;

    public string Run => RunIdentity.Of("train", _model.Config, RecipeKeys.Train, _recipe);

    /// <summary>Told of each sample that cannot be read; another one takes its place.</summary>
    public Action<string>? OnUnreadable { get; init; }

    /// <summary>Of the training data; null to run CLIP on every picture every time.</summary>
    public ActivationCache? Cache { get; init; }

    /// <summary>Of the validation data.</summary>
    public ActivationCache? ValidationCache { get; init; }

    public float Rate(int step) => _schedule.Rate(step);

    /// <summary>
    /// Takes one step; the step's number decides what is drawn, so a resumed run goes on as it would have.
    /// </summary>
    /// <exception cref="DivergedException">The loss is not finite; the weights are as they were.</exception>
    public float Step()
    {
        int step = Optimizer.Steps;
        using TensorScope scope = new();
        Batch batch = _batches.Draw(step);
        int count = batch.PictureOf.Length, size = _size, grid = size / _model.Config.PatchSize;
        Tensor[] activations = Activations(batch, Cache);

        int parts = (count + _recipe.Part - 1) / _recipe.Part;
        TapedPart[] taped = new TapedPart[parts];
        float[] losses = new float[parts];
        Workers.Each(parts, i =>
        {
            using TensorScope partScope = new();
            int first = i * _recipe.Part, part = Math.Min(_recipe.Part, count - first);
            int[] pictures = batch.PictureOf[first..(first + part)];
            Tensor[] taken = Array.ConvertAll(activations, a => a.TakeRows(pictures));
            Tensor conditionals = batch.Conditionals.TakeRows(first, part);
            RandomStream random = new(RandomUse.Dropout, _recipe.Seed, (long)step * count + first);
            taped[i] = TapedPart.Record(() => _model.Decoder.Forward(taken, conditionals, grid, grid)
                .BinaryCrossEntropy(batch.Masks.Data.Slice(first * size * size, part * size * size))
                * (part / (float)count), _recipe.Dropout, random);
            losses[i] = taped[i].Result.Scalar;
            Tensor one = Tensor.Empty();
            one.Data[0] = 1;
            taped[i].Backward(one);
        });
        double loss = losses.Sum();
        if (!double.IsFinite(loss)) throw DivergedException.At(step, loss, _model.Weights);
        foreach (TapedPart part in taped) part.AddToParameters();
        Optimizer.Step(_schedule.Rate(step));
        return (float)loss;
    }

    /// <summary>
    /// The best foreground IoU over all thresholds, of text prompts; not a number where no mask has a pixel.
    /// </summary>
    public double Validate()
    {
        SegmentationMetrics metrics = new();
        int size = _size, area = size * size, grid = size / _model.Config.PatchSize;
        int count = Math.Min(_recipe.ValidationSamples, _validationData.Count);
        int[] samples = [.. Enumerable.Range(0, count).Select(i => (int)((long)i * _validationData.Count / count))];
        foreach (int[] indices in samples.Chunk(_recipe.Batch))
        {
            using TensorScope scope = new();
            if (_validation.DrawOnly(indices) is not { } batch) continue;
            Tensor[] activations = Activations(batch, ValidationCache);
            for (int first = 0; first < batch.PictureOf.Length; first += _recipe.Part)
            {
                using TensorScope partScope = new();
                int part = Math.Min(_recipe.Part, batch.PictureOf.Length - first);
                int[] pictures = batch.PictureOf[first..(first + part)];
                Tensor conditionals = batch.Conditionals.TakeRows(first, part);
                Tensor logits = _model.Decoder.Forward(
                    Array.ConvertAll(activations, a => a.TakeRows(pictures)), conditionals, grid, grid);
                for (int i = 0; i < part; i++)
                {
                    metrics.AddLogits(logits.Data.Slice(i * area, area),
                        batch.Masks.Data.Slice((first + i) * area, area), classId: null);
                }
            }
        }
        return metrics.Samples == 0 || !metrics.HasForeground ? double.NaN : metrics.Plain().ForegroundIou.Best;
    }

    public void Save(string folder) => ModelFiles.Write(
        folder, _model.Weights.Parameters.Select(p => StoredTensor.Of(p)),
        _model.Config with { NotFoundBelow = 0 },       // it was measured on the decoder that this one began with
        _preprocessing, _vocabulary);

    /// <summary>Of all pictures, a few at a time.</summary>
    private Tensor[] Activations(Batch batch, ActivationCache? cache)
    {
        Tensor pixels = batch.Pixels;
        int parts = (pixels[0] + _recipe.Part - 1) / _recipe.Part;
        int tokens = pixels[2] * pixels[3] / (_model.Config.PatchSize * _model.Config.PatchSize) + 1;
        Tensor[] activations = [.. _model.Config.ExtractLayers.Select(_ =>
            Tensor.Empty(pixels[0], tokens, _model.Config.Vision.Width))];
        Workers.Each(parts, i =>
        {
            using TensorScope scope = new();
            int first = i * _recipe.Part;
            int[] rows = [.. Enumerable.Range(first, Math.Min(_recipe.Part, pixels[0] - first))
                .Where(row => cache is null || !cache.Read(batch.Groups[row], activations, row))];
            if (rows.Length == 0) return;
            Tensor[] part = _model.Vision.Activations(pixels.TakeRows(rows));
            for (int r = 0; r < rows.Length; r++)
            {
                for (int s = 0; s < part.Length; s++)
                {
                    int length = part[s].Length / rows.Length;
                    part[s].Data.Slice(r * length, length).CopyTo(activations[s].Data[(rows[r] * length)..]);
                }
                cache?.Write(batch.Groups[rows[r]], activations, rows[r]);
            }
        });
        return activations;
    }
}
