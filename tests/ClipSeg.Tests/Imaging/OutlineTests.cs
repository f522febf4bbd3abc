using ClipSeg.Imaging;

namespace ClipSeg.Tests.Imaging;

public sealed class OutlineTests
{
    private static readonly Rgb _white = new(255, 255, 255);

    [Theory]
    [InlineData(150, 190, 1)]
    [InlineData(150, 190, 4.5f)]
    [InlineData(1300, 70, 6)]       // looked at every other pixel
    public void A_circle_is_a_ring_of_the_thickness_that_was_asked_for(int width, int height, float thickness)
    {
        const float Radius = 30.3f;
        float middleX = width / 2f + 0.2f, middleY = height / 2f - 0.4f;
        Mask cone = new(width, height);
        for (int i = 0; i < cone.Values.Length; i++) cone.Values[i] = Math.Max(0, 1 - Distance(i) / (2 * Radius));
        using Drawing drawing = new(width, height, new(0, 0, 0));

        new Outline(cone, 0.5f).Draw(drawing, _white, thickness);

        Image image = drawing.ToImage();
        for (int i = 0; i < cone.Values.Length; i++)
        {
            float expected = Math.Clamp(thickness / 2 + 0.5f - Math.Abs(Distance(i) - Radius), 0, 1);
            Assert.InRange(image.Pixels[3 * i], 255 * expected - 12, 255 * expected + 12);
        }

        float Distance(int i) => MathF.Sqrt(
            MathF.Pow(i % width + 0.5f - middleX, 2) + MathF.Pow(i / width + 0.5f - middleY, 2));
    }

    [Fact]
    public void Around_the_line_is_a_dark_halo_and_beyond_that_nothing_changes()
    {
        Mask half = new(40, 200, [.. Enumerable.Range(0, 8000).Select(i => i % 40 < 20 ? 1f : 0)]);
        using Drawing drawing = new(40, 200, new(200, 200, 200));

        new Outline(half, 0.5f).Draw(drawing, _white, 2);

        Image image = drawing.ToImage();
        for (int y = 1; y < 199; y++)
        {
            byte[] row = [.. Enumerable.Range(15, 10).Select(x => image.Pixels[3 * (y * 40 + x)])];
            // From 19 to 21 is the line, from 17.7 to 22.3 the halo.
            Assert.Equal([200, 200, row[2], 110, 255, 255, 110, row[7], 200, 200], row);
            Assert.InRange(row[2], (byte)111, (byte)199);
        }
    }

    [Fact]
    public void Noise_has_no_outline()
    {
        Random random = new(1);
        Mask noise = new(400, 400, [.. Enumerable.Range(0, 160_000).Select(_ => random.NextSingle())]);
        using Drawing drawing = new(400, 400, new(0, 0, 0));
        new Outline(noise, 0.5f).Draw(drawing, _white, 3);
        Assert.All(drawing.ToImage().Pixels, value => Assert.Equal(0, value));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 70)]
    [InlineData(70, 1)]
    public void A_mask_of_one_row_or_column_has_none(int width, int height)
    {
        Mask mask = new(width, height);
        mask.Values[0] = 1;
        using Drawing drawing = new(width, height, new(7, 7, 7));
        new Outline(mask, 0.5f).Draw(drawing, _white, 2);
        Assert.All(drawing.ToImage().Pixels, value => Assert.Equal(7, value));
    }
}
