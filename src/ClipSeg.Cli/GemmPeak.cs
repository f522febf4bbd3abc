using System.Diagnostics;
using ClipSeg.Numerics;

namespace ClipSeg.Cli;

/// <summary>The speed of a product whose operands stay in the cache: what all others are compared with.</summary>
/// <param name="Precision">Of both operands.</param>
/// <param name="OneThread">Multiplications and additions a second.</param>
/// <param name="AllThreads">The same on <see cref="Workers.Count"/> threads.</param>
internal sealed record GemmPeak(Precision Precision, double OneThread, double AllThreads)
{
    private const int Rows = 168, Inner = 512, Columns = 512;
    private static readonly TimeSpan _time = TimeSpan.FromSeconds(0.3);

    /// <summary>The best of many products.</summary>
    public static GemmPeak Measure(Precision precision, CancellationToken stop)
    {
        int threads = Workers.Count;
        double all = Measure(precision, threads, stop);
        return new(precision, threads == 1 ? all : Measure(precision, 1, stop), all);
    }

    private static double Measure(Precision precision, int threads, CancellationToken stop)
    {
        using TensorScope scope = new();
        int before = Workers.Count;
        Workers.Count = threads;
        try
        {
            float[] a = new float[Rows * Inner], c = new float[Rows * Columns];
            a.AsSpan().Fill(0.5f);
            ReducedRows? reduced =
                precision == Precision.Float32 ? null : ReducedRows.Of(a, Inner, Rows, Inner, precision);
            PackedMatrix b =
                PackedMatrix.Of(new float[Columns * Inner], Inner, Columns, transposed: true, precision);
            TimeSpan best = TimeSpan.MaxValue;
            for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < _time;)
            {
                stop.ThrowIfCancellationRequested();
                long one = Stopwatch.GetTimestamp();
                if (reduced is null) Gemm.Multiply(a, Inner, Rows, b, c, Columns);
                else Gemm.Multiply(reduced, b, c, Columns);
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
