using System.Security.Cryptography;
using ClipSeg.Imaging;
using ClipSeg.Numerics;

namespace ClipSeg.Server;

/// <summary>Pictures that were read, for their next prompts: bounded by bytes, and each for a time.</summary>
/// <remarks>An id is a hash of the file: whoever knows it has, or had, the picture. Safe from several
/// threads.</remarks>
internal sealed class PictureCache
{
    private readonly long _maxBytes;
    private readonly TimeSpan _time;
    private readonly TimeProvider _clock;
    private readonly Dictionary<string, LinkedListNode<Picture>> _known = new(StringComparer.Ordinal);
    private readonly LinkedList<Picture> _byUse = [];       // the one used last is first
    private readonly Lock _lock = new();

    /// <param name="maxBytes">Of pixels and activations together.</param>
    /// <param name="time">After a picture's last use.</param>
    public PictureCache(long maxBytes, TimeSpan time, TimeProvider? clock = null)
        => (_maxBytes, _time, _clock) = (maxBytes, time, clock ?? TimeProvider.System);

    public long Bytes { get; private set; }

    public int Count
    {
        get
        {
            lock (_lock) return _known.Count;
        }
    }

    /// <summary>The id of a picture's file.</summary>
    public static string IdOf(ReadOnlySpan<byte> file)
        => $"sha256-{Convert.ToHexStringLower(SHA256.HashData(file))}";

    /// <summary>The picture of an id, if it is still here.</summary>
    public Picture? Find(string id)
    {
        lock (_lock)
        {
            DropOld();
            if (!_known.TryGetValue(id, out LinkedListNode<Picture>? node)) return null;
            Touch(node);
            return node.Value;
        }
    }

    /// <summary>Keeps a picture's activations, and the picture itself if it is new.</summary>
    public void Keep(Picture picture, EncodingKey key, EncodedImage encoded)
    {
        lock (_lock)
        {
            DropOld();
            if (!_known.TryGetValue(picture.Id, out LinkedListNode<Picture>? node))
            {
                node = _known[picture.Id] = _byUse.AddFirst(picture);
                Bytes += picture.Bytes;
            }
            Touch(node);
            if (node.Value.Encodings.TryAdd(key, encoded)) Bytes += Size(encoded);
            while (Bytes > _maxBytes && _byUse.Last is { } last) Drop(last);
        }
    }

    /// <summary>The activations of a picture, if they are still here.</summary>
    public EncodedImage? Encoding(Picture picture, EncodingKey key)
    {
        lock (_lock) return picture.Encodings.GetValueOrDefault(key);
    }

    private static long Size(EncodedImage encoded)
        => encoded.Activations.Sum((Tensor a) => (long)a.Length * sizeof(float)) + encoded.Tiles.Sum(Size);

    private void Touch(LinkedListNode<Picture> node)
    {
        node.Value.Used = _clock.GetUtcNow();
        _byUse.Remove(node);
        _byUse.AddFirst(node);
    }

    private void DropOld()
    {
        DateTimeOffset oldest = _clock.GetUtcNow() - _time;
        while (_byUse.Last is { } last && last.Value.Used < oldest) Drop(last);
    }

    private void Drop(LinkedListNode<Picture> node)
    {
        _byUse.Remove(node);
        _known.Remove(node.Value.Id);
        Bytes -= node.Value.Bytes + node.Value.Encodings.Values.Sum(Size);
    }
}

/// <summary>A picture, decoded, and what models have read of it.</summary>
/// <param name="Id">A hash of its file.</param>
/// <param name="Image">Is not to change.</param>
internal sealed record Picture(string Id, Image Image)
{
    /// <summary>What edges of masks are moved to, unless a request says how far.</summary>
    public Guide Guide { get; } = new(Image);

    /// <summary>Without the encodings.</summary>
    public long Bytes => Image.Pixels.LongLength + (Image.Alpha?.LongLength ?? 0) + Guide.Bytes;

    /// <summary>Guarded by the cache.</summary>
    public Dictionary<EncodingKey, EncodedImage> Encodings { get; } = [];

    /// <summary>Guarded by the cache.</summary>
    public DateTimeOffset Used { get; set; }
}

/// <summary>What activations depend on beside the picture.</summary>
/// <param name="Size">The side that it was read at.</param>
/// <param name="Fine">Whether it was read in tiles beside.</param>
internal readonly record struct EncodingKey(string Model, int Size, bool Fine = false);
