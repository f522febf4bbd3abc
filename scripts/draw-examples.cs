#:package SkiaSharp
#:package SkiaSharp.NativeAssets.Linux.NoDependencies
#:property PublishAot=false

// Draws the pictures in examples/, 1024 x 768, and the mask of the flower that stands as an example in one of them,
// from artwork that get-data.cs has drawn large enough:
//
//   dotnet run scripts/get-data.cs -- --size 448
//   dotnet run scripts/draw-examples.cs
using System.Runtime.CompilerServices;
using System.Text.Json;
using SkiaSharp;

const int Width = 1024, Height = 768, Quality = 88;
string root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, ".."));
string artwork = args.Length > 0 ? args[0] : Path.Combine(root, "data", "emoji");
using JsonDocument names = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(artwork, "emojibase.json")));
Dictionary<string, string> codes = names.RootElement.EnumerateArray()
    .ToDictionary(e => e.GetProperty("label").GetString()!, e => e.GetProperty("hexcode").GetString()!);

// What, where its middle is, how large, and by how many degrees it is turned; from back to front.
Item[] garden =
[
    new("deciduous tree", 150, 225, 400), new("house with garden", 520, 235, 300), new("sunflower", 930, 400, 300, 4),
    new("hibiscus", 770, 590, 250, -8), new("rabbit", 480, 520, 230), new("blueberries", 215, 615, 240, 6),
    new("butterfly", 765, 175, 140, 18), new("mushroom", 610, 665, 140, -4), new("honeybee", 350, 370, 90, -15),
];
Draw("garden", Lawn, garden);
DrawMask("garden.hibiscus", garden, 3);
Draw("picnic", Blanket,
[
    new("pancakes", 230, 210, 290), new("pizza", 560, 230, 300, -14), new("hot beverage", 860, 190, 220),
    new("watermelon", 190, 560, 290, 10), new("green salad", 520, 545, 270), new("sandwich", 830, 520, 260, -6),
    new("strawberry", 380, 400, 120, 20), new("ant", 690, 400, 70, 30), new("fork and knife", 685, 675, 150, 60),
]);
Draw("travel", Beach,
[
    new("sun with face", 880, 120, 170), new("airplane", 330, 150, 220, 5), new("sailboat", 620, 300, 190),
    new("palm tree", 110, 400, 430), new("umbrella on ground", 800, 480, 300), new("luggage", 350, 560, 260, -5),
    new("black cat", 580, 600, 210), new("camera", 170, 690, 130, 12), new("spiral shell", 900, 690, 110, -10),
]);
Draw("treasure", Cave,
[
    new("crossed swords", 230, 240, 300), new("crown", 540, 215, 260, -6), new("scroll", 850, 240, 250, 8),
    new("gem stone", 180, 570, 220), new("old key", 430, 560, 240, 10), new("birthday cake", 690, 560, 260),
    new("candle", 900, 560, 240), new("ring", 560, 420, 130, 15), new("coin", 310, 430, 110), new("rat", 800, 700, 110),
]);

