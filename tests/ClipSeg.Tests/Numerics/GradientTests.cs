using ClipSeg.Numerics;

namespace ClipSeg.Tests.Numerics;

/// <summary>Every operation's gradient against finite differences of its own forward pass.</summary>
public sealed class GradientTests
{
    private static readonly Random _random = new(42);

    public static TheoryData<string> Operations => [.. _operations.Keys];

    private static readonly Dictionary<string, (int[][] Shapes, Func<Tensor[], Tensor> F)> _operations = new()
    {
        ["add"] = ([[3, 5], [3, 5]], x => x[0] + x[1]),
        ["add to itself"] = ([[3, 5]], x => x[0] + x[0]),
        ["scale"] = ([[3, 5]], x => x[0] * -2.5f),
        ["reshape"] = ([[3, 4]], x => x[0].Reshape(2, 6)),
        ["matmul"] = ([[2, 3, 4], [2, 4, 5]], x => x[0].MatMul(x[1])),
        ["matmul transposed"] = ([[2, 3, 4], [2, 5, 4]], x => x[0].MatMulTransposed(x[1])),
        ["quick gelu"] = ([[4, 9]], x => x[0].QuickGelu()),
        ["gelu"] = ([[4, 9]], x => x[0].Gelu()),
        ["softmax"] = ([[3, 9]], x => x[0].Softmax()),
        ["normalize"] = ([[3, 9]], x => x[0].Normalize()),
        ["attention"] = ([[2, 7, 8], [2, 7, 8], [2, 7, 8]], x => Tensor.Attention(x[0], x[1], x[2], 2)),
        ["causal attention"] =
        ([[1, 9, 8], [1, 9, 8], [1, 9, 8]], x => Tensor.Attention(x[0], x[1], x[2], 4, causal: true)),
        ["self attention"] = ([[1, 5, 4]], x => Tensor.Attention(x[0], x[0], x[0], 2)),
        ["film"] = ([[2, 3, 4], [2, 4], [2, 4]], x => x[0].Film(x[1], x[2])),
        ["drop first"] = ([[2, 4, 3]], x => x[0].DropFirst()),
        ["pick"] = ([[3, 4, 3]], x => x[0].Pick(2, 0, 3)),
        ["patches"] = ([[1, 3, 4, 6]], x => x[0].Patches(2)),
        ["binary cross-entropy"] = ([[3, 4]], x => x[0].BinaryCrossEntropy([1, 0, 0.5f, 1, 0, 0, 1, 1, 0, 1, 0, 1])),
        ["contrastive loss"] = ([[4, 4]], x => x[0].ContrastiveLoss()),
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public void Gradient_equals_finite_differences(string operation)
    {
        (int[][] shapes, Func<Tensor[], Tensor> f) = _operations[operation];
        Tensor[] x = [.. shapes.Select(s => _random.Tensor(s))];
        foreach (Tensor t in x) t.RequiresGrad = true;

        Tensor[] gradients;
        Tensor weights;
        using (new TensorScope())
        {
            using Tape tape = new();
            Tensor y = f(x);
            weights = new(_random.Floats(y.Length), y.Shape);
            tape.Backward(y, weights);
            gradients = [.. x.Select(t => t.Grad!.Detach())];
        }

        const float Step = 1e-2f;
        for (int i = 0; i < x.Length; i++)
        {
            for (int j = 0; j < x[i].Length; j++)
            {
                float value = x[i].Data[j];
                x[i].Data[j] = value + Step;
                double above = Weighted(f(x), weights);
                x[i].Data[j] = value - Step;
                double below = Weighted(f(x), weights);
                x[i].Data[j] = value;
                Assert.Equal((above - below) / (2 * Step), gradients[i].Data[j], 2e-3);
            }
        }
    }

    [Fact]
    public void Dropout_passes_gradients_where_it_passed_values()
    {
        Tensor x = _random.Tensor(50, 40);
        x.RequiresGrad = true;
        using TensorScope scope = new();
        using Tape tape = new() { Dropout = 0.3f, Random = new(RandomUse.Tests, 5, 0) };
        Tensor y = x.Dropout();
        Tensor ones = Tensor.Empty(50, 40);
        ones.Data.Fill(1);
        tape.Backward(y, ones);
        for (int i = 0; i < x.Length; i++) Assert.Equal(y.Data[i], x.Data[i] * x.Grad!.Data[i], 1e-6f);
        Assert.Contains(0f, y.Data.ToArray());
    }

    [Fact]
    public void Attention_with_dropout_has_the_gradient_of_what_it_computed()
    {
        Tensor[] x = [_random.Tensor(1, 6, 4), _random.Tensor(1, 6, 4), _random.Tensor(1, 6, 4)];
        foreach (Tensor t in x) t.RequiresGrad = true;
        Tensor weights = _random.Tensor(1, 6, 4);
        double Loss(out Tensor[] gradients)
        {
            using TensorScope scope = new();
            using Tape tape = new() { Dropout = 0.4f, Random = new(RandomUse.Tests, 3, 0) };
            Tensor y = Tensor.Attention(x[0], x[1], x[2], 2);
            tape.Backward(y, weights);
            gradients = [.. x.Select(t => t.Grad!.Detach())];
            foreach (Tensor t in x) t.SetGrad(null);
            return Weighted(y, weights);
        }

        Loss(out Tensor[] expected);
        for (int i = 0; i < 3; i++)
        {
            for (int j = 0; j < 24; j++)
            {
                float value = x[i].Data[j];
                x[i].Data[j] = value + 1e-2f;
                double above = Loss(out _);
                x[i].Data[j] = value - 1e-2f;
                double below = Loss(out _);
                x[i].Data[j] = value;
                Assert.Equal((above - below) / 2e-2, expected[i].Data[j], 2e-3);
            }
        }
    }

    private static double Weighted(Tensor y, Tensor weights)
    {
        double sum = 0;
        for (int i = 0; i < y.Length; i++) sum += (double)y.Data[i] * weights.Data[i];
        return sum;
    }
}
