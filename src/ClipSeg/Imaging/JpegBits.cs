using System.Buffers.Binary;

namespace ClipSeg.Imaging;

/// <summary>The entropy-coded bits of one scan: undoes byte stuffing and stops at the next marker.</summary>
internal ref struct JpegBits
{
    private readonly ReadOnlySpan<byte> _data;
    private readonly string _subject;
    private ulong _bits;        // the next bit is the highest
    private int _count;         // bits that are valid, zeros past a marker included
    private int _padding;       // of all bits ever added, the zeros past a marker

    /// <param name="data">The whole file.</param>
    /// <param name="position">Where the scan's first byte is.</param>
    /// <param name="subject">What error messages begin with.</param>
    public JpegBits(ReadOnlySpan<byte> data, int position, string subject)
    {
        _data = data;
        Position = position;
        _subject = subject;
    }

    /// <summary>The next byte to look at; after the last bits of a scan, that of the marker.</summary>
    public int Position { get; private set; }

    /// <summary>The next symbol, of a table.</summary>
    public int Symbol(JpegHuffman table)
    {
        if (_count < 32) Fill();
        int entry = table.Fast[_bits >> (64 - JpegHuffman.FastBits)];
        if (entry == 0) entry = table.Slow((int)(_bits >> 48));
        if (entry == 0) throw Error($"no Huffman code fits near byte {Position}");
        Skip(entry >> 8);
        return entry & 255;
    }

    /// <summary>The next bits as a number.</summary>
    /// <param name="count">1 to 16.</param>
    public int Read(int count)
    {
        if (_count < 32) Fill();
        int value = (int)(_bits >> (64 - count));
        Skip(count);
        return value;
    }

    /// <summary>A signed value of so many bits (T.81, F.2.2.1: EXTEND); 0 for none.</summary>
    /// <param name="count">0 to 15.</param>
    public int ReadSigned(int count)
    {
        if (count == 0) return 0;
        int value = Read(count);
        return value < 1 << (count - 1) ? value - (1 << count) + 1 : value;
    }

    /// <summary>Throws if bits were read that the scan does not have.</summary>
    public readonly void CheckNotExhausted()
    {
        if (_count < _padding) throw Error($"the scan ends early, at byte {Position}");
    }

    /// <summary>Drops what is left of the byte and reads the restart marker that must come next.</summary>
    /// <param name="number">The marker's number, 0 to 7.</param>
    public void ReadRestart(int number)
    {
        while (Position < _data.Length - 1 && _data[Position] == 0xFF && _data[Position + 1] == 0xFF) Position++;
        if (Position > _data.Length - 2 || _data[Position] != 0xFF || _data[Position + 1] != 0xD0 + number)
            throw Error($"restart marker {number} is missing at byte {Position}");
        Position += 2;
        (_bits, _count, _padding) = (0, 0, 0);
    }

    private void Skip(int count)
    {
        _bits <<= count;
        _count -= count;
    }

    private void Fill()
    {
        if (Position <= _data.Length - 8)
        {
            ulong next = BinaryPrimitives.ReadUInt64BigEndian(_data[Position..]);
            bool hasMarker = ((~next - 0x0101010101010101) & next & 0x8080808080808080) != 0;
            if (!hasMarker)
            {
                // Bits of a byte that does not fit whole are set too: the next fill sets the same bits again.
                _bits |= next >> _count;
                Position += (63 - _count) >> 3;
                _count |= 56;
                return;
            }
        }
        while (_count <= 56)
        {
            bool marker = Position >= _data.Length
                || _data[Position] == 0xFF && (Position + 1 >= _data.Length || _data[Position + 1] != 0);
            if (marker)
            {
                _padding += 64 - _count;
                _count = 64;
                return;
            }
            _bits |= (ulong)_data[Position] << (56 - _count);
            Position += _data[Position] == 0xFF ? 2 : 1;
            _count += 8;
        }
    }

    public readonly ImageFormatException Error(string what) => new($"{_subject}: {what}.");
}
