using System.Numerics.Tensors;
using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using Microsoft.AspNetCore.Http;
using static ClipSeg.Server.RequestException;

namespace ClipSeg.Server;

/// <summary>What a prompt found.</summary>
/// <param name="Prompt">In words; empty for a picture alone.</param>
/// <param name="Mask">After the mask tools.</param>
/// <param name="Score">How sure it is that the thing is there at all.</param>
/// <param name="Peak">The largest probability.</param>
/// <param name="IsThere">Whether the score is not too small for the model, and a pixel above the threshold.</param>
internal sealed record Found(
    string Prompt, EditedMask Mask, float Score, float Peak, bool IsThere, bool Truncated);

/// <summary>A picture and what its prompts found.</summary>
/// <param name="Edits">The mask tools that were applied.</param>
/// <param name="Rendering">The same as pictures.</param>
internal sealed record Segmented(string Model, PictureAnswer Picture, Image Image, MaskEdits Edits,
    IReadOnlyList<Found> Found, Rendering Rendering);

/// <summary>The work behind every route: a request's picture and prompts become masks.</summary>
internal sealed class Segmentation
{
    private const int MaxPromptLength = 2000, MaxRadius = 1000;
    private const string ImageName = "image", SupportName = "support", SupportMaskName = "supportMask";

    private readonly ServerOptions _options;
    private readonly IReadOnlyList<ServedModel> _models;
    private readonly PictureCache _cache;
    private readonly Measurements _measurements;

    public Segmentation(ServerOptions options, IReadOnlyList<ServedModel> models, PictureCache cache,
        Measurements measurements)
        => (_options, _models, _cache, _measurements) = (options, models, cache, measurements);

    /// <summary>Whatever can be wrong with a request before a picture is looked at.</summary>
    /// <exception cref="RequestException">Something is.</exception>
    public void Check(SegmentRequest request)
    {
        ModelOf(request.Model);
        if (request.Image is null == request.ImageId is null)
            throw new RequestException("Expected a picture, as image or as the imageId of an earlier answer.");
        if (request.Negatives.Count > 0 && request.Prompts.Count == 0)
            throw new RequestException("There are negatives, but no prompts that they could be taken from.");
        if (request.Prompts.Count == 0 && request.Support is null)
            throw new RequestException("No prompt: say what to find in prompts, or show it in support.");
        int count = request.Prompts.Count + request.Negatives.Count;
        if (count > _options.MaxPrompts)
            throw new RequestException($"There are {count} prompts, expected at most {_options.MaxPrompts}.");
        foreach (string? prompt in request.Prompts.Concat(request.Negatives))
        {
            if (string.IsNullOrWhiteSpace(prompt)) throw new RequestException("A prompt is empty.");
            if (prompt.Length > MaxPromptLength)
            {
                throw new RequestException(
                    $"A prompt has {prompt.Length} characters, expected at most {MaxPromptLength}.");
            }
        }
        if (request.SupportMask is not null && request.Support is null)
            throw new RequestException("There is a supportMask, but no support picture that it belongs to.");
        if (request.Mix is not null && (request.Support is null || request.Prompts.Count == 0))
            throw new RequestException("mix needs a prompt and a support to blend it with.");
        CheckRange("mix", request.Mix, 0, 1);
        CheckRange("guided", request.Tools.Guided, 0, MaxRadius);
        CheckRange("grow", request.Tools.Grow, 0, MaxRadius);
        CheckRange("shrink", request.Tools.Shrink, 0, MaxRadius);
        CheckRange("feather", request.Tools.Feather, 0, MaxRadius);
        CheckRange("dropBelow", request.Tools.DropBelow, 0, int.MaxValue);
    }

    /// <summary>The same of a job; what can be wrong with it would otherwise be wrong at each worker.</summary>
    /// <returns>Its model.</returns>
    /// <exception cref="RequestException">Something is.</exception>
    public ServedModel Check(JobRequest job)
    {
        SegmentRequest request = new()
        {
            Image = [],         // each of the store's stands there once
            Model = job.Model,
            Prompts = job.Prompts,
            Negatives = job.Negatives,
            Tools = job.Tools,
        };
        Check(request);
        PhrasesOf(ExpressionsOf(request));
        ServedModel model = ModelOf(job.Model);
        model.At(job.Size);
        return model;
    }

