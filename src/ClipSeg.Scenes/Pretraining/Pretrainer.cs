using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Text;
using ClipSeg.Training;

namespace ClipSeg.Scenes.Pretraining;

/// <summary>
/// Contrastive pre-training of CLIP's two towers: pairs of pictures and captions must find each other.
/// </summary>
/// <remarks>Radford et al. 2021, §2.3 to §2.5: symmetric cross-entropy, a learned temperature of at most 100.</remarks>
internal sealed class Pretrainer : ITraining
{
    private const float LargestScale = 100;
    private const int ValidationPairs = 500;

    private readonly ClipSegModel _model;
    private readonly BpeVocabulary _vocabulary;
    private readonly ClipTokenizer _tokenizer;
    private readonly CaptionGenerator _data;
    private readonly PretrainRecipe _recipe;
    private readonly Preprocessing _preprocessing;
    private readonly CosineSchedule _schedule;

    /// <param name="model">Its <c>clip.*</c> weights are trainable.</param>
    /// <param name="vocabulary">Usually learned from the captions.</param>
    /// <param name="data">Draws pictures of the config's size.</param>
    /// <param name="recipe">How.</param>
    public Pretrainer(ClipSegModel model, BpeVocabulary vocabulary, CaptionGenerator data, PretrainRecipe recipe)
    {
        (_model, _vocabulary, _tokenizer, _data, _recipe) = (model, vocabulary, new(vocabulary), data, recipe);
        _preprocessing = new() { Width = model.Config.ImageSize, Height = model.Config.ImageSize };
        _schedule = new(recipe.Rate, recipe.Rate / 100, recipe.Steps, recipe.WarmUp);
        Optimizer = new(model.Weights.Trainable, p => p.Role.IsMatrix() ? recipe.WeightDecay : 0);
    }

    public AdamW Optimizer { get; }

    public int Steps => _recipe.Steps;

    public int Batch => _recipe.Batch;

    public string Run => $"pretrain {_model.Config} {_recipe with { Steps = 0 }}";

    public float Rate(int step) => _schedule.Rate(step);

    /// <summary>
    /// Takes one step; the step's number decides what is drawn, so a resumed run goes on as it would have.
    /// </summary>
    public float Step()
    {
        using TensorScope scope = new();
        (Tensor pixels, int[][] ids) = Draw(SceneSplit.Train, (long)Optimizer.Steps * Batch, Batch);
        return StepOn(pixels, ids);
    }

    /// <summary>Takes a step on these pairs.</summary>
    internal float StepOn(Tensor pixels, int[][] ids)
    {
        using TensorScope scope = new();
        (int First, int Count)[] parts = Parts(ids.Length);
        TapedPart[] images = new TapedPart[parts.Length], texts = new TapedPart[parts.Length];
        Tensor image = Tensor.Empty(ids.Length, _model.Config.EmbeddingWidth), text = Tensor.Empty(image.Shape);
        Workers.Each(parts.Length, i =>
        {
            if (_recipe.CacheGradients)
            {
                using TensorScope part = new();
                Copy(Images(pixels, parts[i]), image, parts[i].First);
                Copy(Texts(ids, parts[i]), text, parts[i].First);
                return;
            }
            images[i] = TapedPart.Record(() => Images(pixels, parts[i]));
            texts[i] = TapedPart.Record(() => Texts(ids, parts[i]));
            Copy(images[i].Result, image, parts[i].First);
            Copy(texts[i].Result, text, parts[i].First);
        });

        image.RequiresGrad = text.RequiresGrad = true;
        using Tape tape = new();
        Tensor loss = image.Normalize().MatMulTransposed(text.Normalize())
            .ScaleByExp(_model.LogitScale, LargestScale).ContrastiveLoss();
        if (!float.IsFinite(loss.Scalar))
        {
            throw new InvalidOperationException(
                $"Step {Optimizer.Steps}: the loss is {loss.Scalar}. A smaller rate may help.");
        }
        tape.Backward(loss);

        Workers.Each(parts.Length, i =>
        {
            if (_recipe.CacheGradients)
            {
                images[i] = TapedPart.Record(() => Images(pixels, parts[i]));
                texts[i] = TapedPart.Record(() => Texts(ids, parts[i]));
            }
            using TensorScope part = new();
            images[i].Backward(image.Grad!.TakeRows(parts[i].First, parts[i].Count));
            texts[i].Backward(text.Grad!.TakeRows(parts[i].First, parts[i].Count));
        });
        foreach (TapedPart part in images.Concat(texts)) part.AddToParameters();
        Optimizer.Step(_schedule.Rate(Optimizer.Steps));
        return loss.Scalar;
    }

    /// <summary>
    /// The share of validation pictures whose caption is the most similar of <see cref="ValidationPairs"/>.
    /// </summary>
    public double Validate()
    {
        using TensorScope scope = new();
        (Tensor pixels, int[][] ids) = Draw(SceneSplit.Validation, 0, ValidationPairs);
        Tensor images = Tensor.Concat([.. Parts(ValidationPairs).Select(part => Images(pixels, part))]);
        Tensor similarities = images.Normalize().MatMulTransposed(_model.Text.Embed(ids).Normalize());
        int found = 0;
        for (int i = 0; i < ValidationPairs; i++)
        {
            ReadOnlySpan<float> row = similarities.Data.Slice(i * ValidationPairs, ValidationPairs);
            if (row.IndexOf(row.ToArray().Max()) == i) found++;
        }
        return found / (double)ValidationPairs;
    }

    public void Save(string folder) => ModelFiles.Write(
        folder, _model.Weights.Parameters.Select(p => StoredTensor.Of(p)), _model.Config, _preprocessing,
        _vocabulary);

    /// <summary>Pictures [count, 3, S, S] and the token ids of their captions.</summary>
    internal (Tensor Pixels, int[][] Ids) Draw(SceneSplit split, long first, int count)
    {
        int size = _model.Config.ImageSize, length = 3 * size * size;
        Tensor pixels = Tensor.Empty(count, 3, size, size);
        int[][] ids = new int[count][];
        Workers.Each(count, i =>
        {
            CaptionSample sample = _data.Generate(split, _recipe.Seed, first + i);
            _preprocessing.Normalize(sample.Picture, pixels.Data.Slice(i * length, length));
            ids[i] = _tokenizer.Encode(sample.Caption).Ids;
        });
        return (pixels, ids);
    }

    private Tensor Images(Tensor pixels, (int First, int Count) part)
        => _model.Vision.Embed(pixels.TakeRows(part.First, part.Count));

    private Tensor Texts(int[][] ids, (int First, int Count) part)
        => _model.Text.Embed(ids[part.First..(part.First + part.Count)]);

    private static void Copy(Tensor part, Tensor whole, int row) => part.Data.CopyTo(whole.Data[(row * whole[1])..]);

    private (int First, int Count)[] Parts(int batch)
        => [.. Enumerable.Range(0, (batch + _recipe.Part - 1) / _recipe.Part)
            .Select(i => (i * _recipe.Part, Math.Min(_recipe.Part, batch - i * _recipe.Part)))];
}
