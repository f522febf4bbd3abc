using ClipSeg.Imaging;

namespace ClipSeg.Server;

/// <summary>A mask as Label Studio's brush stores it: the bytes of a RGBA picture, in thi.ng's rle-pack.</summary>
/// <remarks>
/// Most significant bits first: 32 bits for how many values there are, 5 for their width less 1, four times 4 for the
/// widths of run lengths less 1; then runs: a 1, two bits that say which width, the length less 1 in that width, and
/// the value. What begins with a 0 lists values instead, here one at a time.
/// </remarks>
internal sealed class BrushRle
{
    private const int ValueWidth = 8, Channels = 4;

    private static readonly int[] _widths = [3, 4, 8, 16];

    private readonly List<byte> _bytes = [];
    private int _free;      // bits of the last byte that are not written yet

    /// <summary>The bytes of a mask's pixels, set (above 0.5) or not, in all four channels.</summary>
    public static byte[] Of(Mask mask)
    {
        BrushRle packed = new((long)mask.Values.Length * Channels);
        for (int start = 0, end; start < mask.Values.Length; start = end)
        {
            bool set = mask.Values[start] > 0.5f;
            for (end = start + 1; end < mask.Values.Length && mask.Values[end] > 0.5f == set;) end++;
            packed.Run((long)(end - start) * Channels, set ? byte.MaxValue : (byte)0);
        }
        return packed.Bytes();
    }

    /// <summary>The bytes of any values.</summary>
    public static byte[] Of(ReadOnlySpan<byte> values)
    {
        BrushRle packed = new(values.Length);
        for (int start = 0, end; start < values.Length; start = end)
        {
            for (end = start + 1; end < values.Length && values[end] == values[start];) end++;
            packed.Run(end - start, values[start]);
        }
        return packed.Bytes();
    }

    private BrushRle(long count)
    {
        Write((uint)count, 32);
        Write(ValueWidth - 1, 5);
        foreach (int width in _widths) Write((uint)width - 1, 4);
    }

    private void Run(long length, byte value)
    {
        while (length > 0)
        {
            int here = (int)Math.Min(length, 1 << _widths[^1]);
            if (here == 1) Write(0, 1 + 2 + _widths[0]);
            else
            {
                int which = Array.FindIndex(_widths, width => here <= 1 << width);
                Write(1, 1);
                Write((uint)which, 2);
                Write((uint)here - 1, _widths[which]);
            }
            Write(value, ValueWidth);
            length -= here;
        }
    }

    /// <summary>With a whole byte of padding where the last one is full, as their writer has it.</summary>
    private byte[] Bytes() => _free == 0 ? [.. _bytes, 0] : [.. _bytes];

    private void Write(uint value, int bits)
    {
        while (bits > 0)
        {
            if (_free == 0)
            {
                _bytes.Add(0);
                _free = 8;
            }
            int count = Math.Min(bits, _free);
            uint part = (value >> (bits - count)) & ((1u << count) - 1);
            _bytes[^1] |= (byte)(part << (_free - count));
            _free -= count;
            bits -= count;
        }
    }
}
