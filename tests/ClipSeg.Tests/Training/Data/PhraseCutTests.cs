using System.Text;
using ClipSeg.Imaging;
using ClipSeg.Scenes;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Training.Data;

public sealed class PhraseCutTests
{
    private const string Sizes = """
        [{"image_id": 7, "width": 8, "height": 6, "split": "train", "url": "", "coco_id": null}]
        """;

    private const string Task = """
        {"task_id": "7__1", "image_id": 7, "ann_ids": [1, 2], "instance_boxes": [[1, 1, 3, 3], [6, 0, 1, 1]],
         "Polygons": [[[[1, 1], [3, 1], [3, 3], [1, 3]]], [[[6, 0]]]], "phrase": "red kite",
         "phrase_structure": {"name": "kite", "attributes": ["red"], "relation_ids": [], "relation_descriptions": [],
         "type": "attribute"}}
        """;

    [Fact]
    public void Sample_is_the_union_of_its_polygons()
    {
        using TemporaryFolder folder = Folder($"[{Task}]");
        PhraseCut data = new(folder.Path, "train");
        SegmentationSample sample = data.Get(0);
        Assert.Equal((1, "red kite", 7), (data.Count, sample.Phrase, sample.Group));
        Assert.Equal((8, 6, 10f), (sample.Mask.Width, sample.Mask.Height, sample.Mask.Values.Sum()));
        Assert.Equal((1f, 1f, 0f), (sample.Mask[1, 1], sample.Mask[6, 0], sample.Mask[4, 1]));
        Assert.Null(data.Support(0, 0));
    }

    [Fact]
    public void Scenes_written_and_read_back_are_the_same()
    {
        using TemporaryFolder folder = new();
        SceneGenerator generator = new(TestArtwork.Catalogue, new() { Size = 48, Pool = ConceptPool.All });
        SceneFiles.WritePhraseCut(folder.Path, generator, seed: 3, (Train: 12, Val: 3, Test: 2), phrasesPerScene: 3);
        PhraseCut data = new(folder.Path, "train");
        int sample = 0;
        for (int i = 0; i < 12; i++)
        {
            Scene scene = generator.Generate(SceneSplit.Train, 3, i);
            foreach (Phrase phrase in SceneFiles.PhrasesOf(scene, i + 1, 3))
            {
                SegmentationSample read = data.Get(sample++);
                Assert.Equal(phrase.Key, read.Phrase);
                Assert.Equal(scene.Picture.Pixels, read.Picture.Pixels);
                Assert.Equal(scene.Mask(phrase.Objects).Values, read.Mask.Values);
            }
        }
        Assert.Equal(sample, data.Count);
        Assert.True(new PhraseCut(folder.Path, "val_test").Count is > 5 and <= 15);
        for (int i = 0; i < data.Count; i++)
        {
            SegmentationSample read = data.Get(i);
            string negative = data.Negative(i, 0, withSupport: false).Phrase;
            Assert.DoesNotContain(Enumerable.Range(0, data.Count).Select(data.Get),
                s => s.Group == read.Group && s.Phrase == negative);
            if (data.Support(i, 1) is SegmentationSample support) Assert.Equal(read.Phrase, support.Phrase);
        }
    }

    [Fact]
    public void Filter_keeps_what_it_says()
    {
        string other = Task.Replace("red kite", "dog");
        string bad = Task.Replace("\"image_id\": 7", "\"image_id\": 150417");      // one of the seventeen
        using TemporaryFolder folder = Folder($"[{Task},{Task},{other},{bad}]");
        Assert.Equal(3, new PhraseCut(folder.Path, "train").Count);
        Assert.Equal(2, new PhraseCut(folder.Path, "train", new() { OnlyVisual = true }).Count);
        Assert.Equal(1, new PhraseCut(folder.Path, "train", new() { Removes = p => p == "red kite" }).Count);
        Assert.Equal(3, new PhraseCut(folder.Path, "train", new() { MinSize = 10 / 48.0 - 0.001 }).Count);
        Assert.Throws<DataFormatException>(() => new PhraseCut(folder.Path, "train", new() { MinSize = 10 / 48.0 }));
    }

