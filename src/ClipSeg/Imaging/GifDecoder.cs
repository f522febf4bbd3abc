namespace ClipSeg.Imaging;

/// <summary>The first frame of a GIF (87a, 89a), on the whole screen it belongs to.</summary>
internal ref struct GifDecoder
{
    private const int ImageBlock = 0x2C, ExtensionBlock = 0x21, Trailer = 0x3B, GraphicControl = 0xF9;

    private readonly string _name;
    private readonly int _fileBytes;
    private ByteReader _reader;
    private ReadOnlySpan<byte> _palette;
    private int _transparent = -1;

    public GifDecoder(ReadOnlySpan<byte> data, string name)
    {
        _name = name;
        _fileBytes = data.Length;
        _reader = new(data, $"{name}: damaged GIF");
    }

    public static bool Recognises(ReadOnlySpan<byte> data)
        => data.StartsWith("GIF87a"u8) || data.StartsWith("GIF89a"u8);

    public Image Decode()
    {
        _reader.Take(6);
        int screenWidth = _reader.U16(), screenHeight = _reader.U16(), flags = _reader.U8(), background = _reader.U8();
        _reader.U8();
        ReadPalette(flags);
        while (true)
        {
            int block = _reader.U8();
            if (block == ImageBlock) return ReadFrame(screenWidth, screenHeight, background);
            if (block == ExtensionBlock) ReadExtension();
            else throw _reader.Error(block == Trailer ? "it has no frame" : $"block {block:X2} does not exist");
        }
    }

    private void ReadPalette(int flags)
    {
        if ((flags & 0x80) != 0) _palette = _reader.Take(3 * (2 << (flags & 7)));
    }

    private void ReadExtension()
    {
        int kind = _reader.U8();
        for (int length = _reader.U8(); length > 0; length = _reader.U8())
        {
            ReadOnlySpan<byte> body = _reader.Take(length);
            if (kind == GraphicControl && length >= 4) _transparent = (body[0] & 1) != 0 ? body[3] : -1;
        }
    }

    private Image ReadFrame(int screenWidth, int screenHeight, int background)
    {
        int left = _reader.U16(), top = _reader.U16(), width = _reader.U16(), height = _reader.U16();
        int flags = _reader.U8();
        ReadPalette(flags);
        if (_palette.IsEmpty) throw _reader.Error("it has no palette");

        // A frame may stick out of the screen; the screen then grows.
        PictureFile.CheckSize(width, height, _name);
        int fullWidth = Math.Max(screenWidth, left + width), fullHeight = Math.Max(screenHeight, top + height);
        PictureFile.CheckSize(fullWidth, fullHeight, _name);
        if ((long)fullWidth * fullHeight > (long)_fileBytes * GifLzw.MaxRatio)
            throw _reader.Error($"{_fileBytes} bytes cannot hold {fullWidth}x{fullHeight} pixels");

        byte[] indices = new byte[width * height];
        new GifLzw().Decode(ref _reader, indices);

        bool covers = width == fullWidth && height == fullHeight;
        byte[]? alpha = covers && _transparent < 0 ? null : new byte[fullWidth * fullHeight];
        Image image = new(fullWidth, fullHeight, new byte[fullWidth * fullHeight * 3], alpha);
        if (!covers && background * 3 < _palette.Length)
        {
            for (int i = 0; i < fullWidth * fullHeight; i++) SetColour(image.Pixels.AsSpan(i * 3), background);
        }
        for (int row = 0; row < height; row++)
        {
            int y = (flags & 0x40) != 0 ? InterlacedRow(row, height) : row;
            for (int x = 0; x < width; x++)
            {
                int index = indices[row * width + x], target = (top + y) * fullWidth + left + x;
                SetColour(image.Pixels.AsSpan(target * 3), index);
                if (alpha is not null) alpha[target] = index == _transparent ? (byte)0 : (byte)255;
            }
        }
        return image;
    }

    /// <summary>Rows are stored every 8th first, then those 4 below, then 2 below, then the odd ones.</summary>
    private static int InterlacedRow(int stored, int height)
    {
        foreach ((int first, int step) in (ReadOnlySpan<(int, int)>)[(0, 8), (4, 8), (2, 4)])
        {
            int count = Math.Max(0, (height - first + step - 1) / step);
            if (stored < count) return first + stored * step;
            stored -= count;
        }
        return 1 + stored * 2;
    }

    private readonly void SetColour(Span<byte> rgb, int index)
    {
        if (index * 3 >= _palette.Length)
            throw _reader.Error($"a pixel has colour {index}, the palette has {_palette.Length / 3} colours");
        _palette.Slice(index * 3, 3).CopyTo(rgb);
    }
}
