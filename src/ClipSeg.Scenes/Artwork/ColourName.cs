namespace ClipSeg.Scenes.Artwork;

/// <summary>The colours that phrases name.</summary>
internal enum ColourName : byte
{
    /// <summary>Between two names, such as teal or beige.</summary>
    None,
    Red,
    Orange,
    Yellow,
    Green,
    Blue,
    Purple,
    Pink,
    Brown,
    Black,
    White,
    Gray,
}

/// <summary>How much of an object has which colour, counted over its visible pixels.</summary>
internal sealed class ColourShares
{
    private const float Enough = 0.55f;         // from here on people agree on the colour
    private const float Trace = 0.2f;           // up to here nobody would name it
    private const int Bits = 5;

    private static readonly byte[] _names = Table();

    private readonly int[] _counts = new int[Enum.GetValues<ColourName>().Length];
    private int _total;

    /// <summary>The colour that nearly everybody would name, or None.</summary>
    public ColourName Dominant
    {
        get
        {
            for (ColourName c = ColourName.Red; c <= ColourName.Gray; c++)
                if (Has(c) == Truth.Yes) return c;
            return ColourName.None;
        }
    }

    public Truth Has(ColourName colour)
    {
        float share = _counts[(int)colour] / (float)Math.Max(1, _total);
        return share >= Enough ? Truth.Yes : share <= Trace ? Truth.No : Truth.Doubtful;
    }

    public static ColourName NameOf(byte red, byte green, byte blue)
        => (ColourName)_names[(red >> 8 - Bits) << 2 * Bits | (green >> 8 - Bits) << Bits | blue >> 8 - Bits];

    internal void Add(ReadOnlySpan<byte> rgb)
    {
        _counts[(int)NameOf(rgb[0], rgb[1], rgb[2])]++;
        _total++;
    }

    private static byte[] Table()
    {
        byte[] names = new byte[1 << 3 * Bits];
        for (int i = 0; i < names.Length; i++)
        {
            const int Most = (1 << Bits) - 1;
            float r = i >> 2 * Bits, g = i >> Bits & Most, b = i & Most;
            names[i] = (byte)Classify(r / Most, g / Most, b / Most);
        }
        return names;
    }

    // By hue, saturation and value; the limits are ours, set by eye on both styles of artwork.
    private static ColourName Classify(float r, float g, float b)
    {
        float value = MathF.Max(r, MathF.Max(g, b)), chroma = value - MathF.Min(r, MathF.Min(g, b));
        float saturation = value > 0 ? chroma / value : 0;
        if (value < 0.2f || (value < 0.3f && saturation < 0.35f)) return ColourName.Black;
        if (saturation < 0.12f) return value > 0.86f ? ColourName.White : ColourName.Gray;
        if (saturation < 0.3f && value < 0.75f) return ColourName.Gray;
        if (saturation < 0.2f) return ColourName.None;

        float hue = 60 * (value == r ? (g - b) / chroma : value == g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma);
        if (hue < 0) hue += 360;
        bool pale = saturation < 0.5f;
        return hue switch
        {
            < 14 when value < 0.5f => ColourName.Brown,
            < 14 when pale => value > 0.8f && saturation > 0.3f && hue < 8 ? ColourName.Pink : ColourName.None,
            < 14 => ColourName.Red,
            < 40 when value < 0.72f => ColourName.Brown,
            < 40 when saturation < 0.55f => ColourName.None,
            < 40 => ColourName.Orange,
            < 41.5f => ColourName.None,
            < 66 when value < 0.55f || saturation < 0.42f => ColourName.None,
            < 62 => ColourName.Yellow,
            < 70 => ColourName.None,
            < 165 => ColourName.Green,
            < 188 => ColourName.None,
            < 250 => ColourName.Blue,
            < 258 => ColourName.None,
            < 296 => ColourName.Purple,
            < 340 when value > 0.65f => ColourName.Pink,
            < 325 => ColourName.Purple,
            < 350 when pale => ColourName.Pink,
            _ when pale => ColourName.None,
            _ => ColourName.Red,
        };
    }
}