    /// <summary>Computes; looks at <paramref name="cancel"/> between the network's blocks.</summary>
    /// <exception cref="RequestException">Something is wrong with a picture or the request.</exception>
    /// <exception cref="ImageFormatException">A picture cannot be read.</exception>
    public Segmented Run(SegmentRequest request, CancellationToken cancel)
    {
        Check(request);
        cancel.ThrowIfCancellationRequested();
        ServedModel model = ModelOf(request.Model);
        Segmenter segmenter = model.At(request.Size);
        PromptExpression[] expressions = ExpressionsOf(request);
        string[] phrases = PhrasesOf(expressions);
        int masks = Math.Max(1, phrases.Length) + expressions.Count(e => !e.IsPhrase);
        Picture picture = PictureOf(request, masks);
        EncodedImage encoded = Encode(picture, model, segmenter, request.Fine, cancel);
        IReadOnlyList<Prompt> prompts = PromptsOf(request, phrases, segmenter, cancel);
        Mask[] leaves = _measurements.Decode(() => segmenter.Segment(encoded, prompts, cancel));
        Dictionary<string, int> places = [];
        for (int i = 0; i < phrases.Length; i++) places.Add(phrases[i], i);

        int[][] parts = expressions.Length > 0
            ? [.. expressions.Select(e => e.Phrases.Select(phrase => places[phrase]).ToArray())]
            : [[0]];
        string[] names = expressions.Length > 0 ? [.. request.Prompts] : [""];
        Mask[] probabilities = [.. names.Select((_, i) => expressions.Length > 0
            ? expressions[i].Combine([.. parts[i].Select(part => leaves[part])])
            : leaves[0])];
        cancel.ThrowIfCancellationRequested();
        MaskEdits edits = request.Threshold is { } threshold
            ? request.Tools with { Threshold = threshold }
            : request.Tools;
        float[] scores = Array.ConvertAll(probabilities, Presence.Score);
        float[] peaks = Array.ConvertAll(probabilities, mask => TensorPrimitives.Max(mask.Values));
        using Compute.Entry entry = segmenter.Compute.Enter(cancel);
        Rendering rendering = new(picture.Image, probabilities, names, edits,
            guide: edits.Guided is null ? picture.Guide : null, overwrite: true);
        return new(model.Name, new(picture.Id, encoded.Width, encoded.Height), picture.Image, edits,
            [.. names.Select((name, i) => new Found(name, rendering.Edited[i], scores[i], peaks[i],
                scores[i] >= segmenter.NotFoundBelow && rendering.Edited[i].HasFound,
                parts[i].Any(part => prompts[part].Truncated)))],
            rendering);
    }

    /// <summary>Reads a picture for later prompts.</summary>
    public PictureAnswer Read(byte[] file, string? modelName, CancellationToken cancel)
    {
        ServedModel model = ModelOf(modelName);
        Picture picture = PictureOf(new() { Image = file }, masks: 1);
        EncodedImage encoded = Encode(picture, model, model.At(null), fine: false, cancel);
        return new(picture.Id, encoded.Width, encoded.Height);
    }

    /// <summary>The support picture as the model sees it.</summary>
    public Image Engineer(SegmentRequest request)
    {
        if (request.Support is null || request.SupportMask is null)
            throw new RequestException("Expected a support picture and its supportMask.");
        Segmenter segmenter = ModelOf(request.Model).At(request.Size);
        using Compute.Entry entry = segmenter.Compute.Enter();
        return OfSupport(request, (support, mask) => segmenter.Prompts.Engineer(support, mask!));
    }

    private ServedModel ModelOf(string? name) => name is null
        ? _models[0]
        : _models.FirstOrDefault(m => m.Name == name) ?? throw new RequestException(
            $"There is no model '{Shown(name)}'; there are {string.Join(", ", _models.Select(m => m.Name))}.",
            StatusCodes.Status404NotFound);

    /// <summary>The picture of a request, if so many masks of its size may be made.</summary>
    private Picture PictureOf(SegmentRequest request, int masks)
    {
        string id = request.ImageId ?? PictureCache.IdOf(request.Image!);
        if (_cache.Find(id) is { } known)
        {
            CheckMasks(known.Image.Width, known.Image.Height, masks);
            return known;
        }
        if (request.Image is null)
        {
            throw new RequestException(
                $"There is no picture '{Shown(id)}', or no longer: send it again.", StatusCodes.Status404NotFound);
        }
        CheckSize(request.Image, ImageName, masks);
        return new(id, Image.Decode(request.Image, ImageName));
    }

