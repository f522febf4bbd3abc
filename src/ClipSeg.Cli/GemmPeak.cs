using System.Diagnostics;
using ClipSeg.Numerics;

namespace ClipSeg.Cli;

/// <summary>The speed of a product whose operands stay in the cache: what all others are compared with.</summary>
internal static class GemmPeak
{
    private const int Rows = 168, Inner = 512, Columns = 512;
    private static readonly TimeSpan _time = TimeSpan.FromSeconds(0.3);

    /// <summary>The best of many products, in multiplications and additions a second.</summary>
    public static double Measure(int threads, CancellationToken stop)
    {
        int before = Workers.Count;
        Workers.Count = threads;
        try
        {
            float[] a = new float[Rows * Inner], c = new float[Rows * Columns];
            a.AsSpan().Fill(0.5f);
            PackedMatrix b =
                PackedMatrix.Of(new float[Inner * Columns], Inner, Columns, transposed: false);
            TimeSpan best = TimeSpan.MaxValue;
            for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < _time;)
            {
                stop.ThrowIfCancellationRequested();
                long one = Stopwatch.GetTimestamp();
                Gemm.Multiply(a, Inner, Rows, b, c, Columns);
                TimeSpan time = Stopwatch.GetElapsedTime(one);
                if (time < best) best = time;
            }
            return 2.0 * Rows * Inner * Columns / best.TotalSeconds;
        }
        finally
        {
            Workers.Count = before;
        }
    }
}
