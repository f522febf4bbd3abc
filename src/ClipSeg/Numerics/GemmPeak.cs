using System.Diagnostics;

namespace ClipSeg.Numerics;

/// <summary>The speed of a product whose operands stay in the cache: what all others are compared with.</summary>
/// <param name="Precision">Of both operands.</param>
/// <param name="OneThread">Multiplications and additions a second.</param>
/// <param name="AllThreads">The same on all threads of the engine.</param>
internal sealed record GemmPeak(Precision Precision, double OneThread, double AllThreads)
{
    private const int Rows = 168, Inner = 512, Columns = 512;
    private static readonly TimeSpan _time = TimeSpan.FromSeconds(0.3);

    /// <summary>The best of many products.</summary>
    public static GemmPeak Measure(Precision precision, int threads, CancellationToken stop)
    {
        double all = MeasureOn(threads, precision, stop);
        return new(precision, threads == 1 ? all : MeasureOn(1, precision, stop), all);
    }

    private static double MeasureOn(int threads, Precision precision, CancellationToken stop)
    {
        using Compute compute = new(threads);
        using Compute.Entry entry = compute.Enter();
        using TensorScope scope = new();
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
}
