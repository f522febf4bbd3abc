using ClipSeg.Imaging;

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

    /// <summary>The probability above which a pixel counts as found, 0 to 1, by default 0.5; or <c>otsu</c>, what parts
    /// each mask best in two, or <c>peak</c>, half of its largest.</summary>
    public ThresholdRule? Threshold { get; set; }

    /// <summary>What is done to the masks.</summary>
    public MaskEdits Tools { get; set; } = new();

    /// <summary>What the answer holds beside scores and boxes; by default <c>rle</c>.</summary>
    public IReadOnlyList<Output> Outputs { get; set; } = [];
}

/// <summary>What an answer can hold.</summary>
internal enum Output
{
    /// <summary>Nothing beside.</summary>
    None,

    /// <summary>COCO's compressed run lengths.</summary>
    Rle,

    /// <summary>Each connected part with its run lengths: what is an annotation in a COCO file.</summary>
    Parts,

    /// <summary>Outlines with holes.</summary>
    Polygons,

    /// <summary>The mask in grey: probabilities, or what the tools made of them.</summary>
    Mask,

    /// <summary>The mask in black and white.</summary>
    Binary,

    /// <summary>The picture with all masks on it.</summary>
    Overlay,

    /// <summary>The picture, transparent where no mask is.</summary>
    Cutout,
}
