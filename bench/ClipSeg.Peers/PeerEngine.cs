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
    /// <summary>What others are compared with, in float32 and in int8.</summary>
    public const string OnnxFloat = "onnxruntime float32", OnnxInt8 = "onnxruntime int8";

    /// <param name="program">Of bench/ClipSeg.Peers.</param>
    public static PeerEngine Ours(string precision, string program)
        => new($"clipseg {precision}", precision, "clipseg", [program, "clipseg", precision],
            IsOurs: true, IsSplit: false);

    /// <summary>ONNX Runtime in .NET, with its own session options and with the best ones.</summary>
    /// <param name="program">Of bench/ClipSeg.Peers.</param>
    public static IEnumerable<PeerEngine> Onnx(string program)
    {
        string[] plain = [program, "onnx", "default"], tuned = [program, "onnx", "tuned"];
        foreach (string type in (string[])["float32", "int8"])
        {
            yield return new($"onnxruntime {type}", type, type, plain, false, IsSplit: false);
            yield return new($"onnxruntime {type} tuned", type, type, tuned, false, IsSplit: false);
            yield return new($"onnxruntime {type} tuned, split", type, $"{type}-split", tuned, false, IsSplit: true);
        }
    }

    /// <summary>Transformers.js, in Node.js.</summary>
    /// <param name="scripts">The folder bench/peers.</param>
    public static IEnumerable<PeerEngine> InNode(string scripts)
    {
        string[] program = ["node", Path.Combine(scripts, "transformers.mjs")];
        foreach (string type in (string[])["float32", "int8"])
            yield return new($"transformers.js {type}", type, type, program, false, IsSplit: false);
    }

    /// <summary>PyTorch, in Python, on the weights that ClipSeg reads.</summary>
    /// <param name="scripts">The folder bench/peers.</param>
    public static PeerEngine InPython(string scripts) => new("pytorch float32", "float32", "clipseg",
        [Python, Path.Combine(scripts, "pytorch.py")], IsOurs: false, IsSplit: false);

    /// <summary>Debian's where that has PyTorch, which another one, first in the path, may hide.</summary>
    public static string Python
        => Directory.Exists("/usr/lib/python3/dist-packages/torch") ? "/usr/bin/python3" : "python3";
}
