using System.Text.Json;
using ClipSeg.Numerics;
using ClipSeg.Prompts;

namespace ClipSeg.Tests.Prompts;

public sealed class VisualPromptTests
{
    private static readonly Dictionary<string, Tensor> _fixture
        = FixtureTensors.ReadAll("visual-prompts/visual-prompts.safetensors");

    public static TheoryData<string> Cases
    {
        get
        {
            using JsonDocument cases = ReadCases();
            return [.. cases.RootElement.EnumerateObject().Select(c => c.Name)];
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Apply_equals_the_reference(string name)
    {
        using JsonDocument cases = ReadCases();
        JsonElement options = cases.RootElement.GetProperty(name);
        VisualPrompt prompt = new()
        {
            Blur = Number("blur") ?? 0,
            BackgroundFactor = Number("bg_fac") ?? 1,
            CenterContext = options.TryGetProperty("center_context", out JsonElement c) ? c.GetDouble() : null,
            ImageSize = (int)(Number("image_size") ?? 224),
            Colorize = options.TryGetProperty("colorize", out _),
            Outline = options.TryGetProperty("outline", out _),
            Grayscale = options.TryGetProperty("grayscale", out _),
        };

        Tensor actual = prompt.Apply(_fixture["image"], _fixture["mask"]);
        int step = options.GetProperty("stored").GetString() == "whole" ? 1 : 3;
        if (step == 3) Assert.Equal("every third row and column", options.GetProperty("stored").GetString());
        Close.All(_fixture[name], Every(actual, step), 1e-4f);

        float? Number(string key) => options.TryGetProperty(key, out JsonElement value) ? value.GetSingle() : null;
    }

    [Fact]
    public void Named_presets_equal_their_formulas()
    {
        Tensor x = _fixture["image"];
        Tensor mask = _fixture["mask"];
        Tensor blur1 = new VisualPrompt { Blur = 1 }.Apply(x, Tensor.Zeros(mask.Shape));
        Tensor blur3 = new VisualPrompt { Blur = 3 }.Apply(x, Tensor.Zeros(mask.Shape));

        Check("overlay", (i, m) => x.Data[i] * m);
        Check("highlight", (i, m) => 0.85f * x.Data[i] * m + 0.15f * x.Data[i]);
        Check("highlight2", (i, m) => (x.Data[i] / 2 + 0.1f) * m + 0.3f * (x.Data[i] / 2));
        Check("blur_highlight", (i, m) => x.Data[i] * m + 0.5f * blur1.Data[i] * (1 - m) - 0.01f);
        Check("blur3_highlight", (i, m) => x.Data[i] * m + 0.5f * blur3.Data[i] * (1 - m) - 0.01f);
        Check("blur3_highlight01", (i, m) => x.Data[i] * m + 0.1f * blur3.Data[i] * (1 - m) - 0.01f);
        Check("shape", (_, m) => m);
        Check("image_only", (i, _) => x.Data[i]);
        Check("image_black", (_, _) => 0);

        void Check(string name, Func<int, float, float> formula)
        {
            Tensor actual = VisualPrompt.Named(name).Apply(x, mask);
            Assert.Equal(x.Shape, actual.Shape);
            for (int i = 0; i < x.Length; i++)
                Assert.Equal(formula(i, mask.Data[i % mask.Length]), actual.Data[i], 1e-5f);
        }
    }

    [Fact]
    public void Named_crops_equal_the_reference()
    {
        Tensor x = _fixture["image"];
        Tensor mask = _fixture["mask"];
        Close.All(_fixture["crop_blur_highlight"], VisualPrompt.Named("crop_blur_highlight").Apply(x, mask), 1e-4f);
        Close.All(_fixture["crop_blur_highlight352"], Every(VisualPrompt.Default.Apply(x, mask), 3), 1e-4f);

        Tensor crop = VisualPrompt.Named("crop").Apply(x, mask);
        Close.All(new VisualPrompt { Blur = 1, CenterContext = 0.1, ImageSize = 224 }.Apply(x, mask), crop, 0);
        Assert.Equal([3, 224, 224], crop.Shape);
    }

    [Fact]
    public void Named_knows_all_its_names_and_lists_them()
    {
        Assert.All(VisualPrompt.Names, name => VisualPrompt.Named(name));
        ArgumentException e = Assert.Throws<ArgumentException>(() => VisualPrompt.Named("blur4"));
        Assert.Contains("'blur4'. Known are crop_blur_highlight352, ", e.Message);
    }

    [Theory]
    [InlineData(20, 60)]
    [InlineData(60, 20)]
    public void Crop_keeps_the_whole_object_when_the_picture_is_not_square(int height, int width)
    {
        Tensor image = Tensor.Zeros(3, height, width);
        Tensor mask = Tensor.Zeros(height, width);
        for (int y = height / 2; y < height; y++)
        {
            for (int x = width / 2; x < width; x++)
            {
                mask.Data[y * width + x] = 1;
                for (int channel = 0; channel < 3; channel++) image.Data[(channel * height + y) * width + x] = 1;
            }
        }

        // 10 x 30 of the object in a square of 30, at half the size: 5 x 15 ones in the middle.
        Tensor crop = new VisualPrompt { CenterContext = 0, ImageSize = 15 }.Apply(image, mask);
        for (int y = 0; y < 15; y++)
        {
            for (int x = 0; x < 15; x++)
            {
                int across = height < width ? y : x;
                Assert.Equal(across is >= 5 and < 10 ? 1 : 0, crop.Data[y * 15 + x]);
            }
        }
    }

    [Fact]
    public void Crop_shows_the_whole_picture_when_the_mask_is_empty()
    {
        Tensor image = new([.. Enumerable.Range(0, 3 * 4 * 4).Select(i => (float)i)], 3, 4, 4);
        Tensor crop = new VisualPrompt { CenterContext = 0.1, ImageSize = 8 }.Apply(image, Tensor.Zeros(4, 4));
        for (int i = 0; i < crop.Length; i++)
            Assert.Equal(image.Data[i / 64 * 16 + i / 16 % 4 * 4 + i / 2 % 4], crop.Data[i]);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 9)]
    [InlineData(5, 3)]
    [InlineData(16, 33)]
    public void Blur_equals_its_definition_at_every_size(int height, int width)
    {
        Random random = new(42);
        Tensor image = Tensor.Zeros(3, height, width);
        foreach (ref float x in image.Data) x = random.NextSingle();
        Tensor actual = new VisualPrompt { Blur = 2 }.Apply(image, Tensor.Zeros(height, width));

        double[] taps = [.. Enumerable.Range(-7, 15).Select(i => Math.Exp(-i * i / 8.0))];
        double sum = taps.Sum() * taps.Sum();
        for (int at = 0; at < image.Length; at++)
        {
            (int channel, int y, int x) = (at / (height * width), at / width % height, at % width);
            double expected = 0;
            for (int dy = -7; dy <= 7; dy++)
            {
                for (int dx = -7; dx <= 7; dx++)
                {
                    int from = (channel * height + Reflect(y + dy, height)) * width + Reflect(x + dx, width);
                    expected += taps[dy + 7] * taps[dx + 7] / sum * image.Data[from];
                }
            }
            Assert.Equal(expected, actual.Data[at], 1e-5);
        }

        static int Reflect(int i, int n)
        {
            while (n > 1 && (i < 0 || i >= n)) i = i < 0 ? -i : 2 * (n - 1) - i;
            return n == 1 ? 0 : i;
        }
    }

    [Fact]
    public void Outline_ignores_holes_and_what_is_in_them()
    {
        // A ring 9 to 30 with an island in it: only the ring's outer border is drawn, three pixels to each side.
        Tensor mask = Tensor.Zeros(40, 40);
        for (int i = 0; i < mask.Length; i++)
        {
            int away = Math.Max(Math.Abs(i / 40 * 2 - 39), Math.Abs(i % 40 * 2 - 39));
            if (away is > 11 and <= 21 or <= 3) mask.Data[i] = 1;
        }
        Tensor y = new VisualPrompt { Outline = true }.Apply(Tensor.Zeros(3, 40, 40), mask);
        for (int x = 0; x < 40; x++) Assert.Equal(x is >= 6 and <= 12 or >= 27 and <= 33, y.Data[20 * 40 + x] != 0);
    }

    [Fact]
    public void Rect_paints_a_box_around_the_object()
    {
        Tensor mask = Tensor.Zeros(40, 40);
        for (int y = 15; y < 25; y++) mask.Data.Slice(y * 40 + 10, 20).Fill(1);
        Tensor painted = new VisualPrompt { Rect = true }.Apply(Tensor.Zeros(3, 40, 40), mask);
        for (int x = 0; x < 40; x++)
        {
            // 10 % of 20 columns around columns 10 to 29: borders at 8 and 32, two pixels to each side.
            Assert.Equal(x is >= 6 and < 10 or >= 30 and < 34 ? 255 : 0, painted.Data[20 * 40 + x]);
            Assert.Equal(x is >= 6 and < 34 ? 255 : 0, painted.Data[13 * 40 + x]);
            Assert.Equal(0, painted.Data[1600 + 13 * 40 + x]);
        }
    }

    [Fact]
    public void Apply_refuses_shapes_and_options_that_do_not_fit()
    {
        Tensor image = Tensor.Zeros(3, 8, 9);
        Assert.Throws<ArgumentException>(() => VisualPrompt.Default.Apply(image, Tensor.Zeros(9, 8)));
        Assert.Throws<ArgumentException>(() => VisualPrompt.Default.Apply(Tensor.Zeros(1, 8, 9), Tensor.Zeros(8, 9)));
        Assert.Throws<ArgumentException>(
            () => new VisualPrompt { CenterContext = 0.1, Outline = true }.Apply(image, Tensor.Zeros(8, 9)));
        Assert.Throws<ArgumentException>(
            () => new VisualPrompt { CenterContext = -0.6 }.Apply(image, Tensor.Zeros(8, 9)));
        Assert.Throws<ArgumentException>(
            () => new VisualPrompt { CenterContext = 0.1, ImageSize = 0 }.Apply(image, Tensor.Zeros(8, 9)));
    }

    [Fact]
    public void Apply_leaves_the_picture_as_it_was()
    {
        float[] before = _fixture["image"].Data.ToArray();
        new VisualPrompt { Brightness = 0.5f, Rect = true, Outline = true }.Apply(_fixture["image"], _fixture["mask"]);
        Assert.Equal(before, _fixture["image"].Data.ToArray());
    }

    private static JsonDocument ReadCases()
        => JsonDocument.Parse(File.ReadAllBytes(Fixtures.At("visual-prompts", "visual-prompts.json")));

    private static Tensor Every(Tensor t, int step)
    {
        (int height, int width) = ((t[1] + step - 1) / step, (t[2] + step - 1) / step);
        Tensor picked = Tensor.Zeros(3, height, width);
        for (int i = 0; i < picked.Length; i++)
        {
            (int channel, int y, int x) = (i / (height * width), i / width % height, i % width);
            picked.Data[i] = t.Data[(channel * t[1] + y * step) * t[2] + x * step];
        }
        return picked;
    }
}
