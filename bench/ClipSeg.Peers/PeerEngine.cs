namespace ClipSeg.Peers;

/// <summary>A program that segments: how it is started, and which of a model's files it reads.</summary>
/// <param name="Name">Who, with which weights.</param>
/// <param name="Precision">Of ours: f32, bf16 or int8; of the others, the type of the exported weights.</param>
/// <param name="Folder">Below the model's folder.</param>
/// <param name="Program">Is started once for each model; see <see cref="PeerProcess"/>.</param>
/// <param name="IsOurs">Whether it is ClipSeg.</param>
/// <param name="IsSplit">Whether it has the three graphs instead of the whole one.</param>
internal sealed record PeerEngine(
    string Name, string Precision, string Folder, IReadOnlyList<string> Program, bool IsOurs, bool IsSplit)
{
    /// <summary>What ours in float32 and bfloat16 are compared with; others are compared with both.</summary>
    public const string OnnxFloat = "onnxruntime-node float32", OnnxInt8 = "onnxruntime-node int8";

    public static PeerEngine Ours(string precision, IReadOnlyList<string> program)
        => new($"clipseg {precision}", precision, "clipseg", program, IsOurs: true, IsSplit: false);

    /// <summary>The engines that run in Node.js.</summary>
    /// <param name="scripts">The folder bench/peers.</param>
    public static IEnumerable<PeerEngine> InNode(string scripts)
    {
        string[] onnx = ["node", Path.Combine(scripts, "onnxruntime.mjs")];
        string[] transformers = ["node", Path.Combine(scripts, "transformers.mjs")];
        foreach (string type in (string[])["float32", "int8"])
        {
            yield return new($"onnxruntime-node {type}", type, type, onnx, false, IsSplit: false);
            yield return new($"onnxruntime-node {type}, split", type, $"{type}-split", onnx, false, IsSplit: true);
            yield return new($"transformers.js {type}", type, type, transformers, false, IsSplit: false);
        }
    }
}
