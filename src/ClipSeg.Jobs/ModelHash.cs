using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Model;

namespace ClipSeg.Jobs;

/// <summary>What a model is, whatever its files are called: two with one hash give the same masks.</summary>
internal static class ModelHash
{
    private const int AtOnce = 1 << 16;

    /// <summary>SHA-256 in hexadecimal digits: of the config, how pictures are read, the vocabulary, and every weight
    /// as float32, by name.</summary>
    /// <exception cref="CheckpointException">There is no vocabulary, or a weight is not finite.</exception>
    public static string Of(Checkpoint model)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(JsonSerializer.Serialize(model.Config.ToFile(), ModelJson.Default.ConfigFile));
        Add(JsonSerializer.Serialize(model.Preprocessing.ToFile(), ModelJson.Default.PreprocessorFile));
        foreach (string symbol in ModelFiles.ReadVocabulary(model, new()).Symbols) Add(symbol);
        float[] values = new float[AtOnce];
        foreach ((string name, StoredTensor tensor) in model.Tensors.OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            Add($"{name} {string.Join('x', tensor.Shape.ToArray())}");
            for (int first = 0; first < tensor.Length; first += AtOnce)
            {
                Span<float> part = values.AsSpan(0, Math.Min(AtOnce, tensor.Length - first));
                tensor.Read(first, part);
                hash.AppendData(MemoryMarshal.AsBytes(part));
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Add(string text) => hash.AppendData(Encoding.UTF8.GetBytes($"{text}\n"));
    }
}
