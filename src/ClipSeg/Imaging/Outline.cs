using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using ClipSeg.Numerics;

namespace ClipSeg.Imaging;

/// <summary>The line where a mask crosses a threshold, drawn with soft edges on a dark halo.</summary>
internal sealed class Outline
{
    private const int MostCells = 1000;     // a side; a larger mask is looked at every few pixels
    private const int MostPieces = 20_000;  // more is noise, whose outline would hide all
    private const int BandRows = 64;        // that are drawn at once, so that what is kept of them stays in the cache
    private const float HaloOpacity = 0.45f;

    private readonly int _width, _height, _step;
    private readonly List<Piece> _pieces = [];
    private readonly int[] _firsts;         // of each row of cells its first piece, and their number

    /// <summary>Marching squares: straight pieces between every four pixel centres; none where all is noise.</summary>
    public Outline(Mask mask, float threshold)
    {
        (_width, _height) = (mask.Width, mask.Height);
        _step = (Math.Max(_width, _height) + MostCells - 1) / MostCells;
        int rows = (_height - 1) / _step, columns = (_width - 1) / _step + 1;
        _firsts = new int[rows + 1];
        Row upper = new(columns), lower = new(columns);
        byte[] both = new byte[columns];
        lower.Read(mask, 0, _step, threshold);
        for (int row = 0; row < rows && _pieces.Count <= MostPieces; row++)
        {
            (upper, lower) = (lower, upper);
            lower.Read(mask, (row + 1) * _step, _step, threshold);
            _firsts[row] = _pieces.Count;
            TensorPrimitives.Add<byte>(lower.Set, lower.Set, both);
            TensorPrimitives.Add<byte>(upper.Set, both, both);
            AddPieces(upper.Values, lower.Values, both, row * _step + 0.5f, threshold);
        }
        if (_pieces.Count > MostPieces) _pieces.Clear();
        _firsts[rows] = _pieces.Count;
    }

    /// <summary>Draws it on a picture of the mask's size.</summary>
    /// <param name="drawing">What it is drawn on.</param>
    /// <param name="colour">Of the line.</param>
    /// <param name="thickness">In pixels; the halo is a little wider to both sides.</param>
    public void Draw(Drawing drawing, Rgb colour, float thickness)
    {
        if (_pieces.Count == 0) return;
        float halo = thickness * 1.8f + 1, reach = halo / 2 + 0.5f;
        Workers.Split((_height + BandRows - 1) / BandRows, 1, (first, last) =>
        {
            Band band = new(_width, BandRows);
            for (int top = first * BandRows; top < Math.Min(_height, last * BandRows); top += BandRows)
            {
                int bottom = Math.Min(_height, top + BandRows);
                int from = Math.Clamp((int)(top - reach) / _step - 1, 0, _firsts.Length - 1);
                int to = Math.Clamp((int)(bottom + reach) / _step + 1, 0, _firsts.Length - 1);
                if (_firsts[from] == _firsts[to]) continue;
                band.Clear(top, bottom - top);
                for (int i = _firsts[from]; i < _firsts[to]; i++) band.Mark(_pieces[i], reach);
                band.Paint(drawing.Rgba, colour, thickness / 2 + 0.5f, reach);
            }
        });
    }

    /// <param name="both">Of each column of a row of cells, 1 if what is above it is set, and 2 if what is below is.
    /// </param>
    private void AddPieces(float[] upper, float[] lower, byte[] both, float top, float threshold)
    {
        Span<Vector2> crossings = stackalloc Vector2[4];
        for (int x = NextCell(both, 0); x >= 0; x = NextCell(both, x + 1))
        {
            float a = upper[x], b = upper[x + 1], c = lower[x + 1], d = lower[x];
            bool insideA = a > threshold, insideB = b > threshold, insideC = c > threshold, insideD = d > threshold;
            float left = x * _step + 0.5f;
            int count = 0;
            if (insideA != insideB) crossings[count++] = new(left + _step * (threshold - a) / (b - a), top);
            if (insideB != insideC) crossings[count++] = new(left + _step, top + _step * (threshold - b) / (c - b));
            if (insideC != insideD) crossings[count++] = new(left + _step * (threshold - d) / (c - d), top + _step);
            if (insideD != insideA) crossings[count++] = new(left, top + _step * (threshold - a) / (d - a));
            for (int k = 0; k < count; k += 2) _pieces.Add(new(crossings[k], crossings[k + 1]));
        }
    }

