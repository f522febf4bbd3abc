using ClipSeg.Evaluation;
using ClipSeg.Model;
using ClipSeg.Numerics;

namespace ClipSeg.Training;

/// <summary>Trains a decoder on a frozen CLIP, step by step.</summary>
/// <remarks>Lüddecke and Ecker 2022, §4: binary cross-entropy, AdamW, a cosine down to a tenth of the rate.</remarks>
public sealed class Trainer
{
    private readonly ClipSegModel _model;
    private readonly BatchDrawer _batches;
    private readonly TrainRecipe _recipe;
    private readonly CosineSchedule _schedule;

    /// <param name="model">Its <c>decoder.*</c> weights are trainable.</param>
    /// <param name="batches">What it learns from.</param>
    /// <param name="recipe">How.</param>
    public Trainer(ClipSegModel model, BatchDrawer batches, TrainRecipe recipe)
    {
        (_model, _batches, _recipe) = (model, batches, recipe);
        _schedule = new(recipe.Rate, recipe.LowestRate, recipe.Steps);
        Optimizer = new(model.Weights.Trainable, _ => recipe.WeightDecay);
    }

    /// <summary>The state between steps, with the weights themselves.</summary>
    public AdamW Optimizer { get; }

    /// <summary>The step that comes next, 0 the first.</summary>
    public int NextStep => Optimizer.Steps;

    /// <summary>Takes one step and returns the batch's loss.</summary>
    /// <exception cref="InvalidOperationException">The loss is not finite; the weights are as they were.</exception>
    public float Step()
    {
        int step = NextStep;
        using TensorScope scope = new();
        Batch batch = _batches.Draw(step);
        int count = batch.PictureOf.Length, size = _recipe.Size, grid = size / _model.Config.PatchSize;
        Tensor[] activations = Activations(batch.Pixels);

        double loss = 0;
        for (int first = 0; first < count; first += _recipe.Part)
        {
            using TensorScope partScope = new();
            int part = Math.Min(_recipe.Part, count - first);
            int[] pictures = batch.PictureOf[first..(first + part)];
            Tensor[] taken = Array.ConvertAll(activations, a => a.TakeRows(pictures));
            Tensor conditionals = batch.Conditionals.TakeRows([.. Enumerable.Range(first, part)]);
            using Tape tape = new()
            {
                Dropout = _recipe.Dropout,
                Seed = Kernels.Hash(Kernels.Hash((uint)_recipe.Seed) ^ (uint)(step * count + first)),
            };
            Tensor logits = _model.Decoder.Forward(taken, conditionals, grid, grid);
            Tensor partLoss = logits.BinaryCrossEntropy(batch.Masks.Data.Slice(first * size * size, part * size * size))
                * (part / (float)count);
            tape.Backward(partLoss);
            loss += partLoss.Scalar;
        }
        if (!double.IsFinite(loss))
            throw new InvalidOperationException($"Step {step}: the loss is {loss}. A smaller learning rate may help.");
        Optimizer.Step(_schedule.Rate(step));
        return (float)loss;
    }

    /// <summary>The metrics of a batch drawer's first batches: text and image prompts as the recipe mixes them.</summary>
    public SegmentationMetrics Validate(BatchDrawer batches, int count)
    {
        SegmentationMetrics metrics = new();
        int size = _recipe.Size, grid = size / _model.Config.PatchSize;
        for (int step = 0; metrics.Samples < count; step++)
        {
            using TensorScope scope = new();
            Batch batch = batches.Draw(step);
            Tensor[] activations = Activations(batch.Pixels);
            for (int first = 0; first < batch.PictureOf.Length; first += _recipe.Part)
            {
                using TensorScope partScope = new();
                int part = Math.Min(_recipe.Part, batch.PictureOf.Length - first);
                int[] pictures = batch.PictureOf[first..(first + part)];
                Tensor logits = _model.Decoder.Forward(
                    Array.ConvertAll(activations, a => a.TakeRows(pictures)),
                    batch.Conditionals.TakeRows([.. Enumerable.Range(first, part)]), grid, grid);
                for (int i = 0; i < part; i++)
                {
                    int at = size * size;
                    metrics.AddLogits(
                        logits.Data.Slice(i * at, at), batch.Masks.Data.Slice((first + i) * at, at), metrics.Samples);
                }
            }
        }
        return metrics;
    }

    /// <summary>Of all pictures, a few at a time.</summary>
    private Tensor[] Activations(Tensor pixels)
    {
        List<Tensor[]> parts = [];
        for (int first = 0; first < pixels[0]; first += _recipe.Part)
        {
            int part = Math.Min(_recipe.Part, pixels[0] - first);
            parts.Add(_model.Vision.Activations(pixels.TakeRows([.. Enumerable.Range(first, part)])));
        }
        return [.. Enumerable.Range(0, parts[0].Length).Select(i => Tensor.Concat([.. parts.Select(p => p[i])]))];
    }
}
