namespace ClipSeg.Server;

/// <summary>What <c>POST /v1/segment</c> answers.</summary>
/// <param name="Model">Its name.</param>
/// <param name="Image">The picture.</param>
/// <param name="Threshold">Above which a pixel counts as found; null where each prompt has its own.</param>
/// <param name="Results">One for each prompt.</param>
internal sealed record SegmentAnswer(
    string Model, PictureAnswer Image, float? Threshold, IReadOnlyList<PromptAnswer> Results)
{
    /// <summary>A PNG file, if it was asked for.</summary>
    public byte[]? Overlay { get; init; }

    /// <summary>A PNG file, if it was asked for.</summary>
    public byte[]? Cutout { get; init; }
}

/// <summary>A picture that was received.</summary>
/// <param name="Id">What later requests may say in place of the picture.</param>
/// <param name="Width">In pixels, upright.</param>
/// <param name="Height">In pixels, upright.</param>
internal sealed record PictureAnswer(string Id, int Width, int Height);

/// <summary>What became of a prompt.</summary>
/// <param name="Prompt">As it was asked.</param>
/// <param name="Found">Whether the score is not too small for the model, and a pixel above the threshold.</param>
/// <param name="Score">How sure it is that the thing is there at all, 0 to 1.</param>
/// <param name="Peak">The largest probability.</param>
/// <param name="Area">Of the mask, in pixels.</param>
/// <param name="Box">x, y, width, height around all of the mask; null if it is empty.</param>
/// <param name="Boxes">The same of each connected part, the largest first.</param>
/// <param name="Colour">Of the prompt in an overlay, as #rrggbb.</param>
internal sealed record PromptAnswer(string Prompt, bool Found, float Score, float Peak, long Area, int[]? Box,
    IReadOnlyList<int[]> Boxes, string Colour)
{
    /// <summary>The mask's own; null where all have the same.</summary>
    public float? Threshold { get; init; }

    /// <summary>Whether the text was too long, so that only its beginning counts.</summary>
    public bool? Truncated { get; init; }

    /// <summary>If it was asked for.</summary>
    public RleAnswer? Rle { get; init; }

    /// <summary>If they were asked for: the connected parts, from the left.</summary>
    public IReadOnlyList<PartAnswer>? Parts { get; init; }

    /// <summary>If they were asked for: of each connected part its outline, then its holes, as x, y, x, y ...</summary>
    public IReadOnlyList<IReadOnlyList<float[]>>? Polygons { get; init; }

    /// <summary>A grey PNG file, if it was asked for.</summary>
    public byte[]? Mask { get; init; }

    /// <summary>A black and white PNG file, if it was asked for.</summary>
    public byte[]? Binary { get; init; }
}

/// <summary>A connected part of a mask.</summary>
/// <param name="Box">x, y, width, height.</param>
/// <param name="Area">In pixels.</param>
internal sealed record PartAnswer(int[] Box, long Area, RleAnswer Rle);

/// <summary>Run lengths as COCO writes them.</summary>
/// <param name="Size">Height and width.</param>
/// <param name="Counts">Compressed.</param>
internal sealed record RleAnswer(int[] Size, string Counts);

/// <summary>What <c>GET /v1/models</c> answers.</summary>
internal sealed record ModelsAnswer(IReadOnlyList<ModelAnswer> Models)
{
    /// <summary>Whether they work on jobs as well.</summary>
    public bool? Jobs { get; init; }
}

/// <summary>A model that is served.</summary>
/// <param name="Name">What requests call it.</param>
/// <param name="Size">The side in pixels that it reads pictures at.</param>
/// <param name="PatchSize">What other sizes are multiples of.</param>
/// <param name="NotFoundBelow">The score below which things are not there, 0 to 1.</param>
internal sealed record ModelAnswer(string Name, int Size, int PatchSize, float NotFoundBelow);

/// <summary>Whether the service lives, or is ready.</summary>
internal sealed record HealthAnswer(string Status);
