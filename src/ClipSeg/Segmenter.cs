using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using ClipSeg.Text;

namespace ClipSeg;

/// <summary>Segments what a prompt names or shows. Safe to use from several threads.</summary>
/// <remarks>
/// The expensive half is the picture, and it does not depend on the prompt:
/// <see cref="Encode(Image, CancellationToken)"/> once, prompt as often as you like. Weights are read when they are
/// first needed. Work that is cancelled stops after the block of the network that it is in, some milliseconds later.
/// </remarks>
public sealed class Segmenter : IDisposable
{
    private const int MaxPromptsAtOnce = 16;        // bounds the decoder's memory: about 5 MB a prompt at 352 x 352

    private const int MaskRowGrain = 64;            // rows that are worth another thread

    private bool _disposed;

    /// <param name="engine">Runs the network; disposed with this if it can be.</param>
    /// <param name="preprocessing">Its size must be a multiple of the network's patch size.</param>
    /// <param name="tokenizer">Called once, when the first text comes.</param>
    /// <param name="compute">Threads and memory; disposed with this. By default all processors.</param>
    internal Segmenter(
        IEngine engine, Preprocessing preprocessing, Func<ClipTokenizer> tokenizer, Compute? compute = null)
    {
        if (preprocessing.Misfit(engine.Config.PatchSize) is { } misfit)
            throw new ArgumentException(misfit);
        (Engine, Preprocessing, Compute) = (engine, preprocessing, compute ?? new());
        Prompts = new(engine, preprocessing, tokenizer);
    }

    /// <summary>The same network, reading pictures at another size: <see cref="At"/>.</summary>
    private Segmenter(Segmenter origin, Preprocessing preprocessing)
    {
        if (preprocessing.Misfit(origin.Engine.Config.PatchSize) is { } misfit) throw new ArgumentException(misfit);
        (Engine, Preprocessing, Compute) = (origin.Engine, preprocessing, origin.Compute);
        (Checkpoint, Prompts) = (origin.Checkpoint, origin.Prompts.At(preprocessing));
    }

    /// <summary>The files the model was loaded from; null if it was made in memory or runs elsewhere.</summary>
    internal Checkpoint? Checkpoint { get; private init; }

    internal IEngine Engine { get; }

    /// <summary>The network, where it is ours that runs.</summary>
    internal ClipSegModel Model => Engine as ClipSegModel
        ?? throw new InvalidOperationException($"{Engine.GetType().Name} does not show the weights of its network.");

    internal Preprocessing Preprocessing { get; }

    internal Compute Compute { get; }

    /// <summary>Makes prompts; <see cref="Prompt(string, string, CancellationToken)"/> and its siblings are
    /// shorthands.</summary>
    internal PromptEncoder Prompts { get; }

    /// <summary>
    /// The <see cref="Presence.Score"/> below which this model's masks are best taken for "not there", in [0, 1], as
    /// its <c>config.json</c> says (key <c>not_found_below</c>); 0 where it does not.
    /// </summary>
    public float NotFoundBelow => Engine.Config.NotFoundBelow;

