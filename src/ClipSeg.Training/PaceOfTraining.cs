using System.Diagnostics;

namespace ClipSeg.Training;

/// <summary>How long steps and validations take, of late.</summary>
internal sealed class PaceOfTraining
{
    private const double Newest = 0.02;     // share of the last step: the mean reaches back some 50

    private double _perValidation;
    private int _steps;

    /// <summary>Seconds.</summary>
    public double PerStep { get; private set; }

    public T Step<T>(Func<T> step)
    {
        long start = Stopwatch.GetTimestamp();
        T result = step();
        // The first step pays for buffers and kernels: the second takes its place.
        double share = Math.Max(1.0 / Math.Max(1, _steps), Newest);
        PerStep += share * (Stopwatch.GetElapsedTime(start).TotalSeconds - PerStep);
        _steps++;
        return result;
    }

    public T Validation<T>(Func<T> validate)
    {
        long start = Stopwatch.GetTimestamp();
        T result = validate();
        _perValidation = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return result;
    }

    public TimeSpan Left(int steps, int validations)
        => TimeSpan.FromSeconds(steps * PerStep + validations * _perValidation);
}
