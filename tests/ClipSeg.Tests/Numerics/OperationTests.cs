using ClipSeg.Numerics;

namespace ClipSeg.Tests.Numerics;

/// <summary>Operations and their gradients against PyTorch's (tests/fixtures/training/ops).</summary>
public sealed class OperationTests
{
    private const float Tolerance = 1e-5f;

    private static readonly Dictionary<string, Tensor> _reference = FixtureTensors.ReadAll("training/ops.safetensors");

    [Fact]
    public void Linear_equals_the_reference() => Check("linear", ["x"], ["w", "b"], (x, p) => x[0].Linear(p[0], p[1]));

    [Fact]
    public void MatMul_equals_the_reference() => Check("matmul", ["x", "y"], [], (x, _) => x[0].MatMul(x[1]));

    [Fact]
    public void LayerNorm_equals_the_reference()
        => Check("layer_norm", ["x"], ["w", "b"], (x, p) => x[0].LayerNorm(p[0], p[1], 1e-5f));

    [Fact]
    public void Softmax_equals_the_reference() => Check("softmax", ["x"], [], (x, _) => x[0].Softmax());

    [Fact]
    public void QuickGelu_equals_the_reference() => Check("quick_gelu", ["x"], [], (x, _) => x[0].QuickGelu());

    [Fact]
    public void Relu_equals_the_reference() => Check("relu", ["x"], [], (x, _) => x[0].Relu());

    [Fact]
    public void Normalize_equals_the_reference() => Check("normalize", ["x"], [], (x, _) => x[0].Normalize());

    [Fact]
    public void Patch_convolution_equals_the_reference()
        => Check("patch_conv", ["x"], ["w"], (x, p) => ChannelsFirst(
            x[0].Patches(p[0].Shape[2]).Linear(p[0], null).Reshape(2, 3, 2, 5)));

    [Fact]
    public void Convolution_equals_the_reference()
        => Check("conv3x3", ["x"], ["w", "b"], (x, p) => ChannelsFirst(ChannelsLast(x[0]).Conv3x3(p[0], p[1])));

    [Fact]
    public void Transposed_convolution_equals_the_reference()
        => Check(
            "conv_transpose", ["x"], ["w", "b"], (x, p) => ChannelsFirst(ChannelsLast(x[0]).ConvTranspose(p[0], p[1])));

    [Fact]
    public void Embedding_equals_the_reference()
    {
        // The ids are found by looking the rows up: the file holds the table, the output and its gradient.
        Tensor table = _reference["embedding.w"], expected = _reference["embedding.out"];
        int[][] ids = [.. Enumerable.Range(0, 2).Select(b => Enumerable.Range(0, 3).Select(t => Enumerable.Range(0, 5)
            .First(v => table.Data.Slice(v * 6, 6).SequenceEqual(expected.Data.Slice((b * 3 + t) * 6, 6)))).ToArray())];
        Check("embedding", [], ["w"], (_, p) => Tensor.Embedding(p[0], ids));
    }

    private static void Check(
        string name, string[] inputs, string[] weights, Func<Tensor[], Parameter[], Tensor> operation)
    {
        using TensorScope scope = new();
        Tensor[] x = [.. inputs.Select(i => _reference[$"{name}.{i}"].Detach())];
        foreach (Tensor t in x) t.RequiresGrad = true;
        Parameter[] p = [.. weights.Select(w => RandomFloats.ParameterOf(w, _reference[$"{name}.{w}"]))];

        using Tape tape = new();
        Tensor y = operation(x, p);
        Close.Relative(_reference[$"{name}.out"], y, Tolerance, "out");
        tape.Backward(y, _reference[$"{name}.dout"]);
        for (int i = 0; i < x.Length; i++)
            Close.Relative(_reference[$"{name}.d{inputs[i]}"], x[i].Grad!, Tolerance, "d" + inputs[i]);
        for (int i = 0; i < p.Length; i++)
            Close.Relative(_reference[$"{name}.d{weights[i]}"], p[i].Value.Grad!, Tolerance, "d" + weights[i]);
    }

    private static Tensor ChannelsLast(Tensor x) => Move(x, x[0], x[1], x[2] * x[3], x[0], x[2], x[3], x[1]);

    private static Tensor ChannelsFirst(Tensor x) => Move(x, x[0], x[1] * x[2], x[3], x[0], x[3], x[1], x[2]);

    /// <summary>
    /// Transposes the two middle groups of a [B, M, N] and shapes the result; a taped identity on the elements.
    /// </summary>
    private static Tensor Move(Tensor x, int batch, int m, int n, params int[] shape)
    {
        // As a product with the identity, so that the gradient comes back through tested operations.
        Tensor identity = Tensor.Zeros(batch, m, m);
        for (int b = 0; b < batch; b++)
        {
            for (int i = 0; i < m; i++) identity.Data[(b * m + i) * m + i] = 1;
        }
        Tensor columns = Tensor.Zeros(batch, n, n);
        for (int b = 0; b < batch; b++)
        {
            for (int i = 0; i < n; i++) columns.Data[(b * n + i) * n + i] = 1;
        }
        return columns.MatMulTransposed(identity.MatMul(x.Reshape(batch, m, n))).Reshape(shape);
    }
}