    [Fact]
    public void Long_file_is_read_in_pieces()
    {
        StringBuilder tasks = new("[");
        for (int i = 0; i < 2000; i++)
            tasks.Append(i == 0 ? "" : ",\n ").Append(Task.Replace("red kite", $"kite {i % 700}"));
        string large = Task.Replace("[[6, 0]]", "[" + string.Join(", ", Enumerable.Repeat("[6, 0]", 40_000)) + "]");
        using TemporaryFolder folder = Folder(tasks.Append(',').Append(large).Append(']').ToString());
        PhraseCut data = new(folder.Path, "train");
        Assert.Equal((2001, 701), (data.Count, data.Phrases.Count));
        Assert.Equal("kite 299", data.Get(1699).Phrase);
        Assert.Equal(10, data.Get(2000).Mask.Values.Sum());
        Assert.Equal("kite 299", data.Support(1699, 3)!.Phrase);
    }

    [Theory]
    [InlineData("", "byte 0: the file ends within the array")]
    [InlineData("{}", "byte 0: expected '[', the start of an array")]
    [InlineData("[1]", "byte 1: expected '{', the start of an object")]
    [InlineData("[{}", "byte 1: the task has no 'image_id'")]
    [InlineData("[@ @]", "byte")]
    [InlineData("[@,]", "expected an object after ','")]
    [InlineData("[@] x", "expected nothing after the array")]
    [InlineData("[@", "the file ends within the array")]
    [InlineData("[{\"image_id\": \"7\"", "byte")]
    [InlineData("[{\"image_id\": \"7\"}]", "byte 1: 'image_id' is not a whole number")]
    [InlineData("[{\"image_id\": 8, \"phrase\": \"a\", \"instance_boxes\": [], \"Polygons\": []}]", "image 8 is not")]
    [InlineData("[{\"phrase\": \" \"}]", "byte 1: 'phrase' is not a text with words in it")]
    [InlineData("[{\"instance_boxes\": [[1, 2, 3]]}]", "byte 1: a box has 3 numbers")]
    [InlineData("[{\"instance_boxes\": [[1, 2, 3, 4, 5]]}]", "byte 1: a box has more than 4 numbers")]
    [InlineData("[{\"a\": [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}]", "byte")]
    public void Broken_file_is_refused_with_its_place(string json, string message)
    {
        using TemporaryFolder folder = Folder(json.Replace("@", Task));
        DataFormatException e = Assert.Throws<DataFormatException>(() => new PhraseCut(folder.Path, "train"));
        Assert.Contains("refer_train.json, byte", e.Message);
        Assert.Contains(message, e.Message);
    }

    [Theory]
    [InlineData("[[6, 0]]", "[[6, 0, 1]]", "a point has more than 2 numbers")]
    [InlineData("[[6, 0]]", "[[6]]", "a point has 1 numbers, expected x, y")]
    [InlineData("[[6, 0]]", "[6, 0]", "a polygon holds something other than arrays")]
    [InlineData("[[6, 0]]", "[[6, 1e999]]", "a point holds something other than numbers")]
    [InlineData("[[6, 0]]", "[[6, null]]", "a point holds something other than numbers")]
    public void Broken_polygon_is_refused_when_the_sample_is_read(string good, string bad, string message)
    {
        using TemporaryFolder folder = Folder($"[{Task.Replace(good, bad)}]");
        PhraseCut data = new(folder.Path, "train");
        DataFormatException e = Assert.Throws<DataFormatException>(() => data.Get(0));
        Assert.Contains($"refer_train.json, byte 1: {message}", e.Message);
    }

    [Fact]
    public void Missing_or_misfit_files_are_named()
    {
        using TemporaryFolder folder = Folder($"[{Task}]");
        Assert.Contains("refer_val.json is missing", Refusal(() => new PhraseCut(folder.Path, "val")));
        new Image(9, 6).Save(folder.At("images/7.png"));
        PhraseCut data = new(folder.Path, "train");
        Assert.Contains("is 9x6, annotated as 8x6", Refusal(() => data.Get(0)));
        File.WriteAllText(folder.At("images/7.png"), "no picture");
        Assert.Contains("7.png", Refusal(() => data.Get(0)));
        File.Delete(folder.At("images/7.png"));
        Assert.Contains("has no 7.jpg", Refusal(() => data.Get(0)));
        File.Delete(folder.At("image_data_split.json"));
        Assert.Contains("has no image_data_split.json", Refusal(() => new PhraseCut(folder.Path, "train")));

        static string Refusal(Func<object> read) => Assert.Throws<DataFormatException>(read).Message;
    }

    private static TemporaryFolder Folder(string tasks)
    {
        TemporaryFolder folder = new();
        Directory.CreateDirectory(folder.At("images"));
        new Image(8, 6).Save(folder.At("images/7.png"));
        File.WriteAllText(folder.At("image_data_split.json"), Sizes);
        File.WriteAllText(folder.At("refer_train.json"), tasks);
        return folder;
    }
}