void Draw(string name, Action<SKCanvas> background, Item[] items)
{
    using SKBitmap picture = new(Width, Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
    using (SKCanvas canvas = new(picture))
    {
        background(canvas);
        using SKPaint shadow = new() { ImageFilter = SKImageFilter.CreateDropShadow(6, 9, 8, 8, new(0, 0, 0, 90)) };
        foreach (Item item in items) Place(canvas, item, shadow);
    }
    Save(picture, $"{name}.jpg", SKEncodedImageFormat.Jpeg);
}

// What is seen of one item: white, and black where the later ones cover it.
void DrawMask(string name, Item[] items, int shown)
{
    using SKBitmap picture = new(Width, Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
    using (SKCanvas canvas = new(picture))
    {
        canvas.Clear(SKColors.Black);
        for (int i = shown; i < items.Length; i++)
        {
            SKColor colour = i == shown ? SKColors.White : SKColors.Black;
            using SKPaint flat = new() { ColorFilter = SKColorFilter.CreateBlendMode(colour, SKBlendMode.SrcIn) };
            Place(canvas, items[i], flat);
        }
    }
    using SKBitmap grey = picture.Copy(SKColorType.Gray8);
    Save(grey, $"{name}.png", SKEncodedImageFormat.Png);
}

void Save(SKBitmap picture, string name, SKEncodedImageFormat format)
{
    string path = Path.Combine(root, "examples", name);
    using (FileStream file = File.Create(path)) picture.Encode(file, format, Quality);
    Console.WriteLine($"{path}: {new FileInfo(path).Length / 1024} KB");
}

void Place(SKCanvas canvas, Item item, SKPaint paint)
{
    using SKBitmap bitmap = SKBitmap.Decode(Path.Combine(artwork, item.Style, $"{codes[item.Label]}.png"))
        ?? throw new InvalidDataException($"{item.Style} has no '{item.Label}'.");
    using SKImage image = SKImage.FromBitmap(bitmap);
    canvas.Save();
    canvas.Translate(item.X, item.Y);
    canvas.RotateDegrees(item.Turn);
    float half = item.Size / 2f;
    canvas.DrawImage(
        image, new SKRect(-half, -half, half, half), new SKSamplingOptions(SKCubicResampler.Mitchell), paint);
    canvas.Restore();
}

static void Lawn(SKCanvas canvas)
{
    Fill(canvas, new(0, 0, Width, 330), "#9fd8f5", "#e6f6fd");
    Fill(canvas, new(0, 300, Width, Height), "#a4d06c", "#5f9e3a");
    Random random = new(1);
    using SKPaint blade = new() { IsAntialias = true, StrokeWidth = 2.5f, Style = SKPaintStyle.Stroke };
    for (int i = 0; i < 1500; i++)
    {
        float y = 312 + 456 * random.NextSingle(), x = Width * random.NextSingle(), tall = 4 + (y - 300) / 30;
        blade.Color = SKColor.FromHsl(88 + 20 * random.NextSingle(), 50, 30 + 22 * random.NextSingle());
        canvas.DrawLine(x, y, x + 6 * random.NextSingle() - 3, y - tall, blade);
    }
}

static void Blanket(SKCanvas canvas)
{
    canvas.Clear(SKColor.Parse("#fbf7ef"));
    using SKPaint stripe = new() { Color = SKColor.Parse("#d6564f").WithAlpha(105) };
    for (int at = 0; at < Width; at += 128)
    {
        canvas.DrawRect(at, 0, 64, Height, stripe);
        canvas.DrawRect(0, at, Width, 64, stripe);
    }
}

static void Beach(SKCanvas canvas)
{
    Fill(canvas, new(0, 0, Width, 300), "#6fc3ee", "#d3effa");
    Fill(canvas, new(0, 290, Width, 440), "#1d7fb8", "#57b9d6");
    Fill(canvas, new(0, 430, Width, Height), "#f2dfae", "#dcbd7c");
    Random random = new(2);
    using SKPaint grain = new() { IsAntialias = true };
    for (int i = 0; i < 2500; i++)
    {
        grain.Color = SKColor.FromHsl(40, 45, 50 + 30 * random.NextSingle()).WithAlpha(120);
        canvas.DrawCircle(Width * random.NextSingle(), 440 + 328 * random.NextSingle(), 1.8f, grain);
    }
}

static void Cave(SKCanvas canvas)
{
    Fill(canvas, new(0, 0, Width, Height), "#5b4a63", "#3a2d3f");
    using SKPaint board = new() { IsAntialias = true };
    using SKPaint vein = new()
    {
        IsAntialias = true,
        Style = SKPaintStyle.Stroke,
        StrokeWidth = 1.5f,
        Color = new(0, 0, 0, 45),
    };
    Random random = new(3);
    for (int y = 0; y < Height; y += 96)
    {
        board.Color = SKColor.FromHsl(24 + 6 * random.NextSingle(), 35, 30 + 8 * random.NextSingle());
        canvas.DrawRect(0, y, Width, 93, board);
        for (int i = 0; i < 9; i++)
        {
            float at = y + 96 * random.NextSingle(), from = Width * random.NextSingle();
            canvas.DrawLine(from, at, from + 260 * random.NextSingle(), at + 3, vein);
        }
    }
}

static void Fill(SKCanvas canvas, SKRect area, string above, string below)
{
    using SKShader shader = SKShader.CreateLinearGradient(new(0, area.Top), new(0, area.Bottom),
        [SKColor.Parse(above), SKColor.Parse(below)], SKShaderTileMode.Clamp);
    using SKPaint paint = new() { Shader = shader };
    canvas.DrawRect(area, paint);
}

static string ThisFile([CallerFilePath] string path = "") => path;

internal sealed record Item(string Label, float X, float Y, float Size, float Turn = 0, string Style = "noto");
