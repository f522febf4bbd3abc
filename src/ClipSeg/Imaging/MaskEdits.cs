namespace ClipSeg.Imaging;

/// <summary>The mask tools that turn a prompt's probabilities into the mask that is wanted, in this order: those of
/// <c>clipseg segment</c>, and of the service.</summary>
/// <remarks>
/// Holes are filled before parts are chosen by size, so that sizes are those of what comes out: a thin ring counts as
/// the disc that it becomes, no part of the result is smaller than was asked for, and none that is as large is gone.
/// </remarks>
internal sealed record MaskEdits
{
    /// <summary>First of all, edges move to the picture's (<see cref="Mask.GuidedFilter"/>), in windows of this radius
    /// in pixels; by default a 64th of the longer side, and 0 leaves them as the model makes them.</summary>
    public int? Guided { get; init; }

    /// <summary>Then: what counts as found. Not public, as a request of the service has it beside its tools.</summary>
    internal ThresholdRule Threshold { get; init; } = ThresholdRule.At(0.5f);

    /// <summary>Fills holes.</summary>
    public bool FillHoles { get; init; }

    /// <summary>Keeps connected parts of at least this many pixels.</summary>
    public int? DropBelow { get; init; }

    /// <summary>Keeps the largest connected part only.</summary>
    public bool KeepLargest { get; init; }

    /// <summary>Grows the mask by this many pixels.</summary>
    public float? Grow { get; init; }

    /// <summary>Shrinks it by this many pixels; after growing, which closes gaps.</summary>
    public float? Shrink { get; init; }

    /// <summary>Makes its edge soft, over this many pixels to both sides.</summary>
    public float? Feather { get; init; }

    /// <summary>Last of all, takes what the mask is not.</summary>
    public bool Invert { get; init; }

    /// <summary>Whether there is a tool that makes shapes of what is above the threshold.</summary>
    private bool Shapes
        => FillHoles || DropBelow > 0 || KeepLargest || Grow > 0 || Shrink > 0 || Feather > 0;

    /// <summary>What edges move to; null if they stay.</summary>
    public Guide? GuideOf(Image picture) => Guided == 0 ? null : new(picture, Guided);

    /// <summary>Applies them to the probabilities of one prompt.</summary>
    /// <param name="probabilities">Of the picture's size.</param>
    /// <param name="guide">That of <see cref="GuideOf"/>.</param>
    /// <param name="overwrite">Whether the probabilities may be written over.</param>
    public EditedMask Apply(Mask probabilities, Guide? guide, bool overwrite = false)
    {
        Mask soft = probabilities;
        if (guide is not null)
            soft = guide.Filter(soft, overwrite ? soft : Mask.Uninitialized(soft.Width, soft.Height));
        float threshold = Threshold.Of(soft);
        if (Shapes)
        {
            Mask shape = soft.Threshold(threshold);
            if (FillHoles) shape = shape.FillHoles();
            if (DropBelow is > 0 and int area) shape = shape.DropBelow(area);
            if (KeepLargest) shape = shape.KeepLargest();
            if (Grow is > 0 and float more) shape = shape.Grow(more);
            if (Shrink is > 0 and float less) shape = shape.Shrink(less);
            soft = Feather is > 0 and float edge ? shape.Feather(edge) : shape;
        }
        // Above 0.5 is then what was found, also where the edge is soft.
        float level = Shapes ? 0.5f : threshold;
        return new(Invert ? soft.Invert() : soft, threshold, level, Invert);
    }
}
