using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;

namespace ClipSeg.Training;

/// <summary>A training whose loss is no number: there is nothing to go on from.</summary>
internal sealed class DivergedException(string message) : Exception(message)
{
    /// <summary>Looks for a weight that was no number to begin with; else the rate is to blame.</summary>
    public static DivergedException At(int step, double loss, Weights weights)
    {
        float[] values = new float[1 << 16];
        foreach (Parameter p in weights.Parameters)
        {
            int length = Tensor.Count(p.Shape);
            for (int first = 0; first < length; first += values.Length)
            {
                Span<float> part = values.AsSpan(0, Math.Min(values.Length, length - first));
                p.Read(first, part);
                foreach (float value in part)
                {
                    if (float.IsFinite(value)) continue;
                    return new(FormattableString.Invariant(
                        $"Step {step}: the loss is {loss}: the weight '{p.Name}' has the value {value}. ")
                        + "Start from a model without such weights.");
                }
            }
        }
        return new(FormattableString.Invariant(
            $"Step {step}: the loss is {loss}. Try a smaller rate or precision f32."));
    }
}
