using System.Numerics;
using System.Runtime.CompilerServices;

namespace ClipSeg.Imaging;

/// <summary>PNG's five row filters. Rows begin with one pixel of zeros, the neighbour left of the picture.</summary>
internal static class PngFilter
{
    public const int None = 0, Sub = 1, Up = 2, Average = 3, Paeth = 4, Count = 5;

    /// <summary>Turns a filtered row into samples, in place; false if there is no such filter.</summary>
    /// <param name="filter">0 to 4.</param>
    /// <param name="row">The row to restore.</param>
    /// <param name="above">The restored row above; zeros at the top.</param>
    /// <param name="pixel">Bytes a pixel, at least 1.</param>
    public static bool Undo(int filter, Span<byte> row, ReadOnlySpan<byte> above, int pixel)
    {
        above = above[..row.Length];
        switch (filter)
        {
            case None:
                return true;
            case Sub:
                for (int i = pixel; i < row.Length; i++) row[i] += row[i - pixel];
                return true;
            case Up:
                for (int i = pixel; i < row.Length; i++) row[i] += above[i];
                return true;
            case Average:
                for (int i = pixel; i < row.Length; i++) row[i] += (byte)((row[i - pixel] + above[i]) >> 1);
                return true;
            case Paeth:
                for (int i = pixel; i < row.Length; i++) row[i] += Predict(row[i - pixel], above[i], above[i - pixel]);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Filters one row into <paramref name="filtered"/>, which has no leading pixel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(int filter, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int pixel,
        Span<byte> filtered)
    {
        int n = filtered.Length;
        ReadOnlySpan<byte> current = row.Slice(pixel, n), left = row[..n];
        ReadOnlySpan<byte> up = above.Slice(pixel, n), corner = above[..n];
        switch (filter)
        {
            case None:
                current.CopyTo(filtered);
                break;
            case Sub:
                Subtract(current, left, filtered);
                break;
            case Up:
                Subtract(current, up, filtered);
                break;
            case Average:
                for (int i = 0; i < filtered.Length; i++) filtered[i] = (byte)(current[i] - ((left[i] + up[i]) >> 1));
                break;
            default:
                for (int i = 0; i < filtered.Length; i++)
                    filtered[i] = (byte)(current[i] - Predict(left[i], up[i], corner[i]));
                break;
        }
    }

    private static void Subtract(ReadOnlySpan<byte> x, ReadOnlySpan<byte> y, Span<byte> difference)
    {
        int i = 0;
        for (; i <= x.Length - Vector<byte>.Count; i += Vector<byte>.Count)
            (new Vector<byte>(x[i..]) - new Vector<byte>(y[i..])).CopyTo(difference[i..]);
        for (; i < x.Length; i++) difference[i] = (byte)(x[i] - y[i]);
    }

    // The neighbour closest to left + up - corner; ties go to left, then up.
    private static byte Predict(int left, int up, int corner)
    {
        int toLeft = Math.Abs(up - corner), toUp = Math.Abs(left - corner), toCorner = Math.Abs(left + up - 2 * corner);
        if (toLeft <= toUp && toLeft <= toCorner) return (byte)left;
        return (byte)(toUp <= toCorner ? up : corner);
    }
}
