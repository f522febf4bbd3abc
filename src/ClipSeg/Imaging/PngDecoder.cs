using System.Buffers.Binary;
using System.IO.Compression;

namespace ClipSeg.Imaging;

/// <summary>PNG (third edition), every colour type, bit depth and interlacing; still pictures only.</summary>
internal ref struct PngDecoder
{
    private const int Grey = 0, Rgb = 2, Palette = 3, GreyAlpha = 4, RgbAlpha = 6;
    private const int HeaderEnd = 33;                   // signature, then IHDR with length, type and checksum
    private const int MaxDeflateRatio = 1032;           // no deflate stream expands further

    /// <summary>The pixels of one interlace pass: where the first is, and the steps between them.</summary>
    private readonly record struct Pass(int X0, int Y0, int StepX, int StepY)
    {
        public int Columns(int width) => Math.Max(0, (width - X0 + StepX - 1) / StepX);

        public int Rows(int height) => Math.Max(0, (height - Y0 + StepY - 1) / StepY);
    }

    private static readonly Pass[] _adam7 =
    [
        new(0, 0, 8, 8), new(4, 0, 8, 8), new(0, 4, 4, 8), new(2, 0, 4, 4), new(0, 2, 2, 4), new(1, 0, 2, 2),
        new(0, 1, 1, 2),
    ];

    private static readonly Pass[] _wholePicture = [new(0, 0, 1, 1)];

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    private readonly ReadOnlySpan<byte> _data;
    private readonly string _name;
    private readonly MemoryStream _compressed = new();
    private int _width, _height, _bitDepth, _colourType, _orientation = 1;
    private bool _interlaced;
    private ReadOnlySpan<byte> _palette, _transparency;
    private byte[]? _pixels, _alpha;
    private float[]? _grey16;

    public PngDecoder(ReadOnlySpan<byte> data, string name)
    {
        _data = data;
        _name = name;
    }

    public static bool Recognises(ReadOnlySpan<byte> data) => data.StartsWith(Signature);

    /// <summary>Whether this is a PNG with 16-bit grey samples, which <see cref="DecodeGrey16"/> keeps.</summary>
    public static bool IsGrey16(ReadOnlySpan<byte> data)
        => Recognises(data) && data.Length >= HeaderEnd && data[24] == 16 && data[25] == Grey;

    /// <param name="orientation">EXIF's, 1 to 8.</param>
    public Image Decode(out int orientation)
    {
        ReadChunks();
        orientation = _orientation;
        _pixels = new byte[_width * _height * 3];
        if (!_transparency.IsEmpty || _colourType is GreyAlpha or RgbAlpha) _alpha = new byte[_width * _height];
        ReadRows();
        return new(_width, _height, _pixels, _alpha);
    }

    /// <summary>All 16 bits of a grey picture, as [0, 1].</summary>
    public Mask DecodeGrey16()
    {
        ReadChunks();
        _grey16 = new float[_width * _height];
        ReadRows();
        return new(_width, _height, _grey16);
    }

    private int Channels => _colourType switch { Rgb => 3, GreyAlpha => 2, RgbAlpha => 4, _ => 1 };

    private void ReadChunks()
    {
        int at = Signature.Length;
        for (bool first = true; ; first = false)
        {
            if (_data.Length - at < 12) throw Error($"it ends at byte {_data.Length}, before its last chunk");
            uint length = BinaryPrimitives.ReadUInt32BigEndian(_data[at..]);
            if (length > _data.Length - at - 12)
                throw Error($"the chunk at byte {at} claims {length} bytes, {_data.Length - at - 12} are left");
            ReadOnlySpan<byte> chunk = _data.Slice(at + 4, (int)length + 4);
            uint checksum = BinaryPrimitives.ReadUInt32BigEndian(_data[(at + 8 + (int)length)..]);
            if (Crc32.Compute(chunk) != checksum) throw Error($"the checksum of the chunk at byte {at} is wrong");

            ReadOnlySpan<byte> type = chunk[..4], body = chunk[4..];
            if (first != type.SequenceEqual("IHDR"u8)) throw Error("IHDR must be the first chunk, once");
            if (first) ReadHeader(body);
            else if (type.SequenceEqual("PLTE"u8)) ReadPalette(body);
            else if (type.SequenceEqual("tRNS"u8)) ReadTransparency(body);
            else if (type.SequenceEqual("eXIf"u8)) _orientation = Exif.ReadOrientation(body);
            else if (type.SequenceEqual("IDAT"u8)) _compressed.Write(body);
            else if (type.SequenceEqual("IEND"u8)) break;
            else if ((type[0] & 0x20) == 0) throw Error($"the chunk at byte {at} is of an unknown critical type");
            at += (int)length + 12;
        }
        if (_colourType == Palette && _palette.IsEmpty) throw Error("a palette picture without PLTE");
        long raw = RawBytes();
        if (raw > (_compressed.Length + 1) * MaxDeflateRatio)
            throw Error($"{_compressed.Length} compressed bytes cannot hold {_width}x{_height} pixels");
    }

    private void ReadHeader(ReadOnlySpan<byte> body)
    {
        if (body.Length != 13) throw Error($"IHDR has {body.Length} bytes, expected 13");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(body);
        uint height = BinaryPrimitives.ReadUInt32BigEndian(body[4..]);
        PictureFile.CheckSize(width, height, _name);
        (_width, _height, _bitDepth, _colourType) = ((int)width, (int)height, body[8], body[9]);

        bool depthFits = _colourType switch
        {
            Grey => _bitDepth is 1 or 2 or 4 or 8 or 16,
            Palette => _bitDepth is 1 or 2 or 4 or 8,
            Rgb or GreyAlpha or RgbAlpha => _bitDepth is 8 or 16,
            _ => false,
        };
        if (!depthFits) throw Error($"colour type {_colourType} with {_bitDepth} bits a sample does not exist");
        if (body[10] != 0 || body[11] != 0 || body[12] > 1)
            throw Error("its compression, filter or interlace method is unknown");
        _interlaced = body[12] == 1;
    }

    private void ReadPalette(ReadOnlySpan<byte> body)
    {
        if (body.Length is 0 or > 768 || body.Length % 3 != 0)
            throw Error($"PLTE has {body.Length} bytes, expected 3 for each of 1 to 256 colours");
        _palette = body;
    }

    private void ReadTransparency(ReadOnlySpan<byte> body)
    {
        if (_colourType is GreyAlpha or RgbAlpha) return;      // has alpha already; other software ignores it too
        bool fits = _colourType switch
        {
            Grey => body.Length == 2,
            Rgb => body.Length == 6,
            Palette => body.Length >= 1 && body.Length <= _palette.Length / 3,
            _ => false,
        };
        if (!fits) throw Error($"tRNS has {body.Length} bytes, which does not fit colour type {_colourType}");
        _transparency = body;
    }

    private readonly Pass[] Passes => _interlaced ? _adam7 : _wholePicture;

    private int RowBytes(int columns) => (int)(((long)columns * Channels * _bitDepth + 7) / 8);

    private long RawBytes()
    {
        long total = 0;
        foreach (Pass pass in Passes)
        {
            int columns = pass.Columns(_width);
            if (columns > 0) total += (long)pass.Rows(_height) * (1 + RowBytes(columns));
        }
        return total;
    }

    private void ReadRows()
    {
        try
        {
            _compressed.Position = 0;
            using ZLibStream stream = new(_compressed, CompressionMode.Decompress);
            foreach (Pass pass in Passes) ReadPass(stream, pass);
            stream.ReadByte();      // past the last row, so that the stream's own checksum is checked
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new ImageFormatException($"{_name}: damaged PNG: the compressed pixels are broken or end early.", e);
        }
    }

    private void ReadPass(ZLibStream stream, Pass pass)
    {
        int columns = pass.Columns(_width);
        if (columns == 0) return;

        // Both rows begin with one pixel of zeros, which is what the filters see to the left of the picture.
        int pixel = Math.Max(1, Channels * _bitDepth / 8), length = RowBytes(columns);
        byte[] row = new byte[pixel + length], above = new byte[pixel + length];
        for (int y = pass.Y0; y < _height; y += pass.StepY)
        {
            stream.ReadExactly(row, pixel - 1, length + 1);
            int filter = row[pixel - 1];
            row[pixel - 1] = 0;
            if (!PngFilter.Undo(filter, row, above, pixel)) throw Error($"row {y} has the unknown filter {filter}");
            Expand(row.AsSpan(pixel, length), columns, y * _width + pass.X0, pass.StepX);
            (row, above) = (above, row);
        }
    }

    /// <summary>Samples to pixels: the row's i-th goes to position first + i * step of the picture.</summary>
    private void Expand(ReadOnlySpan<byte> row, int count, int first, int step)
    {
        if (_grey16 is not null)
        {
            for (int i = 0; i < count; i++)
                _grey16[first + i * step] = BinaryPrimitives.ReadUInt16BigEndian(row[(i * 2)..]) / 65535f;
            return;
        }
        switch (_colourType)
        {
            case Palette: ExpandPalette(row, count, first, step); break;
            case Grey or GreyAlpha: ExpandGrey(row, count, first, step); break;
            default: ExpandRgb(row, count, first, step); break;
        }
    }

    private readonly int Sample(ReadOnlySpan<byte> row, int i)
        => row[i * _bitDepth >> 3] >> (8 - _bitDepth - (i * _bitDepth & 7)) & ((1 << _bitDepth) - 1);

    private readonly void ExpandPalette(ReadOnlySpan<byte> row, int count, int first, int step)
    {
        Span<byte> pixels = _pixels;
        for (int i = 0, target = first; i < count; i++, target += step)
        {
            int index = Sample(row, i);
            if (index * 3 >= _palette.Length)
                throw Error($"a pixel has colour {index}, the palette has {_palette.Length / 3} colours");
            _palette.Slice(index * 3, 3).CopyTo(pixels[(target * 3)..]);
            if (_alpha is not null) _alpha[target] = index < _transparency.Length ? _transparency[index] : (byte)255;
        }
    }

    private readonly void ExpandGrey(ReadOnlySpan<byte> row, int count, int first, int step)
    {
        Span<byte> pixels = _pixels;
        int stride = (_colourType == Grey ? 1 : 2) * (_bitDepth / 8);
        int scale = _bitDepth < 8 ? 255 / ((1 << _bitDepth) - 1) : 1;
        int clear = _transparency.IsEmpty ? -1 : BinaryPrimitives.ReadUInt16BigEndian(_transparency);
        for (int i = 0, target = first; i < count; i++, target += step)
        {
            int sample = _bitDepth >= 8 ? row[i * stride] : Sample(row, i);
            pixels.Slice(target * 3, 3).Fill((byte)(sample * scale));
            if (_alpha is null) continue;

            int whole = _bitDepth == 16 ? BinaryPrimitives.ReadUInt16BigEndian(row[(i * stride)..]) : sample;
            _alpha[target] = _colourType == GreyAlpha ? row[i * stride + stride / 2]
                : whole == clear ? (byte)0 : (byte)255;
        }
    }

    private readonly void ExpandRgb(ReadOnlySpan<byte> row, int count, int first, int step)
    {
        Span<byte> pixels = _pixels;
        if (_alpha is null && _bitDepth == 8 && step == 1)
        {
            row.CopyTo(pixels[(first * 3)..]);
            return;
        }
        int size = _bitDepth / 8, stride = size * (_colourType == Rgb ? 3 : 4);
        Span<byte> clear = stackalloc byte[6];      // the transparent colour as it stands in a row
        for (int i = 0; i < _transparency.Length / 2; i++)
            _transparency.Slice(i * 2 + 2 - size, size).CopyTo(clear[(i * size)..]);
        for (int i = 0, target = first; i < count; i++, target += step)
        {
            ReadOnlySpan<byte> samples = row.Slice(i * stride, stride);
            pixels[target * 3] = samples[0];
            pixels[target * 3 + 1] = samples[size];
            pixels[target * 3 + 2] = samples[2 * size];
            if (_alpha is null) continue;

            _alpha[target] = _colourType == RgbAlpha ? samples[3 * size]
                : samples.SequenceEqual(clear[..(3 * size)]) ? (byte)0 : (byte)255;
        }
    }

    private readonly ImageFormatException Error(string what) => new($"{_name}: damaged PNG: {what}.");
}
