namespace ClipSeg.Imaging;

/// <summary>One colour component of a JPEG: its sampling, its tables, and its samples once they are decoded.</summary>
internal sealed class JpegComponent
{
    public const int BlockSide = 8, BlockSize = 64;

    /// <summary>The id that scans call it by.</summary>
    public required int Id { get; init; }

    /// <summary>Sampling factors, 1 to 4, relative to the largest of the frame.</summary>
    public required int H { get; init; }

    public required int V { get; init; }

    public required int QuantIndex { get; init; }

    /// <summary>The size in samples: the picture's, scaled by the sampling factors and rounded up.</summary>
    public int Width { get; private set; }

    public int Height { get; private set; }

    /// <summary>The size in blocks that a scan of this component alone covers.</summary>
    public int BlocksWide => (Width + BlockSide - 1) / BlockSide;

    public int BlocksHigh => (Height + BlockSide - 1) / BlockSide;

    /// <summary>Samples from one row of <see cref="Plane"/> to the next: whole interleaved units.</summary>
    public int Stride { get; private set; }

    /// <summary>The decoded samples, padded to whole interleaved units.</summary>
    public byte[] Plane { get; private set; } = [];

    /// <summary>Progressive only: per block 64 coefficients, row by row; blocks in the order of the plane.</summary>
    public short[]? Coefficients { get; private set; }

    /// <summary>
    /// Per coefficient (in zigzag order) the lowest bit that scans have brought so far; -1 before the first scan.
    /// </summary>
    public sbyte[] LowestBit { get; } = new sbyte[BlockSize];

    /// <summary>The quantisation table, row by row, as it stood at this component's first scan.</summary>
    public ushort[]? Quant { get; set; }

    public JpegHuffman? Dc { get; set; }

    public JpegHuffman? Ac { get; set; }

    /// <summary>The DC coefficient of the previous block.</summary>
    public int Predictor { get; set; }

    public void Allocate(int width, int height, int maxH, int maxV, bool progressive)
    {
        Width = (width * H + maxH - 1) / maxH;
        Height = (height * V + maxV - 1) / maxV;
        Stride = (width + BlockSide * maxH - 1) / (BlockSide * maxH) * H * BlockSide;
        int rows = (height + BlockSide * maxV - 1) / (BlockSide * maxV) * V * BlockSide;
        Plane = new byte[Stride * rows];
        Coefficients = progressive ? new short[Stride * rows] : null;
        LowestBit.AsSpan().Fill(-1);
    }

    /// <summary>Progressive only: the coefficients of one block.</summary>
    public Span<short> Block(int x, int y)
        => Coefficients.AsSpan((y * (Stride / BlockSide) + x) * BlockSize, BlockSize);

    /// <summary>Where the samples of one block begin in <see cref="Plane"/>.</summary>
    public int Offset(int x, int y) => (y * Stride + x) * BlockSide;

    /// <summary>One row of samples.</summary>
    public ReadOnlySpan<byte> Row(int y) => Plane.AsSpan(y * Stride, Width);
}