    private EncodedImage Encode(
        Picture picture, ServedModel model, Segmenter segmenter, bool fine, CancellationToken cancel)
    {
        EncodingKey key = new(model.Name, segmenter.Preprocessing.Width, fine);
        if (_cache.Encoding(picture, key) is { } known)
        {
            _measurements.Reuse();
            return known;
        }
        EncodedImage encoded = _measurements.Encode(() => segmenter.Encode(picture.Image, fine, cancel));
        _cache.Keep(picture, key, encoded);
        return encoded;
    }

    /// <summary>What the network is asked for, each once.</summary>
    private string[] PhrasesOf(PromptExpression[] expressions)
    {
        string[] phrases = [.. expressions.SelectMany(e => e.Phrases).Distinct(StringComparer.Ordinal)];
        return phrases.Length <= _options.MaxPrompts ? phrases : throw new RequestException(
            $"The prompts have {phrases.Length} phrases, expected at most {_options.MaxPrompts}.");
    }

    private static PromptExpression[] ExpressionsOf(SegmentRequest request)
    {
        try
        {
            PromptExpression[] nots = [.. request.Negatives.Select(PromptExpression.Parse)];
            return [.. request.Prompts.Select(prompt => PromptExpression.Parse(prompt).Without(nots))];
        }
        catch (PromptSyntaxException e)
        {
            throw new RequestException($"A prompt cannot be read at its character {e.Position + 1}: {e.Message}");
        }
    }

    private IReadOnlyList<Prompt> PromptsOf(
        SegmentRequest request, string[] phrases, Segmenter segmenter, CancellationToken cancel)
    {
        using Compute.Entry entry = segmenter.Compute.Enter(cancel);
        Prompt[] texts = segmenter.Prompts.Texts(phrases);
        if (request.Support is null) return texts;
        Prompt shown = OfSupport(request, (support, mask) => segmenter.Prompt(support, mask, cancel: cancel));
        float mix = request.Mix ?? 0.5f;
        return texts.Length == 0 ? [shown] : [.. texts.Select(text => Prompt.Mix(shown, text, mix))];
    }

    /// <summary>Makes something of the support picture and its mask.</summary>
    private T OfSupport<T>(SegmentRequest request, Func<Image, Mask?, T> make)
    {
        CheckSize(request.Support!, SupportName, 1);
        if (request.SupportMask is not null) CheckSize(request.SupportMask, SupportMaskName, 1);
        Image support = Image.Decode(request.Support, SupportName);
        Mask? mask = request.SupportMask is null ? null : Mask.Decode(request.SupportMask, SupportMaskName);
        try
        {
            return make(support, mask);
        }
        catch (ArgumentException e) when (e.ParamName == nameof(mask))
        {
            throw new RequestException($"{SupportMaskName}: {e.Message.Replace(" (Parameter 'mask')", "")}");
        }
    }

    private void CheckSize(byte[] file, string name, int masks)
    {
        (int width, int height) = PictureFile.SizeOf(file, name);
        if ((long)width * height > _options.MaxPixels)
        {
            throw new RequestException($"{name}: {width}x{height} is more than the {_options.MaxPixels:N0} pixels "
                + "that this service reads; send it smaller.", StatusCodes.Status413PayloadTooLarge);
        }
        CheckMasks(width, height, masks);
    }

    private void CheckMasks(int width, int height, int masks)
    {
        if ((long)width * height * masks <= _options.MaxMaskPixels) return;
        throw new RequestException($"{masks} masks of {width}x{height} are more than the {_options.MaxMaskPixels:N0} "
            + "pixels that this service answers at once; send a smaller picture, or fewer prompts at a time.",
            StatusCodes.Status413PayloadTooLarge);
    }

    /// <summary>The threshold of a program that knows numbers alone; null if it says none.</summary>
    public static ThresholdRule? ThresholdAt(float? number, string name)
    {
        CheckRange(name, number, 0, 1);
        return number is { } threshold ? ThresholdRule.At(threshold) : null;
    }

    private static void CheckRange(string name, float? value, float least, float most)
    {
        if (value is { } number && !(number >= least && number <= most))
            throw new RequestException($"{name} is {number}, expected {least} to {most}.");
    }
}
