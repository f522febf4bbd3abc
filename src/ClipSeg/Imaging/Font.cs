using System.Text;

namespace ClipSeg.Imaging;

/// <summary>A small proportional font: ASCII, capitals 7 dots high, 2 dots below the line.</summary>
internal static class Font
{
    /// <summary>Dots a glyph spans at most.</summary>
    public const int MaxWidth = 5, Height = 9, CapHeight = 7;

    private const int SpaceWidth = 2;

    // From ' ' to '~', five bits a row: bit 5 * y + x is the dot at (x, y).
    private static ReadOnlySpan<ulong> Glyphs =>
    [
        0x000000000000, 0x000040108421, 0x0000000000A5, 0x000295F57D4A, 0x00011F4717C4, 0x000672222273,
        0x000593532526, 0x000000000021, 0x000104108444, 0x000044421041, 0x000009575480, 0x0000084F9080,
        0x000884000000, 0x000000078000, 0x000040000000, 0x000042222210, 0x0003A33AE62E, 0x0001C4210862,
        0x0007C444422E, 0x0003A306422E, 0x000211F4A988, 0x0003A3083C3F, 0x0003A317844C, 0x00010844221F,
        0x0003A317462E, 0x0001910F462E, 0x000040000400, 0x000884000800, 0x000208208888, 0x000000F03C00,
        0x000044441041, 0x00010044422E, 0x000383DAF62E, 0x000463F8C544, 0x0003E317C62F, 0x0003A210862E,
        0x0003E318C62F, 0x0007C217843F, 0x00004217843F, 0x0003A31E862E, 0x0004631FC631, 0x0001C4210847,
        0x000192842108, 0x000452519531, 0x0003C2108421, 0x0004631AD771, 0x0004639AD671, 0x0003A318C62E,
        0x00004217C62F, 0x00059358C62E, 0x00045257C62F, 0x0003E107043E, 0x00010842109F, 0x0003A318C631,
        0x000114A8C631, 0x0002AB5AC631, 0x000462A22A31, 0x000108422A31, 0x0007C222221F, 0x0000C2108423,
        0x000420820821, 0x0000C4210843, 0x000000004544, 0x00F800000000, 0x000000000041, 0x000392E41800,
        0x0001D2949C21, 0x00038210B800, 0x00039294B908, 0x000382F49800, 0x000042109C26, 0x06439294B800,
        0x000252949C21, 0x000042108401, 0x011084210802, 0x00024A32A421, 0x000082108421, 0x00056B5ABC00,
        0x000252949C00, 0x000192949800, 0x0109D2949C00, 0x08439294B800, 0x000042119400, 0x0001D060B800,
        0x000182109C21, 0x00039294A400, 0x000114A8C400, 0x0002AB5AC400, 0x00025264A400, 0x06439294A400,
        0x0003C2223C00, 0x000104208844, 0x010842108421, 0x000044220841, 0x0000009AC800,
    ];

    // U+00C0 to U+00FF without their accents.
    private const string Latin1 = "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty";

    /// <summary>The glyphs of a text. Letters lose their accents; what the font does not have becomes '?'.</summary>
    public static List<ulong> Layout(string text)
    {
        List<ulong> glyphs = [];
        foreach (Rune rune in text.EnumerateRunes())
        {
            char c = rune.Value switch
            {
                >= ' ' and <= '~' => (char)rune.Value,
                >= 0xC0 and <= 0xFF => Latin1[rune.Value - 0xC0],
                0xA0 or '\t' => ' ',
                _ => '?',
            };
            glyphs.Add(Glyphs[c - ' ']);
        }
        return glyphs;
    }

    /// <summary>Dots wide, without the gap to the next glyph.</summary>
    public static int Width(ulong glyph)
    {
        if (glyph == 0) return SpaceWidth;
        int width = 1;
        for (int y = 0; y < Height; y++)
        {
            for (int x = width; x < MaxWidth; x++)
            {
                if (HasDot(glyph, x, y)) width = x + 1;
            }
        }
        return width;
    }

    public static bool HasDot(ulong glyph, int x, int y)
        => x >= 0 && x < MaxWidth && y >= 0 && y < Height && (glyph >> (y * MaxWidth + x) & 1) != 0;
}