    /// <summary>The first cell, from one on, whose four corners are not alike; -1 if there is none.</summary>
    private static int NextCell(ReadOnlySpan<byte> both, int x)
    {
        while (x < both.Length - 1)
        {
            if (both[x] is 1 or 2 || both[x + 1] != both[x]) return x;
            int alike = both[x..].IndexOfAnyExcept(both[x]);
            if (alike < 0) return -1;
            x += alike - 1;
        }
        return -1;
    }

    private readonly record struct Piece(Vector2 From, Vector2 To);

    /// <summary>Every so manyth value of a row, and which of them are above the threshold.</summary>
    private sealed class Row(int columns)
    {
        public float[] Values { get; } = new float[columns];

        public byte[] Set { get; } = new byte[columns];

        public void Read(Mask mask, int y, int step, float threshold)
        {
            ReadOnlySpan<float> row = mask.Values.AsSpan(y * mask.Width, mask.Width);
            if (step == 1) row.CopyTo(Values);
            else for (int x = 0; x < Values.Length; x++) Values[x] = row[x * step];
            SetPixels.Find(Values, threshold, Set);
        }
    }

    /// <summary>Some rows of pixels, and how far each is from the line: squared, in pixels.</summary>
    private sealed class Band(int width, int rows)
    {
        private readonly int _stride = width + Vector<float>.Count;
        private readonly float[] _squares = new float[rows * (width + Vector<float>.Count)];
        private readonly (int First, int End)[] _touched = new (int, int)[rows];
        private int _top, _rows;

        public void Clear(int top, int count)
        {
            (_top, _rows) = (top, count);
            _squares.AsSpan().Fill(float.PositiveInfinity);
            _touched.AsSpan().Fill((width, 0));
        }

        /// <summary>Notes the distances from a piece of all pixels within reach.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Mark(Piece piece, float reach)
        {
            (Vector2 from, Vector2 along) = (piece.From, piece.To - piece.From);
            float square = along.LengthSquared(), inverse = square > 0 ? 1 / square : 0;
            Vector2 least = Vector2.Min(from, piece.To) - new Vector2(reach);
            Vector2 most = Vector2.Max(from, piece.To) + new Vector2(reach);
            int first = Math.Max(0, (int)least.X), end = Math.Min(width, (int)most.X + 1);
            int last = Math.Min(_rows - 1, (int)most.Y - _top);
            for (int y = Math.Max(0, (int)least.Y - _top); y <= last; y++)
            {
                float down = _top + y + 0.5f - from.Y;
                for (int x = first; x < end; x += Vector<float>.Count)
                {
                    Vector<float> right = Vector<float>.Indices + new Vector<float>(x + 0.5f - from.X);
                    Vector<float> part = Vector.Min(Vector.Max(
                        (right * along.X + new Vector<float>(down * along.Y)) * inverse, Vector<float>.Zero),
                        Vector<float>.One);
                    Vector<float> across = right - part * along.X, below = new Vector<float>(down) - part * along.Y;
                    int at = y * _stride + x;
                    Vector.Min(new Vector<float>(_squares, at), across * across + below * below).CopyTo(_squares, at);
                }
                (int before, int after) = _touched[y];
                _touched[y] = (Math.Min(before, first), Math.Max(after, end));
            }
        }

        /// <summary>Draws what is near the line: first the halo, on that the line.</summary>
        /// <param name="rgba">Of the whole picture.</param>
        /// <param name="line">Half of its thickness, and half a pixel.</param>
        /// <param name="reach">The same of the halo.</param>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Paint(Span<byte> rgba, Rgb colour, float line, float reach)
        {
            for (int y = 0; y < _rows; y++)
            {
                Span<byte> row = rgba.Slice(4 * (_top + y) * width, 4 * width);
                for (int x = _touched[y].First; x < _touched[y].End; x++)
                {
                    float square = _squares[y * _stride + x];
                    if (square >= reach * reach) continue;
                    float distance = MathF.Sqrt(square);
                    float kept = 1 - HaloOpacity * Math.Min(1, reach - distance);
                    float drawn = Math.Clamp(line - distance, 0, 1);
                    Span<byte> pixel = row.Slice(4 * x, 3);
                    pixel[0] = Mix(pixel[0] * kept, colour.R, drawn);
                    pixel[1] = Mix(pixel[1] * kept, colour.G, drawn);
                    pixel[2] = Mix(pixel[2] * kept, colour.B, drawn);
                }
            }
        }

        private static byte Mix(float below, float above, float amount)
            => (byte)(below + (above - below) * amount + 0.5f);
    }
}
