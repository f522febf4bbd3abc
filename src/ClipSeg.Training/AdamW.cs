using System.Numerics;
using System.Runtime.InteropServices;
using ClipSeg.Numerics;

namespace ClipSeg.Training;

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019), as PyTorch computes it.</summary>
internal sealed class AdamW
{
    private const float Beta1 = 0.9f, Beta2 = 0.999f, Eps = 1e-8f;
    private const int Grain = 1 << 14;

    private readonly Parameter[] _parameters;
    private readonly float[] _decays;

    /// <param name="parameters">Trainable ones; their order is the order of <see cref="FirstMoments"/>.</param>
    /// <param name="decay">The weight decay of each parameter, at least 0.</param>
    public AdamW(IEnumerable<Parameter> parameters, Func<Parameter, float> decay)
    {
        _parameters = [.. parameters];
        _decays = [.. _parameters.Select(decay)];
        FirstMoments = [.. _parameters.Select(p => new float[p.Value.Length])];
        SecondMoments = [.. _parameters.Select(p => new float[p.Value.Length])];
    }

    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>The running mean of each parameter's gradient. State: saved and restored with the weights.</summary>
    public IReadOnlyList<float[]> FirstMoments { get; }

    /// <summary>The running mean of each parameter's squared gradient. State, too.</summary>
    public IReadOnlyList<float[]> SecondMoments { get; }

    /// <summary>The steps taken. State, too.</summary>
    public int Steps { get; set; }

    /// <summary>Moves every parameter against its gradient, then zeroes the gradients.</summary>
    /// <param name="rate">The learning rate.</param>
    public void Step(float rate)
    {
        Steps++;
        float scale1 = (float)(1 / (1 - Math.Pow(Beta1, Steps))), scale2 = (float)(1 / (1 - Math.Pow(Beta2, Steps)));
        for (int i = 0; i < _parameters.Length; i++)
        {
            Tensor value = _parameters[i].Value, gradient = value.AddableGrad();
            (float[] m, float[] v) = (FirstMoments[i], SecondMoments[i]);
            float keep = 1 - rate * _decays[i];
            Workers.Split(value.Length, Grain, (start, end) => Step(
                value.Data[start..end], gradient.Data[start..end], m.AsSpan(start..end), v.AsSpan(start..end),
                keep, rate * scale1, scale2));
            gradient.Data.Clear();
            _parameters[i].Changed();
        }
    }

    private static void Step(
        Span<float> x, ReadOnlySpan<float> g, Span<float> m, Span<float> v, float keep, float rate, float scale2)
    {
        Span<Vector<float>> xv = MemoryMarshal.Cast<float, Vector<float>>(x);
        ReadOnlySpan<Vector<float>> gv = MemoryMarshal.Cast<float, Vector<float>>(g);
        Span<Vector<float>> mv = MemoryMarshal.Cast<float, Vector<float>>(m);
        Span<Vector<float>> vv = MemoryMarshal.Cast<float, Vector<float>>(v);
        for (int i = 0; i < xv.Length; i++)
        {
            mv[i] = mv[i] * Beta1 + gv[i] * (1 - Beta1);
            vv[i] = vv[i] * Beta2 + gv[i] * gv[i] * (1 - Beta2);
            Vector<float> root = Vector.SquareRoot(vv[i] * scale2) + new Vector<float>(Eps);
            xv[i] = xv[i] * keep - mv[i] * rate / root;
        }
        for (int i = xv.Length * Vector<float>.Count; i < x.Length; i++)
        {
            m[i] = m[i] * Beta1 + g[i] * (1 - Beta1);
            v[i] = v[i] * Beta2 + g[i] * g[i] * (1 - Beta2);
            x[i] = x[i] * keep - m[i] * rate / (MathF.Sqrt(v[i] * scale2) + Eps);
        }
    }
}
