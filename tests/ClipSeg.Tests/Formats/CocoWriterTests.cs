using System.Text.Json;
using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Tests.Imaging;
using ClipSeg.Training.Data;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace ClipSeg.Tests.Formats;

public sealed class CocoWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File => _folder.At("coco.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_has_pictures_annotations_and_categories_that_refer_to_each_other()
    {
        Mask cup = SmallMasks.Parse("....", ".##.", ".#..");
        using (CocoWriter writer = new(File, ["a cup", "größe <紅色>"]))
        {
            writer.Add("a.jpg", 4, 3, [new(0, CocoRle.Of(cup), 0.5f), new(1, CocoRle.Of(new(4, 3)), 0.25f)]);
            writer.Add("x/b.jpg", 4, 3, [new(1, CocoRle.Of(cup.Invert()), 0.75f)]);
            Assert.False(System.IO.File.Exists(File));
            writer.Complete();
        }

        using JsonDocument json = JsonDocument.Parse(System.IO.File.ReadAllText(File));
        JsonElement root = json.RootElement;
        Assert.Equal(["info", "images", "annotations", "categories"], root.EnumerateObject().Select(p => p.Name));
        Assert.Equal("""{"id":2,"file_name":"x/b.jpg","width":4,"height":3}""",
            root.GetProperty("images")[1].GetRawText());
        Assert.Equal("größe <紅色>", root.GetProperty("categories")[1].GetProperty("name").GetString());
        JsonElement[] shapes = [.. root.GetProperty("annotations").EnumerateArray()];
        Assert.Equal(2, shapes.Length);         // what was not found is no annotation
        Assert.Equal("[1,1,2,2]", shapes[0].GetProperty("bbox").GetRawText());
        Assert.Equal((1, 1, 1, 3, 0), (Number(0, "id"), Number(0, "image_id"), Number(0, "category_id"),
            Number(0, "area"), Number(0, "iscrowd")));
        Assert.Equal((2, 2, 2, 9),
            (Number(1, "id"), Number(1, "image_id"), Number(1, "category_id"), Number(1, "area")));

        int Number(int shape, string key) => shapes[shape].GetProperty(key).GetInt32();
    }

    [Fact]
    public void The_reader_of_training_data_reads_the_same_masks_and_runs()
    {
        Mask[] masks = [SmallMasks.Parse("#..#", "##..", "##.#"), SmallMasks.Parse("....", ".##.", ".##.")];
        Mask[] things = [SmallMasks.Parse("#...", "##..", "##.."), SmallMasks.Parse("...#", "....", "...."),
            SmallMasks.Parse("....", "....", "...#"), masks[1]];
        Write(null, masks);

        CocoFile file = CocoFile.Read(File);
        Assert.Equal([1, 1, 1, 2], file.Annotations.Select(a => a.ImageId));
        for (int i = 0; i < things.Length; i++)
        {
            CocoRle runs = file.Annotations[i].Segmentation.Runs!;
            Assert.Equal(things[i].Values, runs.ToMask().Values);
            Assert.Equal(CocoRle.Of(things[i]).ToString(), runs.ToString());
        }
    }

    [Property(MaxTest = 200)]
    public Property Polygons_fill_by_even_and_odd_to_the_same_mask() => Prop.ForAll(SmallMasks.Mask(), mask =>
    {
        Write(0, [mask]);
        double[][] polygons = [.. CocoFile.Read(File).Annotations.SelectMany(a => a.Segmentation.Polygons)];
        for (int y = 0; y < mask.Height; y++)
        {
            for (int x = 0; x < mask.Width; x++)
                if (polygons.Any(p => Holds(p, x + 0.5, y + 0.5)) != mask[x, y] > 0.5f) return false;
        }
        return true;
    });

    [Property(MaxTest = 200)]
    public Property A_box_is_the_smallest_around_all_pixels() => Prop.ForAll(SmallMasks.Mask(), mask =>
    {
        (int X, int Y)[] set = [.. Enumerable.Range(0, mask.Values.Length).Where(i => mask.Values[i] > 0.5f)
            .Select(i => (i % mask.Width, i / mask.Width))];
        Component expected = set.Length == 0 ? default : new(set.Min(p => p.X), set.Min(p => p.Y),
            set.Max(p => p.X) - set.Min(p => p.X) + 1, set.Max(p => p.Y) - set.Min(p => p.Y) + 1, set.Length);
        return CocoRle.Of(mask).Box == expected;
    });

    private void Write(float? tolerance, Mask[] masks)
    {
        using CocoWriter writer = new(File, ["thing"], tolerance);
        foreach (Mask mask in masks) writer.Add("a.png", mask.Width, mask.Height, [new(0, CocoRle.Of(mask), 1)]);
        writer.Complete();
    }

    /// <summary>By the number of edges to the right of a point.</summary>
    private static bool Holds(double[] polygon, double x, double y)
    {
        bool inside = false;
        for (int i = 0, j = polygon.Length - 2; i < polygon.Length; j = i, i += 2)
        {
            (double x1, double y1, double x2, double y2) = (polygon[i], polygon[i + 1], polygon[j], polygon[j + 1]);
            if (y1 > y != y2 > y && x < (x2 - x1) * (y - y1) / (y2 - y1) + x1) inside = !inside;
        }
        return inside;
    }
}
