using ClipSeg.Imaging;
using FsCheck;
using FsCheck.Fluent;

namespace ClipSeg.Tests.Imaging;

/// <summary>For property tests: binary masks of all densities, few enough pixels to compare each with each.</summary>
internal static class SmallMasks
{
    public static Arbitrary<Mask> Mask() => (
        from width in Gen.Choose(1, 12)
        from height in Gen.Choose(1, 12)
        from density in Gen.Choose(0, 10)
        from values in Gen.Choose(0, 9).Select(v => v < density ? 1f : 0).ArrayOf(width * height)
        select new Mask(width, height, values)).ToArbitrary();

    /// <summary>Rows of dots and hashes as a mask.</summary>
    public static Mask Parse(params string[] rows)
        => new(rows[0].Length, rows.Length, [.. string.Concat(rows).Select(c => c == '#' ? 1f : 0)]);

    public static string[] Draw(Mask mask)
        => [.. mask.Values.Select(v => v > 0.5f ? '#' : '.').Chunk(mask.Width).Select(row => new string(row))];
}
