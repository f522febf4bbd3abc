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
    private readonly CaptionData _data, _validation;
    private readonly PretrainRecipe _recipe;
    private readonly Preprocessing _preprocessing;
    private readonly CosineSchedule _schedule;
    private int[] _order = [];
    private long _orderedEpoch = -1;

    /// <param name="model">Its <c>clip.*</c> weights are trainable.</param>
    /// <param name="vocabulary">Usually learned from the captions.</param>
    /// <param name="data">What it learns from. Pictures of another size than the config's are squashed to it.</param>
    /// <param name="validation">What its score is measured on.</param>
    /// <param name="recipe">How.</param>
    /// <exception cref="ArgumentException">One of the two has no caption, or training less than a batch.</exception>
    public Pretrainer(ClipSegModel model, BpeVocabulary vocabulary, CaptionData data, CaptionData validation,
        PretrainRecipe recipe)
    {
        if (data.Count < recipe.Batch)
        {
            throw new ArgumentException(
                $"{data.Count} captions for batches of {recipe.Batch}; expected a batch or more.");
        }
        if (validation.Count < 2)
            throw new ArgumentException($"{validation.Count} captions to validate on; expected 2 or more.");
        (_model, _vocabulary, _tokenizer, _recipe) = (model, vocabulary, new(vocabulary), recipe);
        (_data, _validation) = (data, validation);
        _preprocessing = new() { Width = model.Config.ImageSize, Height = model.Config.ImageSize };
        _schedule = new(recipe.Rate, recipe.Rate / 100, recipe.Steps, recipe.WarmUp);
        Optimizer = new(model.Weights.Trainable, p => p.Role.IsMatrix() ? recipe.WeightDecay : 0);
    }

    public AdamW Optimizer { get; }

    public int Steps => _recipe.Steps;

    public int Batch => _recipe.Batch;

    public string Run => RunIdentity.Of("pretrain", _model.Config, PretrainRecipe.Keys, _recipe);

    public float Rate(int step) => _schedule.Rate(step);

    /// <summary>
    /// Takes one step; the step's number decides what is drawn, so a resumed run goes on as it would have.
    /// </summary>
    public float Step()
    {
        using TensorScope scope = new();
        long first = (long)Optimizer.Steps * Batch;
        (Tensor pixels, int[][] ids) = Draw(_data, [.. Enumerable.Range(0, Batch).Select(i => IndexAt(first + i))]);
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
            throw DivergedException.At(Optimizer.Steps, loss.Scalar, _model.Weights);
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
    /// The share of validation pictures whose caption is the most similar of at most <see cref="ValidationPairs"/>.
    /// </summary>
    public double Validate()
    {
        using TensorScope scope = new();
        int pairs = (int)Math.Min(ValidationPairs, _validation.Count ?? ValidationPairs);
        (Tensor pixels, int[][] ids) = Draw(_validation, [.. Enumerable.Range(0, pairs).Select(i => (long)i)]);
        Tensor images = Tensor.Concat([.. Parts(pairs).Select(part => Images(pixels, part))]);
        Tensor similarities = images.Normalize().MatMulTransposed(_model.Text.Embed(ids).Normalize());
        int found = 0;
        for (int i = 0; i < pairs; i++)
        {
            ReadOnlySpan<float> row = similarities.Data.Slice(i * pairs, pairs);
            if (row.IndexOf(row.ToArray().Max()) == i) found++;
        }
        return found / (double)pairs;
    }

    public void Save(string folder) => ModelFiles.Write(
        folder, _model.Weights.Parameters.Select(p => StoredTensor.Of(p)), _model.Config, _preprocessing,
        _vocabulary);

    /// <summary>Pictures [count, 3, S, S] and the token ids of their captions.</summary>
    internal (Tensor Pixels, int[][] Ids) Draw(CaptionData data, long[] indices)
    {
        int size = _model.Config.ImageSize, length = 3 * size * size;
        Tensor pixels = Tensor.Empty(indices.Length, 3, size, size);
        int[][] ids = new int[indices.Length][];
        Workers.Each(indices.Length, i =>
        {
            CaptionSample sample = data.Get(indices[i]);
            Span<float> planes = pixels.Data.Slice(i * length, length);
            if (sample.Picture.Width == size && sample.Picture.Height == size)
                _preprocessing.Normalize(sample.Picture, planes);
            else _preprocessing.Apply(sample.Picture).Data.CopyTo(planes);
            ids[i] = _tokenizer.Encode(sample.Caption).Ids;
        });
        return (pixels, ids);
    }

    /// <summary>Which sample the n-th draw of the run is: all in turn, in an order that is new every time.</summary>
    private long IndexAt(long n)
    {
        if (_data.Count is not { } count) return n;
        (long epoch, long place) = Math.DivRem(n, count);
        if (_orderedEpoch != epoch)
        {
            RandomStream random = new(RandomUse.EpochOrder, _recipe.Seed, epoch);
            _order = [.. Enumerable.Range(0, (int)count)];
            for (int i = _order.Length - 1; i > 0; i--)
            {
                int j = random.Next(i + 1);
                (_order[i], _order[j]) = (_order[j], _order[i]);
            }
            _orderedEpoch = epoch;
        }
        return _order[place];
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
