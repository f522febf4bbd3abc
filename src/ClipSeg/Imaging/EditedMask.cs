namespace ClipSeg.Imaging;

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
    public int Area() => SetPixels.Count(Soft.Values, Level);

    /// <summary>The connected parts of the pixels that are set.</summary>
    public IReadOnlyList<Component> Parts() => new Regions(Soft, set: true, diagonal: true, Level).Found;

    /// <summary>The runs of the pixels that are set, and of the others.</summary>
    public CocoRle Runs() => CocoRle.Of(Soft, Level);
}
