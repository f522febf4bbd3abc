using ClipSeg.Numerics;

namespace ClipSeg.Model;

/// <summary>How a weight starts when it is not in a checkpoint: a distribution and its scale.</summary>
/// <param name="Uniform">Uniform in [-Scale, Scale) if true, else normal with standard deviation Scale.</param>
/// <param name="Offset">Added to every element.</param>
internal readonly record struct Init(bool Uniform, float Scale, float Offset = 0)
{
    public static Init Zero => new(true, 0);

    public static Init One => new(true, 0, 1);

    public static Init Normal(float deviation) => new(false, deviation);

    /// <summary>PyTorch's default for linear and convolution layers, weight and bias alike: ±1/√(fan in).</summary>
    public static Init FanIn(int inputs) => new(true, 1 / MathF.Sqrt(inputs));

    /// <summary>Xavier's: ±√(6 / (inputs + outputs)).</summary>
    public static Init Xavier(int inputs, int outputs) => new(true, MathF.Sqrt(6f / (inputs + outputs)));

    /// <summary>
    /// Draws all of <paramref name="values"/>; the same name and seed give the same values everywhere.
    /// </summary>
    internal void Fill(Span<float> values, string name, uint seed)
    {
        RandomStream random = new(RandomUse.FreshWeights, (int)seed, name);
        for (int i = 0; i < values.Length; i++)
        {
            double u = random.NextDouble();
            double x = Uniform ? 2 * u - 1
                : Math.Sqrt(-2 * Math.Log(1 - u)) * Math.Cos(2 * Math.PI * random.NextDouble());
            values[i] = (float)(Offset + Scale * x);
        }
    }
}
