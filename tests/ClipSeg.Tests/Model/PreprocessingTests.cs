using System.Text.Json;
using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Model;
using ClipSeg.Numerics;

namespace ClipSeg.Tests.Model;

public sealed class PreprocessingTests
{
    [Fact]
    public void Apply_resizes_scales_and_normalises_each_channel()
    {
        Image image = Image.Load(Fixtures.At("model", "scene.png"));
        Preprocessing preprocessing = new() { Width = 40, Height = 24 };
        byte[] resized = image.Resize(40, 24).Pixels;
        float[] mean = [0.485f, 0.456f, 0.406f], std = [0.229f, 0.224f, 0.225f];

        Tensor pixels = preprocessing.Apply(image);

        Assert.Equal([1, 3, 24, 40], pixels.Shape.ToArray());
        for (int i = 0; i < pixels.Length; i++)
        {
            int channel = i / (24 * 40);
            float expected = (resized[i % (24 * 40) * 3 + channel] / 255f - mean[channel]) / std[channel];
            Assert.Equal(expected, pixels.Data[i], 1e-6f);
        }
    }

    [Fact]
    public void Apply_ignores_alpha()
    {
        Image opaque = Image.Load(Fixtures.At("model", "scene.png"));
        Image transparent = new(opaque.Width, opaque.Height, opaque.Pixels, new byte[opaque.Width * opaque.Height]);
        Assert.Equal(new Preprocessing().Apply(opaque).Data, new Preprocessing().Apply(transparent).Data);
    }

    [Fact]
    public void Apply_takes_a_mask_by_nearest_neighbour()
    {
        Mask mask = new(4, 2, [0, 1, 0, 1, 1, 1, 0, 0]);
        Assert.Equal([0, 0, 1, 0], new Preprocessing { Width = 2, Height = 2 }.Apply(mask).Data);
    }

    [Theory]
    [InlineData("""{"size":224}""", 224, 224, Resample.Bilinear)]
    [InlineData("""{"size":{"height":64,"width":96},"resample":3}""", 96, 64, Resample.Bicubic)]
    [InlineData("{}", 352, 352, Resample.Bilinear)]
    public void Parse_reads_the_size_and_the_filter(string json, int width, int height, Resample filter)
    {
        Preprocessing parsed = Preprocessing.Parse(Root(json));
        Assert.Equal((width, height, filter), (parsed.Width, parsed.Height, parsed.Filter));
        Assert.Equal([0.485f, 0.456f, 0.406f], parsed.Mean);
        Assert.Equal([0.229f, 0.224f, 0.225f], parsed.Std);
        Assert.Equal(1 / 255f, parsed.Rescale);
    }

    [Fact]
    public void Parse_reads_the_normalisation_or_that_there_is_none()
    {
        Preprocessing own = Preprocessing.Parse(Root(
            """{"image_mean":[0.1,0.2,0.3],"image_std":[0.5,0.6,0.7],"rescale_factor":0.5}"""));
        Assert.Equal([0.1f, 0.2f, 0.3f], own.Mean);
        Assert.Equal([0.5f, 0.6f, 0.7f], own.Std);
        Assert.Equal(0.5f, own.Rescale);

        Preprocessing none = Preprocessing.Parse(Root("""{"do_normalize":false,"do_rescale":false}"""));
        Assert.Equal([0, 0, 0], none.Mean);
        Assert.Equal([1, 1, 1], none.Std);
        Assert.Equal(1, none.Rescale);
    }

    [Theory]
    [InlineData("[]", "'root'")]
    [InlineData("""{"size":{"shortest_edge":224}}""", "'size' is {\"shortest_edge\":224}")]
    [InlineData("""{"size":0}""", "'size' is 0")]
    [InlineData("""{"size":1000000000}""", "'size' is 1000000000")]
    [InlineData("""{"resample":5}""", "'resample' is 5")]
    [InlineData("""{"image_std":[0,1,1]}""", "'image_std' is 0")]
    [InlineData("""{"image_mean":[1e99,1,1]}""", "'image_mean' is 1e99")]
    [InlineData("""{"image_mean":[1,1]}""", "'image_mean' is [1,1]")]
    [InlineData("""{"rescale_factor":"x"}""", "'rescale_factor' is \"x\"")]
    [InlineData("""{"do_resize":false}""", "'do_resize' is false")]
    public void Parse_refuses_what_cannot_be(string json, string expected)
    {
        CheckpointException e = Assert.Throws<CheckpointException>(() => Preprocessing.Parse(Root(json)));
        Assert.Contains(expected, e.Message);
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        Preprocessing own = new()
        {
            Width = 64,
            Height = 32,
            Filter = Resample.Lanczos,
            Mean = [0.1f, 0.2f, 0.3f],
            Std = [1, 2, 3],
            Rescale = 0.25f,
        };
        Preprocessing read = Preprocessing.Parse(
            JsonSerializer.SerializeToElement(own.ToFile(), ModelJson.Default.PreprocessorFile));

        Assert.Equal(own with { Mean = read.Mean, Std = read.Std }, read);
        Assert.Equal(own.Mean, read.Mean);
        Assert.Equal(own.Std, read.Std);
    }

    [Theory]
    [InlineData(352, 352, 16, null)]
    [InlineData(350, 352, 16, "Size 350 is not a multiple of the model's patch size 16; 336 and 352 are.")]
    [InlineData(352, 10, 16, "Size 10 is not a multiple of the model's patch size 16; 16 is.")]
    [InlineData(-16, 352, 16, "Size -16 is not in 1..2048.")]
    [InlineData(352, 1 << 20, 16, "Size 1048576 is not in 1..2048.")]
    public void Misfit_names_the_sizes_that_work(int width, int height, int patch, string? expected)
        => Assert.Equal(expected, new Preprocessing { Width = width, Height = height }.Misfit(patch));

    private static JsonElement Root(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
