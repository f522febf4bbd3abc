using BenchmarkDotNet.Attributes;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Peers;

namespace ClipSeg.Benchmarks;

/// <summary>Full-size ViT-B/16 at 352 x 352, weights loaded: what a caller waits for.</summary>
[MemoryDiagnoser]
public class SegmentBenchmarks
{
    private static readonly int[] _prompt = [49406, 320, 2368, 49407];      // "a cat"

    private ClipSegModel _model = null!;
    private Compute _compute = null!;
    private Tensor _pixels = null!;
    private Tensor[] _activations = null!;
    private Tensor _conditionals = null!;

    [Params(1, 2)]
    public int Threads { get; set; }

    [Params(Precision.Float32, Precision.BFloat16, Precision.Int8)]
    public Precision Precision { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _compute = new(Threads);
        using Compute.Entry entry = _compute.Enter();
        ClipSegConfig config = ClipSegConfig.Rd64;
        _model = new(new Weights(FormulaWeights.For(config)), config) { Precision = Precision };
        _pixels = new Preprocessing().Apply(FullSize.Picture(640));
        _activations = Array.ConvertAll(_model.Vision.Activations(_pixels), a => a.Detach());
        _conditionals = _model.Text.Embed([.. Enumerable.Repeat(_prompt, 10)]).Detach();
    }

    [Benchmark]
    public float Picture() => Run(() => _model.Vision.Activations(_pixels)[^1]);

    [Benchmark]
    public float Text() => Run(() => _model.Text.Embed([_prompt]));

    [Benchmark]
    public float Decoder() => Run(() => _model.Decoder.Forward(_activations, _conditionals.TakeRows(0, 1), 22, 22));

    [Benchmark]
    public float OnePrompt() => Run(() => Segment(1));

    [Benchmark]
    public float TenPrompts() => Run(() => Segment(10));

    private Tensor Segment(int prompts)
    {
        Tensor[] activations = _model.Vision.Activations(_pixels);
        Tensor text = _model.Text.Embed([.. Enumerable.Repeat(_prompt, prompts)]);
        return _model.Decoder.Forward(activations, text, 22, 22);
    }

    private float Run(Func<Tensor> work)
    {
        using Compute.Entry entry = _compute.Enter();
        using TensorScope scope = new();
        return work().Data[0];
    }
}
