using ClipSeg.Imaging;

namespace ClipSeg.Cli.Segmenting;

/// <summary>What <c>clipseg segment</c> says of a picture, and with <c>--json</c> prints on a line.</summary>
/// <param name="Picture">Its path, or <c>-</c>.</param>
internal sealed record PictureResult(string Picture)
{
    /// <summary>Why it could not be read; then there is nothing else.</summary>
    public string? Error { get; init; }

    /// <summary>The number of a video's frame, from 0.</summary>
    public int? Frame { get; init; }

    /// <summary>When the frame is shown.</summary>
    public double? Seconds { get; init; }

    public int? Width { get; init; }

    public int? Height { get; init; }

    /// <summary>Null where each prompt has its own.</summary>
    public float? Threshold { get; init; }

    /// <summary>The file with all prompts; null if none was written.</summary>
    public string? Overlay { get; init; }

    /// <summary>The file with the prompts' numbers; null if none was written.</summary>
    public string? Labels { get; init; }

    public IReadOnlyList<PromptResult>? Prompts { get; init; }

    /// <summary>Whether at least one prompt was found.</summary>
    public bool HasFound() => Prompts?.Any(prompt => prompt.Found) == true;

    /// <summary>All files that were written.</summary>
    public IEnumerable<string> Files()
        => (Prompts ?? []).SelectMany(prompt => prompt.Files()).Prepend(Labels).Prepend(Overlay).OfType<string>();
}

/// <summary>What became of a prompt.</summary>
internal sealed record PromptResult(string Prompt)
{
    private const int MostComponents = 100;

    /// <summary>How sure it is that the thing is there at all, 0 to 1.</summary>
    public float Score { get; init; }

    /// <summary>The largest probability.</summary>
    public float Peak { get; init; }

    /// <summary>How much of the picture the mask covers, 0 to 1.</summary>
    public double Area { get; init; }

    /// <summary>Whether the score is at least the smallest that was asked for; if none was, whether any pixel is above
    /// the threshold.</summary>
    public bool Found { get; init; }

    /// <summary>The mask's own; null where all have the same.</summary>
    public float? Threshold { get; init; }

    /// <summary>Around the mask, [x, y, width, height] in pixels; null if it is empty.</summary>
    public IReadOnlyList<int>? Box { get; init; }

    /// <summary>How many connected parts the mask has.</summary>
    public int? Parts { get; init; }

    /// <summary>Those parts, the largest first, and of many the first hundred.</summary>
    public IReadOnlyList<PartResult>? Components { get; init; }

    /// <summary>COCO's compressed run lengths of the mask.</summary>
    public string? Rle { get; init; }

    /// <summary>The file; null if none was written; so are those that follow.</summary>
    public string? Mask { get; init; }

    public string? Binary { get; init; }

    public string? CutOut { get; init; }

    public string? Heatmap { get; init; }

    public string? Npy { get; init; }

    /// <summary>Whether the text was too long, so that only its beginning counts.</summary>
    public bool Truncated { get; init; }

    /// <summary>The same with the box and the connected parts of its mask.</summary>
    public PromptResult WithParts(IReadOnlyList<Component> parts)
    {
        if (parts.Count == 0) return this with { Parts = 0, Components = [] };
        Component all = Component.Around(parts);
        return this with
        {
            Box = [all.X, all.Y, all.Width, all.Height],
            Parts = parts.Count,
            Components = [.. parts.OrderByDescending(p => p.Area).Take(MostComponents)
                .Select(p => new PartResult([p.X, p.Y, p.Width, p.Height], p.Area))],
        };
    }

    /// <summary>All files that were written for it.</summary>
    public IEnumerable<string> Files()
        => ((string?[])[Mask, Binary, CutOut, Heatmap, Npy]).OfType<string>();
}

/// <summary>A connected part of a mask.</summary>
/// <param name="Box">[x, y, width, height] in pixels.</param>
/// <param name="Area">In pixels.</param>
internal sealed record PartResult(IReadOnlyList<int> Box, int Area);
