using ClipSeg.Numerics;

namespace ClipSeg.Model;

/// <summary>
/// The paper's baseline "CLIP-Deconv": one activation, projected to R; FiLM by the conditional; two linear layers; a
/// transposed convolution. No attention: every patch is judged alone.
/// </summary>
/// <remarks>Lüddecke and Ecker 2022, §4; training-and-evaluation.md §1.7. Checkpoint scope: <c>decoder</c>.</remarks>
internal sealed class DeconvDecoder : IDecoder
{
    private readonly int _width;
    private readonly Linear _filmMul, _filmAdd, _reduce, _reduce2In, _reduce2Out;
    private readonly Head _head;

    /// <param name="w">The scope <c>decoder</c>.</param>
    public DeconvDecoder(Weights w, ClipSegConfig c)
    {
        _width = c.ReduceWidth;
        _filmMul = new(w.Scope("film_mul"), Role.Projection, c.EmbeddingWidth, _width);
        _filmAdd = new(w.Scope("film_add"), Role.Projection, c.EmbeddingWidth, _width);
        _reduce = new(w.Scope("reduce"), Role.Projection, c.Vision.Width, _width);
        _reduce2In = new(w.Scope("reduce2.0"), Role.Projection, _width, c.Reduce2Width);
        _reduce2Out = new(w.Scope("reduce2.2"), Role.Projection, c.Reduce2Width, _width);
        _head = new(w, c);
    }

    public Tensor Forward(IReadOnlyList<Tensor> activations, Tensor conditionals, int height, int width)
    {
        if (activations.Count != 1) throw new ArgumentException($"Got {activations.Count} activations, expected 1.");

        using TensorScope scope = new();
        Tensor a = _reduce.Forward(activations[0]);                                         // [B, T, R]
        a = a.Film(_filmMul.Forward(conditionals), _filmAdd.Forward(conditionals));         // [P, T, R]
        a = _reduce2Out.Forward(_reduce2In.Forward(a, Activation.Relu));                    // [P, T, R]
        Tensor grid = a.DropFirst().Reshape(a[0], height, width, _width);                   // [P, GH, GW, R]
        return scope.Keep(_head.Forward(grid));                                             // [P, H, W]
    }
}
