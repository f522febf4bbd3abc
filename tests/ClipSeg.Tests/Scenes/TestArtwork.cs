using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Scenes;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Tests.Checkpoints;

namespace ClipSeg.Tests.Scenes;

/// <summary>A small catalogue of plain shapes, so that scenes need no download.</summary>
internal static class TestArtwork
{
    public const string Table = """
        # a comment
        [animal] animal
        dog : hound / pet
        cat : kitten / pet
        owl / something that can fly
        ~fish / ?pet
        cow
        sheep
        dog face / dog, ?pet

        [food] ~food, something to eat
        apple < red apple | green apple : pome / ~fruit
        pizza : slice of pizza
        hot dog
        cake
        ~bread
        honey pot / -something to eat, ?something to eat

        [shape] shape
        circle
        square
        star
        """;

    public static EmojiCatalogue Catalogue { get; } = new(ConceptTable.Parse(Table), Sprites, Tags);

    public static Concept Concept(string name) => Catalogue.Concepts.Single(c => c.Name.Text == name);

    /// <summary>A disc of one colour on clear ground, 24 pixels wide, off centre in a 32-pixel picture.</summary>
    public static Image Disc(byte red, byte green, byte blue)
    {
        Image disc = new(32, 32, new byte[32 * 32 * 3], new byte[32 * 32]);
        for (int i = 0; i < 32 * 32; i++)
        {
            (disc.Pixels[3 * i], disc.Pixels[3 * i + 1], disc.Pixels[3 * i + 2]) = (red, green, blue);
            double dx = i % 32 - 13.5, dy = i / 32 - 17.5;
            disc.Alpha![i] = dx * dx + dy * dy <= 144 ? (byte)255 : (byte)0;
        }
        return disc;
    }

    /// <summary>A scene of these rectangles, all fully visible.</summary>
    public static Scene Rectangles(int side, params ReadOnlySpan<Box> boxes)
    {
        Image picture = new(side, side);
        Canvas canvas = new(picture);
        List<Placed> placed = [];
        foreach (Box box in boxes)
        {
            Concept concept = Concept(box.Concept);
            placed.Add(new(concept, concept.Sprites[0], box.Width * box.Height));
            for (int y = 0; y < box.Height; y++)
            {
                uint rgb = y < box.Height / 2 ? box.Rgb : box.LowerRgb ?? box.Rgb;
                for (int x = 0; x < box.Width; x++)
                {
                    int i = (box.Y + y) * side + box.X + x;
                    canvas.Labels[i] = (byte)placed.Count;
                    for (int c = 0; c < 3; c++) picture.Pixels[3 * i + c] = (byte)(rgb >> 16 - 8 * c);
                }
            }
        }
        return new(Catalogue, ConceptPool.All, picture, canvas.Labels, canvas.Measure(placed));
    }

    private static List<Sprite> Sprites(ConceptEntry entry)
    {
        RandomStream random = new(RandomUse.TrainScenes, seed: 0, entry.Line);
        return [.. entry.Labels.Select(_ => new Sprite(
            Disc((byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256)), "test"))];
    }

    private static List<string> Tags(ConceptEntry entry) => entry.Name.Text == "cow" ? ["milk", "sheep"] : [];
}

/// <summary>A rectangle that stands for a concept; colours are 0xRRGGBB, the second that of the lower half.</summary>
internal sealed record Box(
    string Concept, int X, int Y, int Width, int Height, uint Rgb = 0x808080, uint? LowerRgb = null);

/// <summary>A test of the real emoji, skipped where scripts/get-data.cs has not run.</summary>
public sealed class EmojiFactAttribute : FactAttribute
{
    public EmojiFactAttribute()
    {
        if (!File.Exists(Path.Combine(Folder, "SOURCES.txt")))
            Skip = "needs data/emoji: dotnet run scripts/get-data.cs";
    }

    public static string Folder { get; } = Path.Combine(Fixtures.Root, "data", "emoji");
}
