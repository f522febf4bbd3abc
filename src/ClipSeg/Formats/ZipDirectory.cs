using System.Buffers.Binary;
using System.Text;

namespace ClipSeg.Formats;

/// <summary>Where the uncompressed files in a zip archive are, so that they can be read in place.</summary>
/// <remarks>Spec: formats.md §9.1. Sizes come from the central directory; zip64 is understood.</remarks>
internal sealed class ZipDirectory
{
    private const uint EndSignature = 0x06054b50, End64Signature = 0x06064b50, Locator64Signature = 0x07064b50;
    private const uint EntrySignature = 0x02014b50, LocalSignature = 0x04034b50;
    private const int EndBytes = 22, End64Bytes = 56, Locator64Bytes = 20, EntryBytes = 46, LocalBytes = 30;
    private const int MaxDirectoryBytes = 1 << 24;
    private const ushort Zip64Field = 1;
    private const ushort EncryptedFlag = 1;

    private readonly BinaryFile _file;
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    private ZipDirectory(BinaryFile file) => _file = file;

    private readonly record struct Entry(long Header, long Size, bool Readable);

    /// <summary>Bytes of the archive that are the content of one file in it.</summary>
    public readonly record struct Content(long Start, long Length);

    public IEnumerable<string> Names => _entries.Keys;

    public static ZipDirectory Read(BinaryFile file)
    {
        ZipDirectory directory = new(file);
        byte[] bytes = directory.ReadDirectory();
        directory.ReadEntries(bytes);
        return directory;
    }

    /// <summary>The content of the file called <paramref name="name"/>; null if there is none.</summary>
    public Content? Find(string name)
    {
        if (!_entries.TryGetValue(name, out Entry entry)) return null;
        string quoted = BinaryFile.Quote(name);
        if (!entry.Readable) throw _file.Error($"has {quoted} compressed or encrypted; PyTorch stores it as it is");
        if (entry.Header > _file.Length - LocalBytes) throw _file.Error($"has {quoted} beyond its end");

        ReadOnlySpan<byte> local = _file.ReadBytes(entry.Header, LocalBytes);
        if (BinaryPrimitives.ReadUInt32LittleEndian(local) != LocalSignature)
            throw _file.Error($"has no entry at {entry.Header}, where {quoted} should be");
        long start = entry.Header + LocalBytes + UInt16(local, 26) + UInt16(local, 28);
        if (start > _file.Length || entry.Size > _file.Length - start)
            throw _file.Error($"has {quoted} beyond its end");
        return new(start, entry.Size);
    }

    /// <summary>Finds the record at the end of the archive and reads the directory that it points to.</summary>
    private byte[] ReadDirectory()
    {
        long tailStart = Math.Max(0, _file.Length - EndBytes - ushort.MaxValue);
        ReadOnlySpan<byte> tail = _file.ReadBytes(tailStart, (int)(_file.Length - tailStart));
        int at = tail.Length - EndBytes;
        while (at >= 0 && UInt32(tail, at) != EndSignature) at--;
        if (at < 0) throw _file.Error("is a zip archive without its directory; the download may be incomplete");

        ulong size = UInt32(tail, at + 12), offset = UInt32(tail, at + 16);
        if (at >= Locator64Bytes && UInt32(tail, at - Locator64Bytes) == Locator64Signature)
        {
            ulong end64 = UInt64(tail, at - Locator64Bytes + 8);
            if (end64 > (ulong)(tailStart + at) - End64Bytes) throw _file.Error("has a damaged zip64 directory");
            ReadOnlySpan<byte> record = _file.ReadBytes((long)end64, End64Bytes);
            if (UInt32(record, 0) != End64Signature) throw _file.Error("has a damaged zip64 directory");
            (size, offset) = (UInt64(record, 40), UInt64(record, 48));
        }
        ulong length = (ulong)_file.Length;
        if (size > MaxDirectoryBytes || offset > length || size > length - offset)
            throw _file.Error($"has a zip directory of {size} bytes at {offset}, which is too long or beyond its end");
        return _file.ReadBytes((long)offset, (int)size);
    }

    private void ReadEntries(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (bytes.Length < EntryBytes || UInt32(bytes, 0) != EntrySignature) throw Damaged();
            ushort flags = UInt16(bytes, 8), method = UInt16(bytes, 10);
            ulong packed = UInt32(bytes, 20), size = UInt32(bytes, 24), header = UInt32(bytes, 42);
            int nameBytes = UInt16(bytes, 28), extraBytes = UInt16(bytes, 30), commentBytes = UInt16(bytes, 32);
            bytes = bytes[EntryBytes..];
            if (bytes.Length < nameBytes + extraBytes + commentBytes) throw Damaged();
            string name = Encoding.UTF8.GetString(bytes[..nameBytes]);
            ReadZip64(bytes.Slice(nameBytes, extraBytes), ref size, ref packed, ref header);
            bytes = bytes[(nameBytes + extraBytes + commentBytes)..];

            if (size > long.MaxValue || header > long.MaxValue) throw Damaged();
            Entry entry = new((long)header, (long)size, method == 0 && (flags & EncryptedFlag) == 0 && packed == size);
            if (!_entries.TryAdd(name, entry)) throw _file.Error($"has two entries called {BinaryFile.Quote(name)}");
        }
    }

    /// <summary>Numbers that did not fit into 32 bits are in an extra field, in this order.</summary>
    private void ReadZip64(ReadOnlySpan<byte> extra, ref ulong size, ref ulong packed, ref ulong header)
    {
        while (extra.Length >= 4)
        {
            int length = UInt16(extra, 2);
            if (length > extra.Length - 4) throw Damaged();
            if (UInt16(extra, 0) == Zip64Field)
            {
                ReadOnlySpan<byte> field = extra.Slice(4, length);
                Widen(ref size, ref field);
                Widen(ref packed, ref field);
                Widen(ref header, ref field);
            }
            extra = extra[(4 + length)..];
        }
    }

    private void Widen(ref ulong value, ref ReadOnlySpan<byte> field)
    {
        if (value != uint.MaxValue) return;
        if (field.Length < sizeof(ulong)) throw Damaged();
        value = UInt64(field, 0);
        field = field[sizeof(ulong)..];
    }

    private CheckpointException Damaged() => _file.Error("has a damaged zip directory");

    private static ushort UInt16(ReadOnlySpan<byte> x, int at) => BinaryPrimitives.ReadUInt16LittleEndian(x[at..]);

    private static uint UInt32(ReadOnlySpan<byte> x, int at) => BinaryPrimitives.ReadUInt32LittleEndian(x[at..]);

    private static ulong UInt64(ReadOnlySpan<byte> x, int at) => BinaryPrimitives.ReadUInt64LittleEndian(x[at..]);
}
