using System.Text.Json;

namespace ClipSeg.Jobs;

/// <summary>A picture of a job, and a line of its manifest.</summary>
/// <param name="Index">Its number, from 0.</param>
/// <param name="Key">In the store.</param>
/// <param name="Bytes">Of its file, when the job was submitted.</param>
/// <param name="Version">Of its file, when the job was submitted.</param>
internal sealed record JobPicture(int Index, string Key, long Bytes, string Version);

/// <summary>A message: the pictures that are worked on, and acknowledged, together.</summary>
/// <param name="Job">The job's id.</param>
/// <param name="Unit">A shard, or one picture of one that is tried alone.</param>
/// <param name="First">The first picture's number; those of the others follow.</param>
/// <param name="Keys">Of the pictures, in the store.</param>
internal sealed record ShardMessage(string Job, string Unit, int First, IReadOnlyList<string> Keys)
{
    /// <summary>The most pictures of a message.</summary>
    public const int MostPictures = 64;

    /// <summary>Whether it can be a message of ours; anybody may send some.</summary>
    public bool IsSane => StoreKeys.IsJob(Job) && StoreKeys.IsUnit(Unit) && First >= 0
        && Keys.Count is >= 1 and <= MostPictures;

    /// <summary>A message for each of its pictures.</summary>
    public IEnumerable<ShardMessage> Singles() => Keys.Select((key, i) => new ShardMessage(
        Job, StoreKeys.Single(StoreKeys.ShardOf(Unit), First + i), First + i, [key]));
}

/// <summary>What became of a message's pictures. Where there is one, the work is done, whoever did it.</summary>
/// <param name="Kernels">What the network was computed with.</param>
/// <param name="Precision">f32, bf16 or int8.</param>
/// <param name="Pictures">In their order.</param>
internal sealed record Receipt(string Unit, string Kernels, string Precision, IReadOnlyList<ReceiptLine> Pictures);

/// <summary>What became of a picture.</summary>
/// <param name="Index">Its number in the job.</param>
/// <param name="Failed">Whether it could not be read; then the result says why.</param>
/// <param name="Result">The line that <c>clipseg segment --json</c> prints, with names in the store.</param>
internal sealed record ReceiptLine(int Index, bool Failed, JsonElement Result);

/// <summary>What is told to whoever watches when a receipt is written.</summary>
internal sealed record JobEvent(string Job, string Unit, int Pictures, int Failed);
