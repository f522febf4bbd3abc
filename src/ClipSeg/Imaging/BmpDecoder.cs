using System.Numerics;

namespace ClipSeg.Imaging;

/// <summary>Windows and OS/2 bitmaps: 1, 4, 8, 16, 24 and 32 bits, run lengths, bit fields, either row order.</summary>
internal ref struct BmpDecoder
{
    private const int Plain = 0, Runs8 = 1, Runs4 = 2, BitFields = 3, AlphaBitFields = 6;
    private const int FileHeader = 14, CoreHeader = 12, InfoHeader = 40;

    // Two bytes describe at most 255 pixels.
    private const int MaxRunRatio = 128;

    private readonly string _name;
    private readonly int _fileBytes;
    private readonly uint[] _masks = new uint[4];       // red, green, blue, alpha
    private ByteReader _reader;
    private int _width, _height, _bits, _compression, _pixelOffset;
    private bool _topDown;
    private ReadOnlySpan<byte> _palette;
    private int _paletteEntry;                          // bytes a colour

    public BmpDecoder(ReadOnlySpan<byte> data, string name)
    {
        _name = name;
        _fileBytes = data.Length;
        _reader = new(data, $"{name}: damaged BMP");
    }

    public static bool Recognises(ReadOnlySpan<byte> data) => data.StartsWith("BM"u8);

    public Image Decode()
    {
        ReadHeader();
        if (_reader.Position > _pixelOffset)
            throw _reader.Error($"the pixels begin at byte {_pixelOffset}, in the header");
        _reader.Take(_pixelOffset - _reader.Position);

        bool runs = _compression is Runs8 or Runs4;
        long stride = ((long)_width * _bits + 31) / 32 * 4;
        bool fits = runs ? (long)_width * _height <= (long)_fileBytes * MaxRunRatio : stride * _height <= _reader.Left;
        if (!fits) throw _reader.Error($"{_fileBytes} bytes cannot hold {_width}x{_height} pixels of {_bits} bits");

        byte[]? alpha = _bits >= 16 && _masks[3] != 0 ? new byte[_width * _height] : null;
        Image image = new(_width, _height, new byte[_width * _height * 3], alpha);
        if (runs) ReadRuns(image);
        else
        {
            for (int i = 0; i < _height; i++)
                ReadRow(_reader.Take((int)stride), image, (_topDown ? i : _height - 1 - i) * _width);
        }
        return image;
    }

    private void ReadHeader()
    {
        _reader.Take(FileHeader - 4);
        uint offset = _reader.U32();
        uint size = _reader.U32();
        if (size is not (CoreHeader or (>= InfoHeader and <= 124))) throw _reader.Error($"its header has {size} bytes");
        long width, height;
        uint colours = 0;
        if (size == CoreHeader)
        {
            (width, height) = (_reader.U16(), _reader.U16());
            _reader.U16();
            _bits = _reader.U16();
        }
        else
        {
            (width, height) = (_reader.I32(), _reader.I32());
            _reader.U16();
            _bits = _reader.U16();
            uint compression = _reader.U32();
            if (compression is 4 or 5)
                throw new ImageFormatException($"{_name}: BMP around a JPEG or PNG is not supported.");
            _compression = (int)Math.Min(compression, 99);
            _reader.Take(12);
            colours = _reader.U32();
            _reader.U32();
        }
        _topDown = height < 0;
        PictureFile.CheckSize(width, Math.Abs(height), _name);
        (_width, _height) = ((int)width, (int)Math.Abs(height));

        bool known = (_compression, _bits) is (Plain, 1 or 4 or 8 or 16 or 24 or 32) or (Runs8, 8) or (Runs4, 4)
            or (BitFields or AlphaBitFields, 16 or 32);
        if (!known) throw _reader.Error($"compression {_compression} with {_bits} bits a pixel does not exist");
        ReadMasks(size);
        if (_bits <= 8) ReadPalette(size == CoreHeader ? 3 : 4, colours == 0 ? 1u << _bits : colours, offset);
        if (offset > (uint)_fileBytes) throw _reader.Error($"the pixels begin at byte {offset} of {_fileBytes}");
        _pixelOffset = (int)offset;
    }

    /// <summary>Leaves the reader behind the header and the masks.</summary>
    private void ReadMasks(uint size)
    {
        int rest = Math.Max(0, (int)size - InfoHeader);
        if (_compression is not (BitFields or AlphaBitFields))
        {
            _reader.Take(rest);
            ReadOnlySpan<uint> usual = _bits == 16 ? [0x7C00, 0x03E0, 0x001F] : [0xFF0000, 0x00FF00, 0x0000FF];
            usual.CopyTo(_masks);
            return;
        }

        // The first version of the header has the masks behind it, later ones within.
        int count = _compression == AlphaBitFields || rest >= 16 ? 4 : 3;
        for (int i = 0; i < count; i++) _masks[i] = _reader.U32();
        _reader.Take(Math.Max(0, rest - count * 4));
        foreach (uint mask in _masks)
        {
            int low = BitOperations.TrailingZeroCount(mask);
            if (mask != 0 && (BitOperations.PopCount(mask) + low) != 32 - BitOperations.LeadingZeroCount(mask))
                throw _reader.Error($"the bit mask {mask:X8} has gaps");
        }
    }

    private void ReadPalette(int entry, uint colours, uint offset)
    {
        // Some writers count more colours than there is room for before the pixels.
        long room = Math.Max(0, offset - (long)_reader.Position) / entry;
        int count = (int)Math.Min(Math.Min(colours, 256), room);
        _paletteEntry = entry;
        _palette = _reader.Take(count * entry);
    }

    private readonly void ReadRow(ReadOnlySpan<byte> row, Image image, int first)
    {
        Span<byte> rgb = image.Pixels.AsSpan(first * 3, _width * 3);
        if (_bits == 24)
        {
            for (int i = 0; i < rgb.Length; i += 3) (rgb[i], rgb[i + 1], rgb[i + 2]) = (row[i + 2], row[i + 1], row[i]);
            return;
        }
        for (int x = 0; x < _width; x++)
        {
            if (_bits <= 8)
            {
                int index = row[x * _bits >> 3] >> (8 - _bits - (x * _bits & 7)) & ((1 << _bits) - 1);
                SetColour(rgb[(x * 3)..], index);
                continue;
            }
            uint pixel = _bits == 16 ? BitConverter.ToUInt16(row[(x * 2)..]) : BitConverter.ToUInt32(row[(x * 4)..]);
            for (int i = 0; i < 3; i++) rgb[x * 3 + i] = Field(pixel, _masks[i]);
            if (image.Alpha is not null) image.Alpha[first + x] = Field(pixel, _masks[3]);
        }
    }

    private static byte Field(uint pixel, uint mask)
    {
        if (mask == 0) return 0;
        int shift = BitOperations.TrailingZeroCount(mask);
        return (byte)((ulong)((pixel & mask) >> shift) * 255 / (mask >> shift));
    }

    private readonly void SetColour(Span<byte> rgb, int index)
    {
        if ((index + 1) * _paletteEntry > _palette.Length)
        {
            throw _reader.Error(
                $"a pixel has colour {index}, the palette has {_palette.Length / _paletteEntry} colours");
        }
        ReadOnlySpan<byte> colour = _palette.Slice(index * _paletteEntry, 3);
        (rgb[0], rgb[1], rgb[2]) = (colour[2], colour[1], colour[0]);
    }

    /// <summary>A count and a colour, or 0 and an escape: end of row, end, a jump, or pixels as they are.</summary>
    private void ReadRuns(Image image)
    {
        if (_topDown) throw _reader.Error("run lengths with the top row first");
        int x = 0, y = 0;
        for (int i = 0; i < _width * _height; i++) SetColour(image.Pixels.AsSpan(i * 3), 0);
        while (true)
        {
            int count = _reader.U8(), value = _reader.U8();
            if (count > 0) SetRun(image, ref x, y, count, [(byte)value], repeat: true);
            else if (value == 0) (x, y) = (0, y + 1);
            else if (value == 1) return;
            else if (value == 2) (x, y) = (x + _reader.U8(), y + _reader.U8());
            else
            {
                int bytes = (value * _bits + 7) / 8;
                SetRun(image, ref x, y, value, _reader.Take(bytes), repeat: false);
                _reader.Take(bytes & 1);
            }
            if (y > _height || x > _width) throw _reader.Error($"a run ends at ({x}, {y}), outside the picture");
        }
    }

    private readonly void SetRun(Image image, ref int x, int y, int count, ReadOnlySpan<byte> values, bool repeat)
    {
        for (int i = 0; i < count; i++, x++)
        {
            if (x >= _width || y >= _height) throw _reader.Error($"a run reaches ({x}, {y}), outside the picture");
            byte value = values[repeat ? 0 : i * _bits >> 3];
            int index = _bits == 8 ? value : (i & 1) == 0 ? value >> 4 : value & 15;
            SetColour(image.Pixels.AsSpan(((_height - 1 - y) * _width + x) * 3), index);
        }
    }
}
