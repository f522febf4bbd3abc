using System.Text.Json;
using ClipSeg.Imaging;

namespace ClipSeg.Tests.Imaging;

public sealed class ImageFileTests
{
    public static TheoryData<string> Every()
    {
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(Fixtures.At("images", "manifest.json")));
        return [.. manifest.RootElement.EnumerateObject().Select(p => p.Name)];
    }

    public static TheoryData<string> Bad()
        => [.. new DirectoryInfo(Fixtures.At("images", "bad")).GetFiles().Select(f => f.Name)];

    [Theory]
    [MemberData(nameof(Every))]
    public void Image_decodes_to_the_reference_pixels_exactly(string file)
    {
        Image actual = Image.Load(Fixtures.At("images", file));
        Image expected = Image.Load(Fixtures.At("images", file + ".expected.png"));

        Assert.Equal((expected.Width, expected.Height), (actual.Width, actual.Height));
        Assert.Equal(expected.Pixels, actual.Pixels);
        Assert.Equal(file == "rgba.png", actual.Alpha is not null);
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void Bad_file_throws_quickly_without_a_large_allocation(string file)
    {
        byte[] data = File.ReadAllBytes(Fixtures.At("images", "bad", file));
        Assert.Throws<ImageFormatException>(() => Image.Decode(data, file));     // once before measuring, for the JIT
        long before = GC.GetAllocatedBytesForCurrentThread();
        long start = Environment.TickCount64;

        ImageFormatException e = Assert.Throws<ImageFormatException>(() => Image.Decode(data, file));

        Assert.StartsWith(file + ": ", e.Message);
        Assert.InRange(Environment.TickCount64 - start, 0, 1000);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 500_000);
    }

    [Fact]
    public void Orientation_is_left_alone_when_asked()
    {
        Image turned = Image.Load(Fixtures.At("images", "exif-6.jpg"));
        Image stored = Image.Load(Fixtures.At("images", "exif-6.jpg"), applyOrientation: false);
        Assert.Equal((turned.Height, turned.Width), (stored.Width, stored.Height));
        Assert.Equal(turned.Pixels[..3], stored.Pixels[^(stored.Width * 3)..^(stored.Width * 3 - 3)]);
    }
}
