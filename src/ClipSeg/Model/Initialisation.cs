using ClipSeg.Numerics;

namespace ClipSeg.Model;

/// <summary>How weights start that are not in a checkpoint.</summary>
internal static class Initialisation
{
    /// <summary>
    /// Draws all of <paramref name="values"/>; the same name and seed give the same values everywhere.
    /// </summary>
    /// <param name="layers">The blocks of the tower.</param>
    /// <param name="inputs">How many values each output is a sum of.</param>
    public static void Fill(
        Span<float> values, Role role, Part part, int layers, int inputs, ReadOnlySpan<int> shape, string name,
        uint seed)
    {
        Start start = (part & Part.Decoder) != 0 ? OfDecoder(role, inputs) : OfClip(role, part, layers, inputs, shape);
        RandomStream random = new(RandomUse.FreshWeights, (int)seed, name);
        for (int i = 0; i < values.Length; i++)
        {
            double u = random.NextDouble();
            double x = start.Uniform ? 2 * u - 1
                : Math.Sqrt(-2 * Math.Log(1 - u)) * Math.Cos(2 * Math.PI * random.NextDouble());
            values[i] = (float)(start.Offset + start.Scale * x);
        }
    }

    /// <summary>As CLIP starts: normal, residual branches scaled down with depth (Radford et al. 2021, §2.5).</summary>
    private static Start OfClip(Role role, Part part, int layers, int inputs, ReadOnlySpan<int> shape) => role switch
    {
        Role.Attention or Role.Projection => Normal(Power(inputs)),
        Role.AttentionOutput or Role.MlpOutput => Normal(Power(shape[0]) * Power(2 * layers)),
        Role.MlpInput => Normal(Power(2 * inputs)),
        Role.Patches => FanIn(inputs),
        Role.TokenEmbedding => Normal(0.02f),
        Role.PositionEmbedding when part == Part.Text => Normal(0.01f),
        Role.PositionEmbedding or Role.ClassEmbedding => Normal(Power(shape[^1])),
        Role.LogitScale => Constant(MathF.Log(1 / 0.07f)),
        _ => OfNorm(role),
    };

    /// <summary>As PyTorch's layers start.</summary>
    private static Start OfDecoder(Role role, int inputs) => role switch
    {
        Role.Attention => new(true, MathF.Sqrt(6f / (4 * inputs))),         // Xavier's, for q, k and v in one matrix
        Role.AttentionBias => Constant(0),
        Role.Bias => FanIn(inputs),
        _ when role.IsMatrix() => FanIn(inputs),
        _ => OfNorm(role),
    };

    private static Start OfNorm(Role role) => Constant(role is Role.Gain or Role.BlockGain ? 1 : 0);

    private static Start Constant(float value) => new(true, 0, value);

    private static Start Normal(float deviation) => new(false, deviation);

    /// <summary>±1/√inputs.</summary>
    private static Start FanIn(int inputs) => new(true, 1 / MathF.Sqrt(inputs));

    private static float Power(int width) => MathF.Pow(width, -0.5f);

    /// <param name="Uniform">Uniform in [-Scale, Scale) if true, else normal with standard deviation Scale.</param>
    /// <param name="Offset">Added to every element.</param>
    private readonly record struct Start(bool Uniform, float Scale, float Offset = 0);
}
