using ClipSeg.Imaging;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Training.Data;

public sealed class InstanceDataTests : IDisposable
{
    private const string Categories = """[{"id": 7, "name": "bow_(weapon)"}, {"id": 9, "name": "cat"}]""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(new[] { 1.0, 1, 5, 1, 5, 4, 1, 4 }, "......./.####../.####../.####../......./.......")]
    [InlineData(new[] { 1.0, 4, 5, 4, 5, 1, 1, 1 }, "......./.####../.####../.####../......./.......")]
    [InlineData(new[] { 0.5, 0.5, 6.2, 2.1, 3.3, 5.7 }, "......./.###.../..####./..###../...#.../...#...")]
    [InlineData(new[] { -3.0, -3, 20, -3, 20, 20, -3, 20 }, "#######/#######/#######/#######/#######/#######")]
    public void Polygons_are_filled_as_cocos_tools_do(double[] points, string expected)
    {
        Mask mask = new(7, 6);
        CocoShapes.FillPolygon(mask, points);
        Assert.Equal(expected, Draw(mask));
    }

    [Fact]
    public void Coco_is_read_as_it_is_published()
    {
        string shapes = """
            {"id": 1, "image_id": 5, "category_id": 9, "iscrowd": 0, "area": 12,
             "segmentation": [[1, 1, 5, 1, 5, 4, 1, 4]]},
            {"id": 2, "image_id": 5, "category_id": 7, "segmentation": {"counts": [0, 6, 36], "size": [6, 7]}},
            {"id": 3, "image_id": 5, "category_id": 9, "iscrowd": 1,
             "segmentation": {"size": [6, 7], "counts": [36, 2, 4]}},
            {"id": 4, "image_id": 6, "category_id": 9, "segmentation": [[0, 0, 2, 0, 2, 2, 0, 2]]}
            """;
        Write("instances_val2017.json", shapes);
        Write("instances_train2017.json", shapes);
        DataSetKind kind = DataSetKind.Of(_folder.Path);
        Assert.Equal("COCO or LVIS", kind.Name);
        SegmentationData data = kind.Open(_folder.Path, "val", new());
        Assert.Equal(3, data.Count);
        SegmentationSample cats = data.Get(0), bow = data.Get(1);
        Assert.Equal(("cat", 5, "bow (weapon)"), (cats.Phrase, cats.Group, bow.Phrase));
        Assert.Equal("......#/.####.#/.####../.####../......./.......", Draw(cats.Mask));
        Assert.Equal("#....../#....../#....../#....../#....../#......", Draw(bow.Mask));
        Assert.Equal(6, data.Support(0, 1)!.Group);

        Assert.Equal("an annotation file of COCO or LVIS",
            DataSetKind.Of(_folder.At("annotations", "instances_val2017.json")).Name);
        (SegmentationData train, SegmentationData validation) =
            DataSetKind.OpenPair(_folder.At("annotations", "instances_val2017.json"), null, new());
        Assert.Equal((2, 1), (train.Count, validation.Count));
    }

    [Theory]
    [InlineData("""{"image_id": 4, "category_id": 9, "segmentation": []}""", "annotations[0]: image 4 is not in")]
    [InlineData("""{"image_id": 5, "category_id": 1, "segmentation": []}""", "annotations[0]: category 1 is not in")]
    [InlineData("""{"image_id": 5, "category_id": 9, "segmentation": [[1, 2, 3]]}""", "A polygon of 3 numbers")]
    [InlineData("""{"image_id": 5, "category_id": 9, "segmentation": [[1, 2, 3, 4, 5, 1e9]]}""", "far off any picture")]
    [InlineData("""{"image_id": 5, "category_id": 9, "segmentation": 3}""", "A segmentation is a list of polygons")]
    [InlineData("""{"image_id": 5, "category_id": 9, "segmentation": {"counts": [1], "size": [1]}}""", "need 'counts'")]
    [InlineData("""{"image_id": 5, "category_id": 9, "segmentation": {"counts": "P", "size": [6, 7]}}""",
        "$.annotations[0].segmentation: Compressed run lengths end")]
    [InlineData("""{"image_id": 5, "category_id": 9, "segmentation": {"counts": [40], "size": [6, 7]}}""",
        "$.annotations[0].segmentation: The run lengths add up to 40 pixels, expected 42")]
    [InlineData("""{"image_id": 5, "category_id": 9, "segmentation": {"counts": [42], "size": [7, 6]}}""", "is 6x7")]
    [InlineData("""{"image_id": 5, "category_id": 9}""", "segmentation")]
    [InlineData("", "has no annotation")]
    public void What_cannot_be_is_named(string annotation, string message)
    {
        Write("instances_val2017.json", annotation);
        DataFormatException e = Assert.Throws<DataFormatException>(() => InstanceData.Open(_folder.Path, "val"));
        Assert.Contains("instances_val2017.json", e.Message);
        Assert.Contains(message, e.Message);
    }

    [Fact]
    public void Pictures_of_another_size_are_found_when_they_are_read()
    {
        Write("lvis_v1_val.json", """
            {"image_id": 5, "category_id": 9, "segmentation": {"counts": [42], "size": [6, 7]}},
            {"image_id": 6, "category_id": 9, "segmentation": [[0, 0, 2, 0, 2, 2, 0, 2]]}
            """);
        InstanceData data = InstanceData.Open(_folder.Path, "val");
        new Image(8, 6).Save(_folder.At("val2017", "000000000006.png"));
        Assert.Contains("is 8x6, ", Assert.Throws<DataFormatException>(() => data.Get(1)).Message);
        File.Delete(_folder.At("val2017", "000000000006.png"));
        Assert.Contains("000000000006.png", Assert.Throws<DataFormatException>(() => data.Get(1)).Message);
        Assert.Contains("has 0 annotation files of 'train'",
            Assert.Throws<DataFormatException>(() => InstanceData.Open(_folder.Path, "train")).Message);
    }

    private void Write(string name, string annotations)
    {
        foreach (string folder in (string[])["annotations", "val2017"]) Directory.CreateDirectory(_folder.At(folder));
        new Image(7, 6).Save(_folder.At("val2017", "000000000005.png"));
        new Image(7, 6).Save(_folder.At("val2017", "000000000006.png"));
        File.WriteAllText(_folder.At("annotations", name), $$"""
            {"info": {}, "licenses": [],
             "images": [{"id": 5, "width": 7, "height": 6, "file_name": "000000000005.png"},
                {"id": 6, "width": 7, "height": 6, "coco_url": "http://x/val2017/000000000006.png", "extra": [1]}],
             "annotations": [{{annotations}}], "categories": {{Categories}}}
            """);
    }

    private static string Draw(Mask mask) => string.Join('/', Enumerable.Range(0, mask.Height)
        .Select(y => string.Concat(Enumerable.Range(0, mask.Width).Select(x => mask[x, y] > 0 ? '#' : '.'))));
}
