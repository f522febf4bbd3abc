using System.Globalization;

namespace ClipSeg.Imaging;

/// <summary>From which probability on a pixel counts as found: a number, or one that each mask gives itself.</summary>
internal sealed record ThresholdRule
{
    private readonly Func<Mask, float> _of;

    private ThresholdRule(string name, float? number, Func<Mask, float> of) => (Name, Number, _of) = (name, number, of);

    /// <summary>The number that parts a mask's values best in two: <see cref="Mask.OtsuThreshold"/>.</summary>
    public static ThresholdRule Otsu { get; } = new("otsu", null, mask => mask.OtsuThreshold());

    /// <summary>Half of a mask's largest value, as <see cref="Mask.Foreground"/> has it.</summary>
    public static ThresholdRule Peak { get; } = new("peak", null, mask => mask.Values.Max() / 2);

    /// <summary>What it is called: "0.5", "otsu", "peak".</summary>
    public string Name { get; }

    /// <summary>The same for all masks; null if each has its own.</summary>
    public float? Number { get; }

    /// <param name="number">0 to 1.</param>
    public static ThresholdRule At(float number)
    {
        if (!(number is >= 0 and <= 1)) throw new ArgumentException($"A threshold is in 0..1, got {number}.");
        return new(number.ToString(CultureInfo.InvariantCulture), number, _ => number);
    }

    /// <summary>The rule of this name; null if there is none.</summary>
    public static ThresholdRule? Parse(string text) => text switch
    {
        "otsu" => Otsu,
        "peak" => Peak,
        _ when float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float number)
            && number is >= 0 and <= 1 => At(number),
        _ => null,
    };

    public float Of(Mask mask) => _of(mask);
}
