using ClipSeg.Imaging;
using ClipSeg.Jobs;
using ClipSeg.Numerics;

namespace ClipSeg.Server;

/// <summary>What <c>POST /v1/jobs</c> is asked: what is looked for in all pictures of a folder.</summary>
/// <remarks>Set, not init: generated readers of JSON put null in place of what init properties begin with.</remarks>
internal sealed record JobRequest
{
    /// <summary>A folder of the service's store, with all below it, such as <c>photos/2026</c>; by default all of the
    /// store.</summary>
    public string Folder { get; set; } = "";

    /// <summary>What to find, in words or as expressions: at least one.</summary>
    public IReadOnlyList<string> Prompts { get; set; } = [];

    /// <summary>What none of the prompts means: <c>prompt AND NOT (negative OR ...)</c>.</summary>
    public IReadOnlyList<string> Negatives { get; set; } = [];

    /// <summary>One of <c>GET /v1/models</c>; by default the first.</summary>
    public string? Model { get; set; }

    /// <summary>What matrix products multiply: f32, bf16 or int8.</summary>
    public string Precision { get; set; } = PrecisionNames.All[0];

    /// <summary>The side in pixels that pictures are read at, a multiple of the model's patch size.</summary>
    public int? Size { get; set; }

    /// <summary>Whether large pictures are read in overlapping tiles beside.</summary>
    public bool Fine { get; set; }

    /// <summary>Which files are written of each picture; with none, results are told alone.</summary>
    public IReadOnlyList<ResultKind> Save { get; set; } = [ResultKind.Mask];

    /// <summary>What is done to the masks.</summary>
    public MaskEdits Tools { get; set; } = new();

    /// <summary>The score from which a prompt counts as found; by default the model's own, and files are written of all
    /// prompts.</summary>
    public float? MinScore { get; set; }

    /// <summary>Whether masks are told as COCO's run lengths as well.</summary>
    public bool Rle { get; set; }

    /// <summary>How many pictures a message of the queue is, 16 to 64.</summary>
    public int Shard { get; set; } = JobDesk.UsualShard;
}

/// <summary>What <c>POST /v1/jobs</c> answers.</summary>
/// <param name="Job">The job's name.</param>
/// <param name="Published">How many messages were put into the queue now.</param>
/// <param name="New">Whether it is the first time.</param>
internal sealed record SubmitAnswer(string Job, int Pictures, int Shards, int Published, bool New);

/// <summary>What <c>GET /v1/jobs</c> answers.</summary>
/// <param name="Jobs">In the order of their names.</param>
/// <param name="More">Whether there are others.</param>
internal sealed record JobsAnswer(IReadOnlyList<JobAnswer> Jobs, bool More);

/// <summary>A job of the store.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Pictures">How many there are.</param>
internal sealed record JobAnswer(
    string Id, string Model, IReadOnlyList<string> Prompts, IReadOnlyList<string> Negatives, int Pictures);

/// <summary>What <c>POST /v1/jobs/{id}/retry</c> answers.</summary>
/// <param name="Job">The job's name.</param>
/// <param name="Published">How many messages were put into the queue.</param>
internal sealed record RetryAnswer(string Job, int Published);
