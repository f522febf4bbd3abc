namespace ClipSeg.Imaging;

/// <summary>JPEG (ITU-T T.81): Huffman codes, 8 bits, sequential and progressive, one to four components.</summary>
internal ref struct JpegDecoder
{
    private const int StartOfImage = 0xD8, EndOfImage = 0xD9, StartOfScan = 0xDA, Progressive = 0xC2;

    private readonly ReadOnlySpan<byte> _data;
    private readonly string _name;
    private readonly ushort[]?[] _quant = new ushort[4][];
    private readonly JpegHuffman?[] _dc = new JpegHuffman[4], _ac = new JpegHuffman[4];
    private JpegComponent[] _components = [];
    private int _width, _height, _maxH = 1, _maxV = 1, _restartInterval, _orientation;
    private bool _progressive, _jfif;
    private int _adobeTransform = -1;
    private int _at;

    public JpegDecoder(ReadOnlySpan<byte> data, string name)
    {
        _data = data;
        _name = name;
    }

    public static bool Recognises(ReadOnlySpan<byte> data) => data is [0xFF, StartOfImage, 0xFF, ..];

    /// <param name="orientation">EXIF's, 1 to 8.</param>
    public Image Decode(out int orientation)
    {
        _at = 2;
        while (true)
        {
            // A file may lack its last two bytes, if everything before them is there.
            if (!FindMarker(out int marker))
            {
                if (_progressive || !IsComplete()) throw Error($"it ends early, at byte {_data.Length}");
                break;
            }
            if (marker == EndOfImage) break;
            if (marker is 0x01 or (>= 0xD0 and <= 0xD7)) continue;      // markers without a segment
            ReadSegment(marker);
        }
        if (!IsComplete()) throw Error("it has no scan for some of its components");
        orientation = Math.Max(1, _orientation);
        if (_progressive)
        {
            foreach (JpegComponent component in _components) Reconstruct(component);
        }
        return ToImage();
    }

    /// <summary>Moves past the next marker, and past any bytes before it that belong to nothing.</summary>
    private bool FindMarker(out int marker)
    {
        while (_at + 1 < _data.Length && (_data[_at] != 0xFF || _data[_at + 1] is 0 or 0xFF)) _at++;
        marker = _at + 1 < _data.Length ? _data[_at + 1] : 0;
        _at += 2;
        return marker != 0;
    }

    private void ReadSegment(int marker)
    {
        int length = new ByteReader(_data, Subject, _at).U16Big();
        if (length < 2 || length > _data.Length - _at)
            throw Error($"the segment at byte {_at} claims {length} bytes, {_data.Length - _at} are left");
        ReadOnlySpan<byte> body = _data.Slice(_at + 2, length - 2);
        ByteReader reader = new(_data[..(_at + length)], Subject, _at + 2);
        _at += length;
        switch (marker)
        {
            case 0xC0 or 0xC1 or Progressive: ReadFrame(reader, marker == Progressive); break;
            case 0xC4: ReadHuffmanTables(reader); break;
            case 0xC9 or 0xCA or 0xCB or 0xCC or 0xCD or 0xCE or 0xCF:
                throw Unsupported("arithmetic-coded JPEG");
            case 0xC3 or 0xC5 or 0xC6 or 0xC7: throw Unsupported("lossless or hierarchical JPEG");
            case 0xDC: throw Unsupported("JPEG with its height behind the pixels (DNL)");
            case StartOfScan: ReadScan(reader); break;
            case 0xDB: ReadQuantTables(reader); break;
            case 0xDD: _restartInterval = reader.U16Big(); break;
            case 0xE0: _jfif |= body.StartsWith("JFIF\0"u8); break;
            case 0xE1 when body.StartsWith("Exif\0\0"u8) && _orientation == 0:
                _orientation = Exif.ReadOrientation(body[6..]);
                break;
            case 0xEE when body.StartsWith("Adobe"u8) && body.Length >= 12: _adobeTransform = body[11]; break;
        }
    }

    private void ReadFrame(ByteReader reader, bool progressive)
    {
        if (_components.Length > 0) throw Error("it has more than one frame");
        int precision = reader.U8();
        if (precision != 8) throw Unsupported($"JPEG with {precision} bits a sample");
        (_height, _width) = (reader.U16Big(), reader.U16Big());
        if (_height == 0) throw Unsupported("JPEG with its height behind the pixels (DNL)");
        PictureFile.CheckSize(_width, _height, _name);
        int count = reader.U8();
        if (count is not (1 or 3 or 4)) throw Unsupported($"JPEG with {count} components");

        JpegComponent[] components = new JpegComponent[count];
        for (int i = 0; i < count; i++)
        {
            int id = reader.U8(), sampling = reader.U8(), quant = reader.U8();
            components[i] = new() { Id = id, H = sampling >> 4, V = sampling & 15, QuantIndex = quant };
            if (components[i].H is < 1 or > 4 || components[i].V is < 1 or > 4 || quant > 3)
                throw Error($"component {id} has sampling factors {sampling:X2} and quantisation table {quant}");
            _maxH = Math.Max(_maxH, components[i].H);
            _maxV = Math.Max(_maxV, components[i].V);
        }

        // The samples are allocated only if the file can hold them: every block takes a bit, whatever the compression.
        long blocks = 0;
        foreach (JpegComponent component in components)
        {
            blocks += (long)_width * component.H / _maxH * ((long)_height * component.V / _maxV)
                / JpegComponent.BlockSize;
        }
        if (blocks > _data.Length * 8L) throw Error($"{_data.Length} bytes cannot hold {_width}x{_height} pixels");
        foreach (JpegComponent component in components) component.Allocate(_width, _height, _maxH, _maxV, progressive);
        (_components, _progressive) = (components, progressive);
    }

    private readonly void ReadHuffmanTables(ByteReader reader)
    {
        while (reader.Left > 0)
        {
            int selector = reader.U8();
            ReadOnlySpan<byte> counts = reader.Take(16);
            int total = 0;
            foreach (byte count in counts) total += count;
            ReadOnlySpan<byte> symbols = reader.Take(total);
            bool dc = selector >> 4 == 0, sizesFit = !dc || !symbols.ContainsAnyExceptInRange<byte>(0, 15);
            if (selector > 0x13 || (selector & 15) > 3 || total > 256 || !sizesFit)
                throw Error($"Huffman table {selector:X2} makes no sense");
            (dc ? _dc : _ac)[selector & 15] = new(counts, symbols, Subject);
        }
    }

    private readonly void ReadQuantTables(ByteReader reader)
    {
        while (reader.Left > 0)
        {
            int selector = reader.U8();
            if (selector > 0x13 || (selector & 15) > 3) throw Error($"quantisation table {selector:X2} does not exist");
            ushort[] table = new ushort[JpegComponent.BlockSize];
            foreach (byte position in JpegScan.Natural)
                table[position] = selector < 0x10 ? reader.U8() : (ushort)reader.U16Big();
            _quant[selector & 15] = table;
        }
    }

    private void ReadScan(ByteReader reader)
    {
        int count = reader.U8();
        if (_components.Length == 0) throw Error("a scan comes before the frame");
        if (count < 1 || count > _components.Length) throw Error($"a scan has {count} components");
        JpegComponent[] components = new JpegComponent[count];
        for (int i = 0; i < count; i++)
        {
            int id = reader.U8(), tables = reader.U8();
            JpegComponent component = Array.Find(_components, c => c.Id == id)
                ?? throw Error($"a scan names component {id}, which the frame does not have");
            if (components.Contains(component)) throw Error($"a scan names component {id} twice");
            if ((tables >> 4) > 3 || (tables & 15) > 3) throw Error($"a scan uses Huffman tables {tables:X2}");
            (component.Dc, component.Ac) = (_dc[tables >> 4], _ac[tables & 15]);
            component.Quant ??= _quant[component.QuantIndex]
                ?? throw Error($"quantisation table {component.QuantIndex} is missing");
            components[i] = component;
        }
        int first = reader.U8(), last = reader.U8(), bits = reader.U8();
        if (!_progressive) (first, last, bits) = (0, JpegComponent.BlockSize - 1, 0);   // some files have nonsense here

        bool alone = count == 1;
        JpegScan scan = new()
        {
            Components = components,
            First = first,
            Last = last,
            High = bits >> 4,
            Low = bits & 15,
            Progressive = _progressive,
            RestartInterval = _restartInterval,
            UnitsWide = alone ? components[0].BlocksWide : Units(_width, _maxH),
            UnitsHigh = alone ? components[0].BlocksHigh : Units(_height, _maxV),
        };
        CheckProgression(scan);
        JpegBits entropy = new(_data, _at, Subject);
        scan.Decode(ref entropy);
        _at = entropy.Position;
    }

    private static int Units(int size, int factor)
        => (size + JpegComponent.BlockSide * factor - 1) / (JpegComponent.BlockSide * factor);

    /// <summary>
    /// Every coefficient starts once and is refined a bit at a time (T.81, G.1.1.1): this also bounds the work that a
    /// small file can ask for.
    /// </summary>
    private readonly void CheckProgression(JpegScan scan)
    {
        bool possible = scan.First <= scan.Last && scan.Last < JpegComponent.BlockSize && scan.Low <= 13
            && (!_progressive || (scan.First == 0 ? scan.Last == 0 : scan.Components.Length == 1))
            && (scan.High == 0 || scan.Low == scan.High - 1);
        if (!possible)
            throw Error($"a scan has coefficients {scan.First} to {scan.Last}, bits {scan.High} to {scan.Low}");
        foreach (JpegComponent component in scan.Components)
        {
            bool needsDc = scan.First == 0 && scan.High == 0, needsAc = scan.Last > 0;
            if (needsDc && component.Dc is null || needsAc && component.Ac is null)
                throw Error("a scan uses a Huffman table that was never defined");
            for (int k = scan.First; k <= scan.Last; k++)
            {
                if (component.LowestBit[k] != (scan.High == 0 ? -1 : scan.High))
                    throw Error($"the scans of component {component.Id} repeat or leave out bits");
                component.LowestBit[k] = (sbyte)scan.Low;
            }
        }
    }

    private readonly bool IsComplete()
        => _components.Length > 0 && Array.TrueForAll(_components, c => c.LowestBit[0] >= 0);

    private static void Reconstruct(JpegComponent component)
    {
        for (int y = 0; y < component.BlocksHigh; y++)
        {
            for (int x = 0; x < component.BlocksWide; x++)
            {
                Span<short> block = component.Block(x, y);
                int last = block[1..].ContainsAnyExcept((short)0) ? JpegComponent.BlockSize - 1 : 0;
                JpegIdct.Block(block, component.Quant, last, component.Plane.AsSpan(component.Offset(x, y)),
                    component.Stride);
            }
        }
    }

    private readonly Image ToImage()
    {
        int maxH = _maxH, maxV = _maxV, width = _width;
        JpegUpsampler[] rows = Array.ConvertAll(_components, c => new JpegUpsampler(c, maxH, maxV, width));
        JpegColour colour = Colour();
        Image image = new(_width, _height);
        for (int y = 0; y < _height; y++)
        {
            JpegColours.ToRgb(colour, rows[0].Row(y), rows.Length > 1 ? rows[1].Row(y) : [],
                rows.Length > 1 ? rows[2].Row(y) : [], rows.Length > 3 ? rows[3].Row(y) : [],
                image.Pixels.AsSpan(y * _width * 3, _width * 3));
        }
        return image;
    }

    // What the components are is not stored; these are the customs of the Independent JPEG Group's software.
    private readonly JpegColour Colour()
    {
        if (_components.Length == 1) return JpegColour.Grey;
        if (_components.Length == 4) return _adobeTransform is -1 or 0 ? JpegColour.Cmyk : JpegColour.Ycck;
        if (_jfif) return JpegColour.YCbCr;
        if (_adobeTransform >= 0) return _adobeTransform == 0 ? JpegColour.Rgb : JpegColour.YCbCr;
        bool named = _components[0].Id == 'R' && _components[1].Id == 'G' && _components[2].Id == 'B';
        return named ? JpegColour.Rgb : JpegColour.YCbCr;
    }

    private readonly string Subject => $"{_name}: damaged JPEG";

    private readonly ImageFormatException Error(string what) => new($"{Subject}: {what}.");

    private readonly ImageFormatException Unsupported(string kind)
        => new($"{_name}: {kind} is not supported; convert the picture to PNG or to a baseline JPEG.");
}
