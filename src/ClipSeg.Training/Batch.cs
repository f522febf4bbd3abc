using ClipSeg.Imaging;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using ClipSeg.Text;
using ClipSeg.Training.Data;

namespace ClipSeg.Training;

/// <summary>Samples as the network reads them.</summary>
/// <param name="Pixels">[U, 3, S, S]: each picture once, normalised.</param>
/// <param name="Groups">Per picture, its number in the data set.</param>
/// <param name="PictureOf">Per sample, its picture among the U.</param>
/// <param name="Masks">[B, S, S], 0 and 1.</param>
/// <param name="Conditionals">[B, E].</param>
internal sealed record Batch(Tensor Pixels, long[] Groups, int[] PictureOf, Tensor Masks, Tensor Conditionals);

/// <summary>
/// Draws batches: pictures cropped, phrases put into templates, some swapped for absent ones, supports engineered.
/// </summary>
/// <remarks>
/// Lüddecke and Ecker 2022, §3 and §4; training-and-evaluation.md §2.3, §2.4 and §4.4. A batch depends on the recipe's
/// seed and on the step alone.
/// </remarks>
internal sealed class BatchDrawer
{
    private const int MaxUnreadable = 100;      // one after the other

    private readonly ClipSegModel _model;
    private readonly ClipTokenizer _tokenizer;
    private readonly Preprocessing _preprocessing;
    private readonly SegmentationData _data;
    private readonly TrainRecipe _recipe;
    private readonly int _size;
    private readonly IReadOnlyList<string> _templates;
    private readonly VisualPrompt? _visualPrompt;
    private int[] _order = [];
    private int _orderedEpoch = -1;

    public BatchDrawer(
        ClipSegModel model, ClipTokenizer tokenizer, Preprocessing preprocessing, SegmentationData data,
        TrainRecipe recipe)
    {
        (_model, _tokenizer, _data, _recipe) = (model, tokenizer, data, recipe);
        _size = recipe.Size ?? preprocessing.Height;
        _preprocessing = preprocessing with { Width = _size, Height = _size };
        _templates = PromptTemplates.Named(recipe.Templates);
        if (recipe.VisualPrompt is not null)
            _visualPrompt = VisualPrompt.Named(recipe.VisualPrompt) with { ImageSize = _size };
    }

    /// <summary>Told of each sample that cannot be read; another one takes its place.</summary>
    public Action<string>? OnUnreadable { get; init; }

    /// <summary>The batch of a step, 0 the first.</summary>
    public Batch Draw(int step)
    {
        long first = (long)step * _recipe.Batch;
        Drawn[] drawn = new Drawn[_recipe.Batch];
        int[] indices = [.. Enumerable.Range(0, drawn.Length).Select(i => IndexAt(first + i))];
        Workers.Each(drawn.Length, i => drawn[i] = DrawReadable(first + i, indices[i]));
        return Assemble(drawn);
    }

    /// <summary>The batch of these samples; those that cannot be read are left out. Null if none can.</summary>
    public Batch? DrawOnly(int[] indices)
    {
        Drawn?[] drawn = new Drawn?[indices.Length];
        Workers.Each(indices.Length, i =>
        {
            RandomStream random = new(RandomUse.ValidationDraws, _recipe.Seed, indices[i]);
            try
            {
                drawn[i] = DrawSample(indices[i], ref random);
            }
            catch (Exception e) when (IsUnreadable(e))
            {
                OnUnreadable?.Invoke(e.Message);
            }
        });
        Drawn[] readable = [.. drawn.OfType<Drawn>()];
        return readable.Length == 0 ? null : Assemble(readable);
    }

    /// <summary>Which sample the n-th draw of the run is.</summary>
    private int IndexAt(long n)
    {
        (long epoch, long place) = Math.DivRem(n, _data.Count);
        if (!_recipe.Shuffle) return (int)place;
        if (_orderedEpoch != epoch)
        {
            RandomStream random = new(RandomUse.EpochOrder, _recipe.Seed, epoch);
            _order = [.. Enumerable.Range(0, _data.Count)];
            for (int i = _order.Length - 1; i > 0; i--)
            {
                int j = random.Next(i + 1);
                (_order[i], _order[j]) = (_order[j], _order[i]);
            }
            _orderedEpoch = (int)epoch;
        }
        return _order[place];
    }

