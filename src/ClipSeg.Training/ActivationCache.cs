using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using ClipSeg.Files;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Training.Data;
using Microsoft.Win32.SafeHandles;

namespace ClipSeg.Training;

/// <summary>
/// What CLIP says about the pictures of a data set, on disk in half precision: it runs once for each of them.
/// </summary>
/// <remarks>
/// The file is a header of text lines, which say what it was made for, and a record for each picture: the SHA-256 of
/// its values, then the values, float16 [S, T, C] in the machine's byte order. A record whose digest does not fit has
/// not been written, or not to its end. Several threads, and several runs, may use a file at once.
/// </remarks>
internal sealed class ActivationCache : IDisposable
{
    private const string Title = "clipseg activations 1";
    private const int Digest = SHA256.HashSizeInBytes, LargestHeader = 1 << 12, HashedAtOnce = 1 << 16;

    private readonly SafeFileHandle _file;
    private readonly Dictionary<long, int> _records = [];
    private readonly int _headerBytes, _values;

    /// <summary>Opens the file, or creates it.</summary>
    /// <param name="path">A file; its folder is created.</param>
    /// <param name="model">Only its vision tower counts.</param>
    /// <param name="preprocessing">How pictures are normalised.</param>
    /// <param name="data">Pictures in files.</param>
    /// <param name="recipe">One that does not crop; its size counts.</param>
    /// <exception cref="RecipeException">These pictures are not the same every time.</exception>
    /// <exception cref="CheckpointException">The file was made for something else, or is damaged.</exception>
    public ActivationCache(
        string path, ClipSegModel model, Preprocessing preprocessing, SegmentationData data, TrainRecipe recipe)
    {
        if (recipe.Crop)
            throw new RecipeException("An activation cache needs crop false: a random crop is new every time.");
        string pictures = HashOf(data);
        int size = recipe.Size ?? preprocessing.Height;
        int grid = size / model.Config.PatchSize;
        _values = checked((grid * grid + 1) * model.Config.Vision.Width);
        byte[] header = Encoding.UTF8.GetBytes($"""
            {Title}
            size {size}
            layers {string.Join(',', model.Config.ExtractLayers)}
            model {HashOf(model, preprocessing)}
            pictures {pictures}

            """.ReplaceLineEndings("\n"));
        _headerBytes = header.Length;
        Layers = model.Config.ExtractLayers.Count;
        long length = header.Length + _records.Count * RecordBytes;

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        if (!File.Exists(path)) Create(path, header, length);
        _file = File.OpenHandle(
            path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, FileOptions.RandomAccess);
        try
        {
            Check(path, header, length);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    private int Layers { get; }

    private long RecordBytes => Digest + (long)Layers * _values * sizeof(ushort);

    /// <summary>Reads a picture's activations; false if they are not here yet.</summary>
    /// <param name="group">The picture (<see cref="SegmentationSample.Group"/>).</param>
    /// <param name="activations">[U, T, C] for each extracted layer.</param>
    /// <param name="row">Which of the U is filled.</param>
    public bool Read(long group, Tensor[] activations, int row)
    {
        int length = (int)RecordBytes;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Span<byte> record = buffer.AsSpan(0, length), values = record[Digest..];
            if (RandomAccess.Read(_file, record, OffsetOf(group)) < length
                || !record[..Digest].SequenceEqual(SHA256.HashData(values))) return false;
            ReadOnlySpan<Half> halves = MemoryMarshal.Cast<byte, Half>(values);
            for (int s = 0; s < activations.Length; s++)
            {
                Span<float> y = activations[s].Data.Slice(row * _values, _values);
                for (int i = 0; i < y.Length; i++) y[i] = (float)halves[s * _values + i];
            }
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// Keeps a picture's activations, and rounds them as <see cref="Read"/> will give them back: what is trained on
    /// does not depend on what was here already.
    /// </summary>
    public void Write(long group, Tensor[] activations, int row)
    {
        int length = (int)RecordBytes;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Span<byte> record = buffer.AsSpan(0, length), values = record[Digest..];
            Span<Half> halves = MemoryMarshal.Cast<byte, Half>(values);
            for (int s = 0; s < activations.Length; s++)
            {
                Span<float> x = activations[s].Data.Slice(row * _values, _values);
                for (int i = 0; i < x.Length; i++)
                {
                    halves[s * _values + i] = (Half)x[i];
                    x[i] = (float)halves[s * _values + i];
                }
            }
            SHA256.HashData(values, record);
            RandomAccess.Write(_file, record, OffsetOf(group));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Dispose() => _file.Dispose();

    private long OffsetOf(long group) => _headerBytes + _records[group] * RecordBytes;

    /// <summary>The file appears with all its room; most file systems give that to it only as it is filled.</summary>
    private static void Create(string path, byte[] header, long length) => OutputFile.Write(path, file =>
    {
        file.Write(header);
        file.SetLength(length);
    });

    private void Check(string path, byte[] header, long length)
    {
        byte[] start = new byte[Math.Min(LargestHeader, RandomAccess.GetLength(_file))];
        int read = RandomAccess.Read(_file, start, 0);
        string[] found = Encoding.UTF8.GetString(start, 0, read).Split('\n');
        string[] wanted = Encoding.UTF8.GetString(header).Split('\n');
        if (found[0] != Title)
            throw new CheckpointException($"'{path}' is no activation cache: name another folder for it.");
        for (int i = 1; i < wanted.Length - 1; i++)
        {
            if (i >= found.Length || found[i] != wanted[i])
            {
                throw new CheckpointException($"'{path}' was made for other {wanted[i].Split(' ')[0]} than this run "
                    + $"({wanted[i]}): delete it, or name another folder.");
            }
        }
        if (RandomAccess.GetLength(_file) != length)
        {
            throw new CheckpointException(
                $"'{path}' has {RandomAccess.GetLength(_file)} bytes, expected {length}: it is damaged, delete it.");
        }
    }

    /// <summary>Of the vision tower and of how its input is made.</summary>
    private static string HashOf(ClipSegModel model, Preprocessing preprocessing)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(
            $"{model.Config.Vision} {preprocessing.Rescale:R} {List(preprocessing.Mean)} {List(preprocessing.Std)}"));
        float[] values = new float[HashedAtOnce];
        foreach (Parameter p in model.Weights.Parameters)
        {
            if (p.Part != Part.Vision || p.Role == Role.Projection) continue;
            int length = Tensor.Count(p.Shape);
            for (int first = 0; first < length; first += values.Length)
            {
                Span<float> part = values.AsSpan(0, Math.Min(values.Length, length - first));
                p.Read(first, part);
                hash.AppendData(MemoryMarshal.AsBytes(part));
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        static string List(IReadOnlyList<float> values) => string.Join(' ', values.Select(v => v.ToString("R")));
    }

    /// <summary>Of the files' names, sizes and times; numbers the pictures on the way.</summary>
    private string HashOf(SegmentationData data)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < data.Count; i++)
        {
            if (!_records.TryAdd(data.GroupOf(i), _records.Count)) continue;
            FileInfo file = new(data.PictureFile(i) ?? throw new RecipeException(
                "An activation cache needs pictures in files: those of this data set are drawn, new ones every time."));
            string seen = file.Exists ? $"{file.Length} {file.LastWriteTimeUtc.Ticks}" : "missing";
            hash.AppendData(Encoding.UTF8.GetBytes($"{data.GroupOf(i)} {file.Name} {seen}\n"));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
