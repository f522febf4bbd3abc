namespace ClipSeg.Imaging;

/// <summary>Pillow's weights along one axis: for every output position the source positions it averages.</summary>
internal sealed class ResizeTaps
{
    /// <summary>A weight of 1 is 1 with so many bits behind the point.</summary>
    public const int FractionBits = 22;

    private readonly int[] _first, _count, _weights;
    private readonly int _most;

    public ResizeTaps(int size, int newSize, Resample filter)
    {
        (Size, NewSize) = (size, newSize);
        double scale = (double)size / newSize, stretch = Math.Max(scale, 1);
        double support = Support(filter) * stretch, shrink = 1 / stretch;
        _most = (int)Math.Ceiling(support) * 2 + 1;
        (_first, _count, _weights) = (new int[newSize], new int[newSize], new int[checked(newSize * _most)]);
        double[] weights = new double[_most];
        for (int i = 0; i < newSize; i++)
        {
            double centre = (i + 0.5) * scale, sum = 0;
            int first = Math.Max((int)(centre - support + 0.5), 0);
            int count = Math.Min((int)(centre + support + 0.5), size) - first;
            for (int j = 0; j < count; j++)
            {
                weights[j] = Weight(filter, (j + first - centre + 0.5) * shrink);
                sum += weights[j];
            }
            for (int j = 0; j < count; j++)
            {
                double weight = (sum != 0 ? weights[j] / sum : weights[j]) * (1 << FractionBits);
                _weights[i * _most + j] = (int)(weight + (weight < 0 ? -0.5 : 0.5));
            }
            (_first[i], _count[i]) = (first, count);
        }
    }

    public int Size { get; }

    public int NewSize { get; }

    public int First(int i) => _first[i];

    public ReadOnlySpan<int> Weights(int i) => _weights.AsSpan(i * _most, _count[i]);

    private static double Support(Resample filter) => filter switch
    {
        Resample.Box => 0.5,
        Resample.Bilinear => 1,
        Resample.Bicubic => 2,
        Resample.Lanczos => 3,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, null),
    };

    private static double Weight(Resample filter, double x)
    {
        const double a = -0.5;
        double d = Math.Abs(x);
        return filter switch
        {
            Resample.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
            Resample.Bilinear => d < 1 ? 1 - d : 0,
            Resample.Bicubic when d < 1 => ((a + 2) * d - (a + 3)) * d * d + 1,
            Resample.Bicubic => d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0,
            _ => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0,
        };
    }

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);
}
