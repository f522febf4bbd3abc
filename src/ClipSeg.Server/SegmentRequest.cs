namespace ClipSeg.Server;

/// <summary>What <c>POST /v1/segment</c> is asked: JSON as it stands here, or a form with fields of the same
/// names.</summary>
/// <remarks>Set, not init: generated readers of JSON put null in place of what init properties begin with.</remarks>
internal sealed record SegmentRequest
{
    /// <summary>One of <c>GET /v1/models</c>; by default the first.</summary>
    public string? Model { get; set; }

    /// <summary>The picture's file: PNG, JPEG, WebP, GIF, BMP or ICO.</summary>
    public byte[]? Image { get; set; }

    /// <summary>In place of the picture: the id that an earlier answer gave it.</summary>
    public string? ImageId { get; set; }

    /// <summary>What to find, in words or as expressions: <c>"face" AND NOT ("hair" OR "hat")</c>.</summary>
    public IReadOnlyList<string> Prompts { get; set; } = [];

    /// <summary>What none of the prompts means: <c>prompt AND NOT (negative OR ...)</c>.</summary>
    public IReadOnlyList<string> Negatives { get; set; } = [];

    /// <summary>A picture's file that shows what to find.</summary>
    public byte[]? Support { get; set; }

    /// <summary>Where it is in that picture: a picture of the same size, white on black.</summary>
    public byte[]? SupportMask { get; set; }

    /// <summary>0 to 1: blends every text with the support, mix * picture + (1 - mix) * text.</summary>
    public float? Mix { get; set; }

    /// <summary>The side in pixels that the picture is read at, a multiple of the model's patch size.</summary>
    public int? Size { get; set; }

    /// <summary>Whether a large picture is read in overlapping tiles beside: finer edges, in five times the
    /// time.</summary>
    public bool Fine { get; set; }

    /// <summary>The probability above which a pixel counts as found, 0 to 1; by default 0.5.</summary>
    public float? Threshold { get; set; }

    /// <summary>What is done to the binary masks.</summary>
    public MaskTools Tools { get; set; } = new();

    /// <summary>What the answer holds beside scores and boxes; by default <c>rle</c>.</summary>
    public IReadOnlyList<Output> Outputs { get; set; } = [];
}

/// <summary>What is done to a binary mask, in this order.</summary>
internal sealed record MaskTools
{
    /// <summary>Fills holes.</summary>
    public bool FillHoles { get; set; }

    /// <summary>Drops connected parts of fewer pixels.</summary>
    public int DropBelow { get; set; }

    /// <summary>Keeps the largest connected part only.</summary>
    public bool KeepLargest { get; set; }

    /// <summary>In pixels: grows the mask, or, below 0, shrinks it.</summary>
    public float Grow { get; set; }

    /// <summary>In pixels: softens the edges, which only pictures show.</summary>
    public float Feather { get; set; }
}

/// <summary>What an answer can hold.</summary>
internal enum Output
{
    /// <summary>COCO's compressed run lengths.</summary>
    Rle,

    /// <summary>Outlines with holes.</summary>
    Polygons,

    /// <summary>The binary mask as PNG.</summary>
    Mask,

    /// <summary>The probabilities as a grey PNG.</summary>
    Soft,

    /// <summary>The picture with all masks on it, as PNG.</summary>
    Overlay,

    /// <summary>The picture, transparent where no mask is, as PNG.</summary>
    Cutout,
}
