namespace ClipSeg.Imaging;

/// <summary>The mask tools that turn a prompt's probabilities into the mask that is wanted, in this order.</summary>
internal sealed record MaskEdits
{
    /// <summary>First of all: whether edges follow the picture's (<see cref="Mask.GuidedFilter"/>).</summary>
    public bool FollowEdges { get; init; }

    /// <summary>In windows of this radius in pixels; null for what the filter takes by itself.</summary>
    public int? Guided { get; init; }

    /// <summary>Then: what counts as found.</summary>
    public ThresholdRule Threshold { get; init; } = ThresholdRule.At(0.5f);

    /// <summary>Only connected parts of at least this many pixels.</summary>
    public int? DropBelow { get; init; }

    /// <summary>Only the largest connected part.</summary>
    public bool KeepLargest { get; init; }

    public bool FillHoles { get; init; }

    /// <summary>By this many pixels.</summary>
    public float? Grow { get; init; }

    /// <summary>By this many pixels, after growing.</summary>
    public float? Shrink { get; init; }

    /// <summary>A soft edge of this radius in pixels.</summary>
    public float? Feather { get; init; }

    /// <summary>Last of all: what the mask is not.</summary>
    public bool Invert { get; init; }

    /// <summary>Whether there is a tool that makes shapes of what is above the threshold.</summary>
    public bool Shapes
        => DropBelow is not null || KeepLargest || FillHoles || Grow is not null || Shrink is not null
            || Feather is not null;

    /// <summary>Applies them to the probabilities of one prompt.</summary>
    /// <param name="probabilities">Of the picture's size; stay as they are.</param>
    /// <param name="picture">What the probabilities are of.</param>
    public EditedMask Apply(Mask probabilities, Image picture)
    {
        Mask soft = FollowEdges ? probabilities.GuidedFilter(picture, Guided) : probabilities;
        float threshold = Threshold.Of(soft);
        if (Shapes)
        {
            Mask shape = soft.Threshold(threshold);
            if (DropBelow is { } area) shape = shape.DropBelow(area);
            if (KeepLargest) shape = shape.KeepLargest();
            if (FillHoles) shape = shape.FillHoles();
            if (Grow is { } more) shape = shape.Grow(more);
            if (Shrink is { } less) shape = shape.Shrink(less);
            soft = Feather is { } edge ? shape.Feather(edge) : shape;
        }
        // Above 0.5 is then what was found, also where the edge is soft.
        float level = Shapes ? 0.5f : threshold;
        return new(Invert ? soft.Invert() : soft, threshold, level, Invert);
    }
}

/// <summary>What the mask tools made of a prompt's probabilities.</summary>
internal sealed class EditedMask
{
    private readonly bool _inverted;
    private readonly Lazy<Mask> _binary;

    /// <param name="soft">In [0, 1]; probabilities, or a shape whose edge may be soft.</param>
    /// <param name="threshold">What the threshold was, of probabilities.</param>
    /// <param name="level">Where, in the values before they were inverted, the outline runs.</param>
    /// <param name="inverted">Whether the values are the inverse of what was found.</param>
    public EditedMask(Mask soft, float threshold, float level, bool inverted)
    {
        (Soft, Threshold, Level, _inverted) = (soft, threshold, inverted ? 1 - level : level, inverted);
        _binary = new(() => soft.Threshold(Level));
    }

    public Mask Soft { get; }

    public float Threshold { get; }

    /// <summary>Above this the values of <see cref="Soft"/> are set.</summary>
    public float Level { get; }

    /// <summary>Whether any pixel was above the threshold, before the mask was inverted.</summary>
    public bool HasFound
    {
        get
        {
            foreach (float value in Soft.Values)
                if (_inverted ? value < Level : value > Level) return true;
            return false;
        }
    }

    /// <summary>1 where it is set, 0 elsewhere.</summary>
    public Mask Binary => _binary.Value;

    /// <summary>The mask as the alpha of a cut-out: whole inside, with an edge of a pixel, if it is not soft.</summary>
    /// <param name="feathered">Whether <see cref="Soft"/> has the edge that was asked for.</param>
    public Mask Alpha(bool feathered) => feathered ? Soft : Binary.Feather(1);

    /// <summary>How many pixels are set.</summary>
    public int Area()
    {
        int area = 0;
        foreach (float value in Soft.Values)
            if (value > Level) area++;
        return area;
    }
}
