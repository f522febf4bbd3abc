using System.Runtime.InteropServices;
using ClipSeg.Checkpoints;
using ClipSeg.Onnx;
using ClipSeg.Text;

namespace ClipSeg.Peers;

/// <summary>One network in the form that each engine reads, and inputs for it.</summary>
/// <remarks>In the folder: clipseg, and float32, float32-split, int8 and int8-split as ONNX.</remarks>
internal sealed class PeerModel
{
    private static readonly string[] _prompts =
    [
        "a cat", "a dog", "the sky", "grass", "a red car", "a tree", "a person", "the house", "a window", "water",
    ];

    private readonly string _folder;
    private readonly ClipTokenizer _tokenizer;

    private PeerModel(string folder)
    {
        _folder = folder;
        using Segmenter segmenter = Segmenter.Load(Path.Combine(folder, "clipseg"));
        _tokenizer = new(ModelFiles.ReadVocabulary(segmenter.Checkpoint!, new()));
        Side = segmenter.Preprocessing.Width;
    }

    public string Folder => _folder;

    /// <summary>The side of the pictures it was trained for.</summary>
    public int Side { get; }

    /// <summary>The prompt of a cold start.</summary>
    public static string Prompt => _prompts[0];

    /// <summary>Writes what is not there yet.</summary>
    /// <param name="folder">For all forms.</param>
    /// <param name="source">A model's folder; null for full-size weights that are a formula.</param>
    /// <param name="log">Says what is being written.</param>
    public static PeerModel Prepare(string folder, string? source, Action<string> log)
    {
        string own = Path.Combine(folder, "clipseg");
        if (!Directory.Exists(own))
        {
            log($"Writing {own}");
            Directory.CreateDirectory(folder);
            if (source is null) FullSize.Write(own);
            else Copy(source, own);
        }
        foreach (OnnxType type in (OnnxType[])[OnnxType.Float32, OnnxType.Int8])
        {
            foreach (bool split in (bool[])[false, true])
            {
                string target = Path.Combine(folder, $"{type}".ToLowerInvariant() + (split ? "-split" : ""));
                if (Directory.Exists(target)) continue;
                log($"Writing {target}");
                using Segmenter segmenter = Segmenter.Load(own);
                OnnxFolder.Write(segmenter, target, type, split);
            }
        }
        return new(folder);
    }

    /// <summary>Pictures of noise with the first prompts.</summary>
    public PeerWork Work(int pictures, int prompts, int side)
    {
        string file = Path.Combine(_folder, FormattableString.Invariant($"noise-{pictures}x{side}.f32"));
        float[] pixels = new float[pictures * 3 * side * side];
        Random random = new(42);
        for (int i = 0; i < pixels.Length; i++) pixels[i] = 4 * random.NextSingle() - 2;
        File.WriteAllBytes(file, MemoryMarshal.AsBytes(pixels.AsSpan()));
        return new(file, pictures, side, Ids(prompts));
    }

    /// <summary>The tokens of the first prompts.</summary>
    public int[][] Ids(int prompts) => [.. _prompts.Take(prompts).Select(p => _tokenizer.Encode(p).Ids)];

    /// <summary>Copies files that may be replaced later, so that all forms are of one model.</summary>
    private static void Copy(string source, string target)
    {
        Directory.CreateDirectory(target);
        foreach (string file in Directory.GetFiles(source))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
    }
}
