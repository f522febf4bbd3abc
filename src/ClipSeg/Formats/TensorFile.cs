using System.Text.Json;

namespace ClipSeg.Formats;

/// <summary>Tensors from a file of either format, told apart by content; or from the parts of a divided one.</summary>
internal sealed class TensorFile : IDisposable
{
    private const int MaxParts = 1000;

    private readonly IDisposable[] _files;

    private TensorFile(IReadOnlyDictionary<string, StoredTensor> tensors, string kind, params IDisposable[] files)
        => (Tensors, Kind, _files) = (tensors, kind, files);

    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>For example "safetensors" or "TorchScript".</summary>
    public string Kind { get; }

    public static TensorFile Open(string path)
    {
        byte[] head = ReadHead(path);
        if (head.Length == 0)
            throw new CheckpointException($"File '{path}' is empty; a download or a copy of it has broken off.");
        if (head.Length > sizeof(long) && head[sizeof(long)] == '{')
        {
            SafeTensorsFile safeTensors = SafeTensorsFile.Open(path);
            return new(safeTensors.Tensors, "safetensors", safeTensors);
        }
        if (head.AsSpan().StartsWith("version https://git-lfs"u8))
            throw new CheckpointException($"File '{path}' is a Git LFS pointer, not the model; run 'git lfs pull'.");
        if (head.AsSpan().TrimStart(" \t\r\n"u8).StartsWith("<"u8))
            throw new CheckpointException($"File '{path}' is a web page, not a model; download the file itself.");
        PyTorchFile pyTorch = PyTorchFile.Open(path);
        return new(pyTorch.Tensors, pyTorch.Kind, pyTorch);
    }

    /// <summary>The parts that an index (model.safetensors.index.json) names.</summary>
    public static TensorFile OpenParts(string indexPath)
    {
        Dictionary<string, TensorFile> parts = new(StringComparer.Ordinal);
        try
        {
            Dictionary<string, StoredTensor> tensors = new(StringComparer.Ordinal);
            if (!JsonText.ReadObject(indexPath).TryGetProperty("weight_map", out JsonElement map)
                || map.ValueKind != JsonValueKind.Object)
            {
                throw new CheckpointException($"File '{indexPath}' has no 'weight_map'.");
            }
            foreach (JsonProperty entry in map.EnumerateObject())
            {
                if (entry.Value.ValueKind != JsonValueKind.String || !IsPlainName(entry.Value.GetString()!))
                    throw new CheckpointException($"File '{indexPath}' names no file for tensor '{entry.Name}'.");
                string name = entry.Value.GetString()!;
                if (!parts.TryGetValue(name, out TensorFile? part))
                {
                    if (parts.Count == MaxParts)
                        throw new CheckpointException($"File '{indexPath}' names more than {MaxParts} files.");
                    parts.Add(name, part = Open(Path.Combine(Path.GetDirectoryName(indexPath)!, name)));
                }
                if (!part.Tensors.TryGetValue(entry.Name, out StoredTensor? tensor))
                    throw new CheckpointException($"File '{indexPath}' expects tensor '{entry.Name}' in '{name}'.");
                tensors.Add(entry.Name, tensor);
            }
            return new(tensors, $"{parts.Values.FirstOrDefault()?.Kind}, {parts.Count} parts", [.. parts.Values]);
        }
        catch
        {
            foreach (TensorFile part in parts.Values) part.Dispose();
            throw;
        }
    }

    /// <summary>Whether a name stays in its folder.</summary>
    public static bool IsPlainName(string name) => name.Length > 0 && name is not ("." or "..")
        && name.IndexOfAny(['/', '\\', ':', '\0']) < 0;

    public void Dispose()
    {
        foreach (IDisposable file in _files) file.Dispose();
    }

    private static byte[] ReadHead(string path)
    {
        using BinaryFile file = BinaryFile.Open(path);
        return file.ReadBytes(0, (int)Math.Min(file.Length, 64));
    }
}