    private Drawn DrawReadable(long n, int index)
    {
        RandomStream random = new(RandomUse.BatchDraws, _recipe.Seed, n);
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return DrawSample(index, ref random);
            }
            catch (Exception e) when (attempt < MaxUnreadable && IsUnreadable(e))
            {
                OnUnreadable?.Invoke(e.Message);
                index = random.Next(_data.Count);
            }
        }
    }

    /// <summary>Whether an exception is about the files of one sample.</summary>
    internal static bool IsUnreadable(Exception e) => e is ImageFormatException or DataFormatException or IOException;

    private Drawn DrawSample(int index, ref RandomStream random)
    {
        SegmentationSample sample = _data.Get(index);
        int draw = (int)(random.NextBits() >> 33);
        string phrase = sample.Phrase;
        SegmentationSample? support = null;
        if (random.Chance(_recipe.Negatives))
        {
            NegativePhrase absent = _data.Negative(index, draw, withSupport: _visualPrompt is not null);
            (phrase, support) = (absent.Phrase, absent.Support);
            sample = sample with { Mask = new(sample.Mask.Width, sample.Mask.Height) };
        }
        else if (_visualPrompt is not null)
        {
            support = _data.Support(index, draw);
        }

        (Tensor pixels, Tensor mask) = Fit(sample, ref random);
        Tensor? shown = null;
        if (support is not null)
        {
            (Tensor supportPixels, Tensor supportMask) = Fit(support, ref random);
            if (supportMask.Data.ContainsAnyExcept(0f)) shown = _visualPrompt!.Apply(supportPixels, supportMask);
        }
        // The released recipes train on bare phrases where nothing is mixed in (training-and-evaluation.md §2.1).
        string template = _visualPrompt is null ? "{}" : random.Pick<string>([.. _templates]);
        float weight = shown is null ? 1 : random.Between(_recipe.MixMin, _recipe.MixMax);
        if (!_recipe.Interpolate && shown is not null) weight = random.Chance(weight) ? 1 : 0;
        int[] ids = _tokenizer.Encode(PromptTemplates.Apply(template, phrase)).Ids;
        bool cropped = _recipe.Crop && sample.Picture.Width != sample.Picture.Height;
        return new(pixels, mask, ids, shown, weight, cropped ? -1 - index : sample.Group);
    }

    /// <summary>A picture and its mask at the recipe's size: [3, S, S] normalised, and [S, S].</summary>
    private (Tensor Pixels, Tensor Mask) Fit(SegmentationSample sample, ref RandomStream random)
    {
        if (_recipe.Crop) sample = SquareCrop.Apply(sample, ref random);
        int size = _size;
        Tensor pixels = new(new float[3 * size * size], 3, size, size), mask = new(new float[size * size], size, size);
        Resize(sample.Picture, pixels);
        Interpolation.Nearest(sample.Mask.Values, 1, sample.Mask.Height, sample.Mask.Width, mask.Data, size, size);
        return (pixels, mask);
    }

    /// <summary>
    /// Bilinear with aligned corners on floats and not antialiased, as the authors resize in training.
    /// </summary>
    private void Resize(Image picture, Tensor pixels)
    {
        int size = _size, count = picture.Width * picture.Height;
        if (picture.Width == size && picture.Height == size)
        {
            _preprocessing.Normalize(picture, pixels.Data);
            return;
        }
        float[] planes = new float[3 * count];
        _preprocessing.Normalize(picture, planes);
        Interpolation.Bilinear(
            planes, 3, picture.Height, picture.Width, pixels.Data, size, size, alignCorners: true);
    }

    private Batch Assemble(Drawn[] drawn)
    {
        int size = _size, area = size * size, e = _model.Config.EmbeddingWidth;
        Dictionary<long, int> pictures = [];
        List<Tensor> unique = [];
        int[] pictureOf = new int[drawn.Length];
        for (int i = 0; i < drawn.Length; i++)
        {
            if (!pictures.TryGetValue(drawn[i].Group, out pictureOf[i]))
            {
                pictures[drawn[i].Group] = pictureOf[i] = unique.Count;
                unique.Add(drawn[i].Pixels);
            }
        }
        long[] groups = [.. pictures.OrderBy(p => p.Value).Select(p => p.Key)];
        Tensor masks = Tensor.Empty(drawn.Length, size, size);
        for (int i = 0; i < drawn.Length; i++) drawn[i].Mask.Data.CopyTo(masks.Data[(i * area)..]);

        Tensor conditionals = _model.Text.Embed([.. drawn.Select(d => d.Ids)]);                // [B, E]
        int[] shown = [.. Enumerable.Range(0, drawn.Length).Where(i => drawn[i].Shown is not null)];
        Workers.Each((shown.Length + _recipe.Part - 1) / _recipe.Part, p =>
        {
            using TensorScope scope = new();
            int[] part = [.. shown.Skip(p * _recipe.Part).Take(_recipe.Part)];
            Tensor images = _model.Vision.Embed(Stack([.. part.Select(i => drawn[i].Shown!)]));        // [part, E]
            for (int j = 0; j < part.Length; j++)
            {
                Span<float> c = conditionals.Data.Slice(part[j] * e, e);
                Kernels.Scale(c, drawn[part[j]].TextWeight);
                Kernels.AddScaled(images.Data.Slice(j * e, e), 1 - drawn[part[j]].TextWeight, c);
            }
        });
        return new(Stack(unique), groups, pictureOf, masks, conditionals);
    }

    private static Tensor Stack(IReadOnlyList<Tensor> pictures)
    {
        Tensor stacked = Tensor.Empty([pictures.Count, .. pictures[0].Shape]);
        for (int i = 0; i < pictures.Count; i++) pictures[i].Data.CopyTo(stacked.Data[(i * pictures[i].Length)..]);
        return stacked;
    }

    /// <param name="Pixels">[3, S, S].</param>
    /// <param name="Mask">[S, S].</param>
    /// <param name="Ids">The phrase's tokens.</param>
    /// <param name="Shown">The engineered support picture [3, S, S], or null.</param>
    /// <param name="TextWeight">Of the text in the conditional; the support has the rest.</param>
    /// <param name="Group">Equal for samples of the same pixels.</param>
    private sealed record Drawn(Tensor Pixels, Tensor Mask, int[] Ids, Tensor? Shown, float TextWeight, long Group);
}