    /// <summary>Opens a model: its folder, its file, or the name of one that has been pulled from the hub.</summary>
    /// <exception cref="CheckpointException">There is no such model, or it is damaged, or its parts do not
    /// fit.</exception>
    /// <exception cref="ArgumentException">The model cannot work as the options ask.</exception>
    public static Segmenter Load(string model, SegmenterOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new();
        if (options.Threads is < 1)
            throw new ArgumentException($"{nameof(options.Threads)} is {options.Threads}, expected at least 1.");
        Checkpoint checkpoint = Checkpoint.Open(ModelFiles.Locate(model, () => new Hub()), options.Files);
        try
        {
            ClipSegConfig config = checkpoint.Config;
            Preprocessing preprocessing = checkpoint.Preprocessing;
            if (options.Size is { } size) preprocessing = preprocessing with { Width = size, Height = size };
            else if (preprocessing.Misfit(config.PatchSize) is { } misfit) throw new CheckpointException(misfit);
            ClipSegModel network = new(new Weights(checkpoint.Tensors), config) { Precision = options.Precision };
            return new(network, preprocessing, () => new(ModelFiles.ReadVocabulary(checkpoint, options.Files)),
                new(options.Threads))
            {
                Checkpoint = checkpoint,
            };
        }
        catch (CheckpointException e)
        {
            checkpoint.Dispose();
            throw new CheckpointException($"Model '{model}': {e.Message}", e);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Reads a picture with CLIP, so that prompts only cost the decoder.</summary>
    public EncodedImage Encode(Image image, CancellationToken cancel = default) => Encode(image, fine: false, cancel);

    /// <summary>Reads a picture with CLIP, so that prompts only cost the decoder.</summary>
    /// <param name="fine">
    /// Whether a picture that is 1.75 times as large as the model reads, or larger, is read in four overlapping tiles
    /// beside: what the prompt means is then seen in the whole, and edges in the tiles. Reading it and prompts take
    /// five times as long and as much memory.
    /// </param>
    public EncodedImage Encode(Image image, bool fine, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        using Compute.Entry entry = Enter(cancel);
        using TensorScope scope = new();
        EncodedImage whole = EncodePixels(Preprocessing.Apply(image), image.Width, image.Height);   // [1, 3, H, W]
        Tiling tiling = new(image.Width, image.Height, Preprocessing.Width, Preprocessing.Height);
        if (!fine || tiling.Count == 1) return whole;

        Preprocessing larger = Preprocessing with { Width = tiling.Width, Height = tiling.Height };
        Tensor pixels = larger.Apply(image);
        EncodedImage[] tiles = new EncodedImage[tiling.Count];
        for (int i = 0; i < tiles.Length; i++)
        {
            using TensorScope tile = new();
            tiles[i] = EncodePixels(tiling.Cut(pixels, i), Preprocessing.Width, Preprocessing.Height);
        }
        return new(whole, tiling, tiles);
    }

    /// <summary>The same of a picture made ready elsewhere: [1, 3, H, W], normalised.</summary>
    /// <param name="pixels">H and W are multiples of the patch size.</param>
    /// <param name="width">Of the masks, in pixels.</param>
    /// <param name="height">Of the masks, in pixels.</param>
    internal EncodedImage EncodePixels(Tensor pixels, int width, int height)
    {
        using Compute.Entry entry = Enter(Compute.Cancellation);
        using TensorScope scope = new();
        Tensor[] activations = Engine.Activations(pixels);                          // [1, T, C] each
        int patch = Engine.Config.PatchSize;
        return new(width, height, pixels[2] / patch, pixels[3] / patch,
            Array.ConvertAll(activations, a => a.Detach()));
    }

    /// <summary>The probability of the prompt for every pixel of the picture.</summary>
    public Mask Segment(Image image, string prompt, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return Segment(Encode(image, cancel), [prompt], cancel)[0];
    }

    /// <summary>The probability of the prompt for every pixel of the picture.</summary>
    public Mask Segment(Image image, Prompt prompt, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return Segment(Encode(image, cancel), [prompt], cancel)[0];
    }

    /// <summary>The probability of prompts that combine, for every pixel of the picture.</summary>
    public Mask Segment(Image image, PromptExpression prompt, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return Segment(Encode(image, cancel), [prompt], cancel)[0];
    }

    /// <summary>The probability of each prompt for every pixel of each picture: for each, a mask per prompt.</summary>
    /// <remarks>
    /// Every thread has a picture of its own, so that none waits for another: it takes less time than one picture after
    /// the other, and the memory of as many as there are threads.
    /// </remarks>
    public Mask[][] Segment(
        IReadOnlyList<Image> images, IReadOnlyList<string> prompts, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(prompts);
        using Compute.Entry entry = Enter(cancel);
        Prompt[] texts = Prompts.Texts(prompts);
        Mask[][] masks = new Mask[images.Count][];
        Workers.EachApart(images.Count, i => masks[i] = Segment(Encode(images[i], cancel), texts, cancel));
        return masks;
    }

    /// <summary>The probability of each prompt for every pixel of the picture.</summary>
    public Mask[] Segment(EncodedImage image, IReadOnlyList<string> prompts, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        using Compute.Entry entry = Enter(cancel);
        return Segment(image, Prompts.Texts(prompts), cancel);
    }

    /// <summary>The probability of each prompt for every pixel of the picture.</summary>
    /// <exception cref="ArgumentException">There is no prompt, or one was made for a CLIP of another width.</exception>
    public Mask[] Segment(EncodedImage image, IReadOnlyList<Prompt> prompts, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(prompts);
        using Compute.Entry entry = Enter(cancel);
        using TensorScope scope = new();
        return Masks(image, Logits(image, prompts, cancel));
    }

    /// <summary>
    /// The probability of prompts that combine, for every pixel of the picture. A phrase that several of them have is
    /// looked for once.
    /// </summary>
    /// <exception cref="ArgumentException">There is no prompt.</exception>
    public Mask[] Segment(
        EncodedImage image, IReadOnlyList<PromptExpression> prompts, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        using Compute.Entry entry = Enter(cancel);
        CombinedPrompts all = new([.. prompts.Select(p => new CombinedPrompt(p, Prompts.Texts(p.Phrases)))]);
        return all.Combine(Segment(image, all.Leaves, cancel));
    }

    /// <summary>A prompt in words.</summary>
    /// <param name="template">A sentence with <c>{}</c> where the phrase goes.</param>
    public Prompt Prompt(string phrase, string template = "{}", CancellationToken cancel = default)
        => Prompt(phrase, [template], cancel);

    /// <summary>A prompt in words: the average of the phrase in each of the templates
    /// (<see cref="PromptTemplates"/>).</summary>
    public Prompt Prompt(string phrase, IReadOnlyList<string> templates, CancellationToken cancel = default)
    {
        using Compute.Entry entry = Enter(cancel);
        return Prompts.Text(phrase, templates);
    }

    /// <summary>
    /// A prompt that shows what to look for: a picture of it, and a mask of the same size that says where.
    /// </summary>
    /// <param name="engineering">What makes it stand out; <see cref="VisualPrompt.Default"/> if null.</param>
    /// <exception cref="ArgumentException">The mask is empty or of another size, or there is none to engineer
    /// with.</exception>
    public Prompt Prompt(
        Image support, Mask? mask = null, VisualPrompt? engineering = null, CancellationToken cancel = default)
    {
        using Compute.Entry entry = Enter(cancel);
        return Prompts.Image(support, mask, engineering);
    }

    /// <summary>A prompt that shows what to look for by limiting CLIP's attention to it.</summary>
    /// <exception cref="ArgumentException">The mask is empty or of another size, or there is no such block.</exception>
    public Prompt Prompt(Image support, Mask mask, ClipMasking masking, CancellationToken cancel = default)
    {
        using Compute.Entry entry = Enter(cancel);
        return Prompts.Image(support, mask, masking);
    }

    /// <summary>
    /// The same network, reading pictures at another size, or otherwise. Weights and threads are those of this one,
    /// which alone is to be disposed.
    /// </summary>
    internal Segmenter At(Preprocessing preprocessing) => new(this, preprocessing);

    /// <summary>
    /// Frees memory that can be had again: what is kept between pictures, and the weights that read texts, a third of a
    /// usual model. The next picture and the next text take it anew.
    /// </summary>
    public void Trim()
    {
        Compute.Trim();
        if (Engine is ClipSegModel model) model.Weights.Release(Part.Text);
    }

    /// <summary>Ends the threads and closes the model's files.</summary>
    public void Dispose()
    {
        _disposed = true;
        (Engine as IDisposable)?.Dispose();
        Checkpoint?.Dispose();
        Compute.Dispose();
    }

    /// <summary>
    /// What the decoder says, at the model's resolution: [P, H, W], one map per prompt. Above 0 is more likely than
    /// not.
    /// </summary>
    internal Tensor Logits(EncodedImage image, IReadOnlyList<Prompt> prompts, CancellationToken cancel = default)
    {
        if (prompts.Count == 0) throw new ArgumentException("There is no prompt.", nameof(prompts));
        using Compute.Entry entry = Enter(cancel);
        using TensorScope scope = new();
        Tensor? all = null;
        for (int first = 0; first < prompts.Count; first += MaxPromptsAtOnce)
        {
            using TensorScope part = new();
            int count = Math.Min(MaxPromptsAtOnce, prompts.Count - first);
            Tensor logits = Decode(image, Conditionals(prompts, first, count));
            CheckFinite(logits, prompts, first);
            if (count == prompts.Count) return scope.Keep(part.Keep(logits));

            all ??= part.Keep(Tensor.Empty(prompts.Count, logits[1], logits[2]));
            logits.Data.CopyTo(all.Data[(first * logits[1] * logits[2])..]);
        }
        return scope.Keep(all!);
    }

    /// <summary>Logits [P, H, W] as probabilities at the picture's size.</summary>
    internal Mask[] Masks(EncodedImage image, Tensor logits)
    {
        using Compute.Entry entry = Enter(default);
        return Masks(logits, image.Width, image.Height);
    }

    /// <summary>The same, on threads of the caller's: beside the network's.</summary>
    internal static Mask[] Masks(Tensor logits, int pictureWidth, int pictureHeight)
    {
        (int count, int height, int width) = (logits[0], logits[1], logits[2]);
        Mask[] masks = [.. Enumerable.Range(0, count).Select(_ => Mask.Uninitialized(pictureWidth, pictureHeight))];
        LinearTaps rows = LinearTaps.Resize(height, pictureHeight), columns = LinearTaps.Resize(width, pictureWidth);
        for (int p = 0; p < count; p++)
        {
            int prompt = p;
            Workers.Split(pictureHeight, MaskRowGrain, (start, end) =>
            {
                LinearRows map = new(logits.Data.Slice(prompt * height * width, height * width), rows, columns);
                for (int y = start; y < end; y++)
                {
                    Span<float> row = masks[prompt].Values.AsSpan(y * pictureWidth, pictureWidth);
                    map.Read(y, row);
                    Kernels.Apply<SigmoidFunction>(row, row);
                }
            });
        }
        return masks;
    }

    /// <summary>Conditionals [P, E] → logits [P, H, W], of tiles and the whole together if there are any.</summary>
    private Tensor Decode(EncodedImage image, Tensor conditionals)
    {
        Tensor whole = Engine.Decode(image.Activations, conditionals, image.GridHeight, image.GridWidth);
        if (image.Tiling is not { } tiling) return whole;
        Tensor map = tiling.Begin(whole[0]);
        for (int i = 0; i < tiling.Count; i++)
        {
            using TensorScope scope = new();
            tiling.Add(map, Decode(image.Tiles[i], conditionals), i);
        }
        tiling.Finish(map, whole, image.GridHeight, image.GridWidth);
        return map;
    }

    private Compute.Entry Enter(CancellationToken cancel)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return Compute.Enter(cancel);
    }

    private static void CheckFinite(Tensor logits, IReadOnlyList<Prompt> prompts, int first)
    {
        int size = logits.Length / logits[0], bad = logits.Data.IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
        if (bad < 0) return;
        throw new CheckpointException(
            $"The model answers '{prompts[first + bad / size].Name}' with {logits.Data[bad]}, "
            + "expected finite logits: its weights are damaged, or too large for this precision.");
    }

    private Tensor Conditionals(IReadOnlyList<Prompt> prompts, int first, int count)
    {
        int width = Engine.Config.EmbeddingWidth;
        Tensor conditionals = Tensor.Empty(count, width);                           // [P, E]
        for (int i = 0; i < count; i++)
        {
            Prompt prompt = prompts[first + i];
            if (prompt.Width != width)
            {
                throw new ArgumentException(
                    $"Prompt '{prompt.Name}' has {prompt.Width} values, this model's have {width}: "
                    + "it was made with another CLIP.", nameof(prompts));
            }
            prompt.Conditional.CopyTo(conditionals.Data[(i * width)..]);
        }
        return conditionals;
    }
}
