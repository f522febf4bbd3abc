using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace ClipSeg.Text;

/// <summary>UTF-8 that is refused where it is broken, not repaired.</summary>
internal static class StrictUtf8
{
    /// <summary>Decodes, without the byte order mark; false with the offset of the first byte that is wrong.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out string text, out int offset)
    {
        int mark = bytes.StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
        char[] chars = new char[bytes.Length - mark];
        OperationStatus status = Utf8.ToUtf16(
            bytes[mark..], chars, out int read, out int written, replaceInvalidSequences: false);
        (text, offset) = (new(chars, 0, written), mark + read);
        return status == OperationStatus.Done;
    }

    /// <summary>All of a stream, or null if it has more than <paramref name="limit"/> bytes.</summary>
    public static byte[]? ReadAtMost(Stream stream, int limit)
    {
        using MemoryStream all = new();
        byte[] buffer = new byte[1 << 16];
        for (int n; (n = stream.Read(buffer)) > 0;)
        {
            if (all.Length + n > limit) return null;
            all.Write(buffer, 0, n);
        }
        return all.ToArray();
    }
}
