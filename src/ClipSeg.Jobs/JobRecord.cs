using ClipSeg.Imaging;

namespace ClipSeg.Jobs;

/// <summary>A job, as <c>job.json</c> keeps it: all that results depend on.</summary>
/// <param name="Id">Made of all the rest: the same job has the same.</param>
/// <param name="Wishes">What is looked for, and what is written.</param>
/// <param name="Pictures">How many there are.</param>
/// <param name="ShardSize">How many of them are a message, the last of which may have fewer.</param>
/// <param name="Manifest">SHA-256 of the list of pictures, with their sizes and versions.</param>
internal sealed record JobRecord(string Id, JobWishes Wishes, int Pictures, int ShardSize, string Manifest)
{
    public int Shards => (Pictures + ShardSize - 1) / ShardSize;
}

/// <summary>A model by name, and what it has to be.</summary>
/// <param name="Name">As the hub has it, or a folder's name.</param>
/// <param name="Sha256">See <see cref="ModelHash"/>.</param>
internal sealed record JobModel(string Name, string Sha256);

/// <summary>What is looked for in every picture, and what is written of it: what <c>clipseg segment</c> can be
/// asked.</summary>
internal sealed record JobWishes
{
    public required JobModel Model { get; init; }

    /// <summary>Phrases or expressions, at least one.</summary>
    public required IReadOnlyList<string> Prompts { get; init; }

    /// <summary>What is left out of every prompt.</summary>
    public IReadOnlyList<string> Nots { get; init; } = [];

    /// <summary>A sentence with <c>{}</c>, or the name of a list of such; null for the texts as they are.</summary>
    public string? Template { get; init; }

    /// <summary>f32, bf16 or int8.</summary>
    public string Precision { get; init; } = "f32";

    /// <summary>The side that pictures are read at; null for the model's own.</summary>
    public int? Size { get; init; }

    /// <summary>Whether pictures are read in tiles, too.</summary>
    public bool Fine { get; init; }

    /// <summary>Which files are written; with none, results are in the receipts alone.</summary>
    public IReadOnlyList<ResultKind> Save { get; init; } = [ResultKind.Mask];

    /// <summary>.png, .jpg or .webp; null for what is usual.</summary>
    public string? Ending { get; init; }

    /// <summary>0 to 100, of JPEG and WebP.</summary>
    public int Quality { get; init; } = Image.DefaultQuality;

    /// <summary>Under cut-outs: a colour, or <c>blur</c>; null for nothing.</summary>
    public string? Background { get; init; }

    public MaskEdits Edits { get; init; } = new();

    /// <summary>The score from which a prompt counts as found; null judges none.</summary>
    public float? MinScore { get; init; }

    /// <summary>Whether masks are said as run lengths as well.</summary>
    public bool Rle { get; init; }
}
