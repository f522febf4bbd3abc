using BenchmarkDotNet.Attributes;
using ClipSeg.Numerics;

namespace ClipSeg.Benchmarks;

/// <summary>Products in the shapes of ViT-B/16 at 352 pixels (485 tokens), and of training small towers.</summary>
public class GemmBenchmarks
{
    private Compute _compute = null!;
    private PackedMatrix _b = null!;
    private float[] _a = null!, _c = null!;

    public static IEnumerable<Shape> Shapes =>
    [
        new("attention", 485, 768, 768), new("mlp 1", 485, 768, 3072), new("mlp 2", 485, 3072, 768),
        new("text", 8, 512, 2048), new("reduce", 485, 768, 64), new("decoder mlp", 485, 64, 2048),
        new("toy", 2080, 128, 128),
    ];

    [ParamsSource(nameof(Shapes))]
    public Shape Size { get; set; } = null!;

    [Params(1, 2)]
    public int Threads { get; set; }

    [Params(Precision.Float32, Precision.BFloat16, Precision.Int8)]
    public Precision Precision { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _compute = new(Threads);
        Random random = new(42);
        (_a, _c) = (new float[Size.M * Size.K], new float[Size.M * Size.N]);
        for (int i = 0; i < _a.Length; i++) _a[i] = random.NextSingle();
        _b = PackedMatrix.Of(new float[Size.K * Size.N], Size.K, Size.N, transposed: true, Precision);
    }

    [Benchmark]
    public void Multiply()
    {
        using Compute.Entry entry = _compute.Enter();
        Gemm.Multiply(_a, Size.K, Size.M, _b, _c, Size.N);
    }

    /// <summary>[M, K] x [K, N]; 2 M K N operations.</summary>
    public sealed record Shape(string Name, int M, int K, int N)
    {
        public override string ToString() => $"{Name} {M}x{K}x{N}, {2e-9 * M * K * N:F3} GFLOP";
    }
}
