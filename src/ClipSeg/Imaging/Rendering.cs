namespace ClipSeg.Imaging;

/// <summary>What a picture and its masks are made into.</summary>
internal enum ResultKind
{
    /// <summary>The picture with all prompts in colour.</summary>
    Overlay,

    /// <summary>A prompt's mask in grey: probabilities, or what the mask tools made of them.</summary>
    Mask,

    /// <summary>A prompt's mask in black and white.</summary>
    Binary,

    /// <summary>What a prompt found, on nothing or on a background.</summary>
    CutOut,

    /// <summary>A prompt's probabilities in colour.</summary>
    Heatmap,

    /// <summary>All prompts as numbers from 1, in a palette; 0 is none of them.</summary>
    Labels,

    /// <summary>A prompt's mask as numbers that are not rounded.</summary>
    Npy,
}

/// <summary>A picture and what prompts found in it, as the pictures that are made of that.</summary>
/// <remarks>Its methods may be called from several threads.</remarks>
internal sealed class Rendering
{
    private readonly Image _picture;
    private readonly IReadOnlyList<Mask>? _probabilities;
    private readonly IReadOnlyList<string> _names;
    private readonly MaskEdits _edits;
    private readonly Background? _background;

    /// <param name="picture">Stays as it is.</param>
    /// <param name="probabilities">A mask of the picture's size for each prompt.</param>
    /// <param name="names">One for each prompt.</param>
    /// <param name="edits">The mask tools.</param>
    /// <param name="background">Under cut-outs; null leaves them transparent.</param>
    /// <param name="guide">That of the mask tools (<see cref="MaskEdits.GuideOf"/>), if it is at hand.</param>
    /// <param name="overwrite">Whether the probabilities, which heat maps show, may be written over: less memory.
    /// </param>
    public Rendering(Image picture, IReadOnlyList<Mask> probabilities, IReadOnlyList<string> names, MaskEdits edits,
        Background? background = null, Guide? guide = null, bool overwrite = false)
    {
        guide ??= edits.GuideOf(picture);
        (_picture, _probabilities, _names) = (picture, overwrite ? null : probabilities, names);
        (_edits, _background) = (edits, background);
        // Prompts that are the same may have one mask.
        Dictionary<Mask, EditedMask> edited = [];
        foreach (Mask mask in probabilities)
            if (!edited.ContainsKey(mask)) edited.Add(mask, edits.Apply(mask, guide, overwrite));
        Edited = [.. probabilities.Select(mask => edited[mask])];
    }

    /// <summary>What the mask tools made of the probabilities of each prompt.</summary>
    public IReadOnlyList<EditedMask> Edited { get; }

    /// <summary>Whether there is one for each prompt, not one for all.</summary>
    public static bool IsOfPrompt(ResultKind kind) => kind is not (ResultKind.Overlay or ResultKind.Labels);

    /// <summary>What a prompt found.</summary>
    public Image CutOut(int prompt)
    {
        Image cutOut = _picture.CutOut(Edited[prompt].Alpha(_edits.Feather > 0));
        return _background?.Under(cutOut, _picture) ?? cutOut;
    }

    /// <summary>The probabilities of a prompt in colour.</summary>
    public Image Heatmap(int prompt) => Imaging.Heatmap.Of(_probabilities?[prompt]
        ?? throw new InvalidOperationException("The probabilities were written over."));

    /// <summary>The numbers of these prompts, from 1 on, wherever they are.</summary>
    public LabelMap Labels(IReadOnlyList<int> prompts)
    {
        byte[] labels = new byte[_picture.Width * _picture.Height];
        if (prompts.Count > 0)
        {
            labels = Imaging.Mask.Labels([.. prompts.Select(i => Edited[i].Soft)],
                [.. prompts.Select(i => Edited[i].Level)]);
        }
        for (int i = 0; i < labels.Length; i++)
            if (labels[i] > 0) labels[i] = (byte)(prompts[labels[i] - 1] + 1);
        return new(_picture.Width, _picture.Height, labels);
    }

    /// <summary>One of a kind as a file.</summary>
    /// <param name="kind">Any that is a picture.</param>
    /// <param name="prompts">Those that were found; where there is one for each prompt, that one.</param>
    /// <param name="ending">.png, .jpg or .webp; labels are PNG whatever it says.</param>
    /// <param name="quality">0 to 100, of JPEG and WebP of pictures in colour.</param>
    public byte[] Encode(ResultKind kind, IReadOnlyList<int> prompts, string ending, int quality) => kind switch
    {
        ResultKind.Overlay => Imaging.Overlay.Encode(_picture, OnOverlay(prompts), ending, quality),
        ResultKind.Mask => Edited[prompts[0]].Soft.Encode(ending),
        ResultKind.Binary => Edited[prompts[0]].Binary.Encode(ending),
        ResultKind.CutOut => CutOut(prompts[0]).Encode(ending, quality),
        ResultKind.Heatmap => Heatmap(prompts[0]).Encode(ending, quality),
        ResultKind.Labels => Labels(prompts).EncodePng(
            [new(0, 0, 0), .. Enumerable.Range(0, _names.Count).Select(Imaging.Overlay.Colour)]),
        _ => throw new ArgumentException($"{kind} is no picture."),
    };

    /// <summary>One of a kind as its samples alone: rgb24, gray, or rgba for a cut-out without a background.</summary>
    /// <param name="kind">Any but arrays.</param>
    /// <param name="prompts">As in <see cref="Encode"/>.</param>
    public byte[] Raw(ResultKind kind, IReadOnlyList<int> prompts) => kind switch
    {
        ResultKind.Overlay => Imaging.Overlay.Draw(_picture, OnOverlay(prompts)).Pixels,
        ResultKind.Mask => GreyLevels.Of(Edited[prompts[0]].Soft),
        ResultKind.Binary => GreyLevels.Of(Edited[prompts[0]].Binary),
        ResultKind.CutOut => Samples(CutOut(prompts[0])),
        ResultKind.Heatmap => Heatmap(prompts[0]).Pixels,
        ResultKind.Labels => Labels(prompts).Labels,
        _ => throw new ArgumentException($"{kind} is no picture."),
    };

    private static byte[] Samples(Image image)
    {
        if (image.Alpha is null) return image.Pixels;
        byte[] rgba = new byte[4 * image.Alpha.Length];
        RgbaPixels.Join(image.Pixels, image.Alpha, rgba);
        return rgba;
    }

    /// <summary>These prompts in the colours of their numbers.</summary>
    private OverlayMask[] OnOverlay(IEnumerable<int> prompts) => [.. prompts.Select(i =>
        new OverlayMask(Edited[i].Soft, Imaging.Overlay.Colour(i), Edited[i].Level, _names[i]))];
}
