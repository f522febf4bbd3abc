namespace ClipSeg.Imaging;

/// <summary>A colour, 0 to 255 a channel.</summary>
public readonly record struct Rgb(byte R, byte G, byte B)
{
    /// <summary>The colour between this one and another.</summary>
    /// <param name="other">What an amount of 1 gives.</param>
    /// <param name="amount">0 to 1.</param>
    public Rgb Mix(Rgb other, float amount)
        => new(Mix(R, other.R, amount), Mix(G, other.G, amount), Mix(B, other.B, amount));

    private static byte Mix(byte from, byte to, float amount) => (byte)(from + (to - from) * amount + 0.5f);
}
