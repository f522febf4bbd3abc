using System.Globalization;
using ClipSeg.Imaging;
using ClipSeg.Tests.Formats;
using ClipSeg.Tests.Training.Data;
using ClipSeg.Training.Data;
using ClipSeg.Training.Evaluation;
using ClipSeg.Training.Reports;

namespace ClipSeg.Tests.Training.Evaluation;

/// <summary>Episodes in the layouts that are published, with answers by hand.</summary>
public sealed class OneShotTaskTests : IDisposable
{
    private const int Side = 64;        // with 2,048 pixels on half of it

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Pascal_5i_scores_as_computed_by_hand()
    {
        // Aeroplanes (1, fold 0) cover the upper half of two pictures: on one the upper quarter is found, on the other
        // all of it and the next quarter. Bicycles (2): all of one found, nothing of the other, 16 rows of it void.
        WriteVoc("a", Rows(32, 1), found: Rows(16, 1));
        WriteVoc("b", Rows(32, 1), found: Rows(48, 1));
        WriteVoc("c", Rows(32, 2), found: Rows(32, 2));
        WriteVoc("d", [.. Rows(48, 2).Select((c, i) => i < 16 * Side ? (byte)255 : c)], found: Rows(0, 2));
        TaskResult result = Run(new PascalEpisodes(Voc()), seeds: 2);

        Assert.Equal((8, 8, 0), (result.Units, result.Samples, result.Skipped));
        double aeroplane = (16 + 32) / (32 + 48.0), bicycle = 32 / (32 + 32.0);
        Assert.Equal((aeroplane + bicycle) / 2, result.Figures["class_miou"].Score!.Value, 1e-12);
        Assert.Equal(0, result.Figures["class_miou"].Spread!.Value, 1e-12);

        // Rows in both, in either; and rows of which neither has any, of those that count.
        double both = 16 + 32 + 32, either = 32 + 48 + 32 + 32, rows = 3 * 64 + 48;
        double background = (rows - either) / (rows - both);
        Assert.Equal((both / either + background) / 2, result.Figures["fb_iou"].Score!.Value, 1e-12);

        // The paper's adds a pixel to each denominator; a row is 64 pixels.
        double paper = (48 * 64 / (80 * 64 + 1.0) + 32 * 64 / (64 * 64 + 1.0)) / 2;
        Assert.Equal(paper, result.Figures["paper_miou_0.3"].Score!.Value, 1e-12);
        double paperBinary = (both * 64 / (either * 64 + 1) + (rows - either) * 64 / ((rows - both) * 64 + 1)) / 2;
        Assert.Equal(paperBinary, result.Figures["paper_iou_bin_0.3"].Score!.Value, 1e-12);
        Assert.Equal(2, result.Parts.Count(p => p.By == "fold and seed"));
        Assert.Contains("aeroplane", result.Parts.Where(p => p.By == "class").Select(p => p.Name));
    }

    [Fact]
    public void A_support_is_of_the_same_class_in_another_picture_and_comes_from_the_seed()
    {
        byte[] littleCar = [.. Rows(32, 1).Select((c, i) => i >= 4000 ? (byte)7 : c)];
        foreach (string id in (string[])["a", "b", "c", "d", "e"]) WriteVoc(id, littleCar, Rows(32, 1));
        WriteVoc("f", Rows(32, 7), Rows(32, 7));
        WriteVoc("g", Rows(32, 7), Rows(32, 7));
        PascalEpisodes episodes = new(Voc());
        Assert.Equal((5, 2, 0), (episodes.Count(0), episodes.Count(1), episodes.Count(2)));
        HashSet<long> supports = [];
        for (int seed = 0; seed < 20; seed++)
        {
            for (int i = 0; i < 5; i++)
            {
                Episode episode = episodes.Get(0, i, seed);
                Assert.Equal(("aeroplane", 0), (episode.Query.Phrase, episode.Class));
                Assert.NotEqual(episode.Query.Group, episode.Support.Group);
                Assert.Equal(episode.Support.Group, episodes.Get(0, i, seed).Support.Group);
            }
            supports.Add(episodes.Get(0, 0, seed).Support.Group);
        }
        Assert.True(supports.Count > 2);
    }

    [Fact]
    public void Pascal_5i_is_read_from_the_users_list_and_asked_for_by_name()
    {
        foreach (string id in (string[])["a", "b"]) WriteVoc(id, Rows(32, 1), Rows(32, 1));
        string list = _folder.At("pairs.txt");
        File.WriteAllText(list, "JPEGImages/a.jpg SegmentationClass/a.png\nJPEGImages/b.jpg SegmentationClass/b.png\n");
        LabelledPictures voc = LabelledPictures.OpenVoc(_folder.Path, "val", list, VocClasses.OneShot);
        using Segmenter segmenter = HandEngine.Segmenter(Side, "", "a photo of a aeroplane.");
        OneShotTask task = new(new PascalEpisodes(voc), 0.5, AskedBy.Text, Framing.Whole, (1, 1)) { Data = "VOC" };
        Assert.Equal(1, task.Run(segmenter, "by hand", new()).Figures["class_miou"].Score);
        File.WriteAllText(list, "../a.jpg SegmentationClass/a.png\n");
        Assert.Contains("pairs.txt, line 1: ", Assert.Throws<DataFormatException>(
            () => LabelledPictures.OpenVoc(_folder.Path, "val", list)).Message);
    }

    [Fact]
    public void Published_canvas_pads_and_does_not_score_the_padding()
    {
        // 48 x 96 on a canvas of 64: shrunk to 32 x 64, answered there, stretched to 96 x 96.
        SegmentationSample sample = new()
        {
            Picture = new(48, 96),
            Mask = new(48, 96),
            Phrase = "",
            Group = 0,
        };
        sample.Mask[40, 90] = 1;
        using Segmenter segmenter = HandEngine.Segmenter(Side, "");
        SegmentationSample fitted = Framing.Canvas.Fit(segmenter, sample);
        Assert.Equal((96, 96, 1f), (fitted.Mask.Width, fitted.Mask.Height, fitted.Mask.Values.Sum()));
        Assert.Equal(48 * 96f, fitted.Valid!.Values.Sum());
        Mask answer = Framing.Canvas.Ask(segmenter, sample.Picture, [segmenter.Prompt("")])[0];
        Assert.Equal((96, 96), (answer.Width, answer.Height));
        SegmentationSample support = Framing.Canvas.Support(segmenter, sample);
        Assert.Equal((64, 64), (support.Picture.Width, support.Mask.Height));
        Assert.Null(support.Valid);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void COCO_20i_holds_out_every_fourth_class(bool listed)
    {
        // Class 0 (fold 0) is found, class 5 (fold 1) half of it.
        for (int i = 0; i < 4; i++)
        {
            int c = i < 2 ? 0 : 5;
            WriteCoco($"COCO_val2014_{i}", Rows(32, (byte)(c + 1)), Rows(c == 0 ? 32 : 16, 1), shows: 0);
        }
        if (listed)
        {
            for (int fold = 0; fold < 4; fold++) WriteList(fold);
        }
        DataSetKind kind = DataSetKind.Of(_folder.Path);
        Assert.Equal("COCO-20i", kind.Name);
        PhraseData data = (PhraseData)kind.Open(_folder.Path, null, new());
        Assert.Equal((4, "person", "bus"), (data.Count, data.Phrases[0], data.Phrases[1]));
        DrawnEpisodes episodes = new(data, data.Classes, folds: 4, episodes: 10);
        Assert.Equal([10, 10, 0, 0], Enumerable.Range(0, 4).Select(episodes.Count));
        TaskResult result = Run(episodes, seeds: 1, phrase: "");
        Assert.Equal((1 + 0.5) / 2, result.Figures["class_miou"].Score!.Value, 1e-12);
        Assert.Null(result.Figures["class_miou"].Spread);

        // As published, of ten episodes in each fold: 32 rows of 64 are there, in fold 1 the half of them is found; and
        // one pixel more below each line.
        Assert.Equal((20480 / 20481.0 + 10240 / 20481.0) / 2,
            result.Figures["paper_miou_0.1"].Score!.Value, 1e-12);
        Assert.Equal((20480 / 20481.0 + (10240 / 20481.0 + 20480 / 30721.0) / 2) / 2,
            result.Figures["paper_iou_bin_0.1"].Score!.Value, 1e-12);
    }

    [Fact]
    public void FSS_1000_scores_as_computed_by_hand()
    {
        // What shows a cat is found, and half of what shows a dog.
        foreach ((string name, byte shows, string found) in ((string, byte, string)[])
            [("cat", 0, "00../00../..../...."), ("dog", 1, "1.../1.../..../....")])
        {
            Directory.CreateDirectory(_folder.At(name));
            foreach (string picture in (string[])["1", "2"])
            {
                File.WriteAllBytes(_folder.At(name, $"{picture}.jpg"), HandEngine.Paint(found, shows).EncodePng());
                Mask mask = new(4, 4);
                foreach (int i in (int[])[0, 1, 4, 5]) mask.Values[i] = 1;
                mask.Save(_folder.At(name, $"{picture}.png"));
            }
        }
        DataSetKind kind = DataSetKind.Of(_folder.Path);
        Assert.Equal("FSS-1000", kind.Name);
        PhraseData data = (PhraseData)kind.Open(_folder.Path, null, new());
        DrawnEpisodes episodes = new(data, data.Classes, folds: 1, episodes: 20);
        using Segmenter segmenter = HandEngine.Segmenter(4, "a cat", "a dog");
        TaskResult result = new OneShotTask(episodes, 0.5, AskedBy.Picture, Framing.Whole, (1, 1)) { Data = "FSS" }
            .Run(segmenter, "by hand", new());
        Assert.Equal((1 + 1 / 2.0) / 2, result.Figures["class_miou"].Score!.Value, 1e-12);
        int cats = result.Parts.Single(part => part is { By: "class", Name: "cat" }).Samples;
        Assert.InRange(cats, 1, 19);
        double fore = (4 * cats + 2 * (20 - cats)) / 80.0, back = 240 / (240.0 + 2 * (20 - cats));
        Assert.Equal((fore + back) / 2, result.Figures["fb_iou"].Score!.Value, 1e-12);
    }

    [Fact]
    public void A_list_that_is_no_list_of_classes_is_named()
    {
        WriteCoco("x", Rows(32, 1), Rows(32, 1), shows: 0);
        string path = _folder.At("splits", "coco", "val", "fold0.pkl");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, Pickle.Of(p => p.EmptyDict().Mark().Int(80).EmptyList().SetItems()));
        Assert.Contains("expected classes 0 to 79",
            Assert.Throws<DataFormatException>(() => new Coco20i(_folder.Path)).Message);
        File.WriteAllBytes(path, Pickle.Of(p => p.Global("os", "system").Text("ls").Tuple1().Reduce()));
        Assert.Contains("os.system", Assert.Throws<DataFormatException>(() => new Coco20i(_folder.Path)).Message);
        File.Delete(path);
        Assert.Throws<DataFormatException>(() => new Coco20i(_folder.Path));
    }

    [Fact]
    public void Without_another_picture_there_is_no_episode()
    {
        WriteVoc("a", Rows(32, 1), Rows(32, 1));
        Assert.Contains("No class is on two pictures with 2048 pixels",
            Assert.Throws<DataFormatException>(() => new PascalEpisodes(Voc())).Message);
        LabelledPictures voc = Voc();
        Assert.Contains("No class is on two pictures", Assert.Throws<DataFormatException>(
            () => new DrawnEpisodes(voc, voc.Classes, folds: 1)).Message);
    }

    private static byte[] Rows(int count, byte label)
        => [.. Enumerable.Range(0, Side * Side).Select(i => i < count * Side ? label : (byte)0)];

    private LabelledPictures Voc() => LabelledPictures.OpenVoc(_folder.Path, "val");

    /// <summary>A picture of VOC on which phrase k is found where it says k; shown, it is class 1 or 2.</summary>
    private void WriteVoc(string id, byte[] labels, byte[] found)
    {
        foreach (string name in (string[])["JPEGImages", "SegmentationClass", "ImageSets/Segmentation"])
            Directory.CreateDirectory(_folder.At(name));
        byte shows = labels.First(label => label is > 0 and < 255);
        File.WriteAllBytes(_folder.At("JPEGImages", $"{id}.jpg"), Paint(found, shows).EncodePng());     // exact
        File.WriteAllBytes(_folder.At("SegmentationClass", $"{id}.png"), LabelMapWriter.Encode(Side, labels));
        File.AppendAllText(_folder.At("ImageSets", "Segmentation", "val.txt"), id + "\n");
    }

    private void WriteCoco(string name, byte[] labels, byte[] found, byte shows)
    {
        Directory.CreateDirectory(_folder.At("val2014"));
        Directory.CreateDirectory(_folder.At("annotations", "val2014"));
        File.WriteAllBytes(_folder.At("val2014", $"{name}.jpg"), Paint(found, shows, found: 0).EncodePng());
        File.WriteAllBytes(_folder.At("annotations", "val2014", $"{name}.png"),
            LabelMapWriter.Encode(Side, labels, palette: false));
    }

    /// <summary>HSNet's list of a fold: {class: [names]}, most of them empty.</summary>
    private void WriteList(int fold)
    {
        Directory.CreateDirectory(_folder.At("splits", "coco", "val"));
        File.WriteAllBytes(_folder.At("splits", "coco", "val", $"fold{fold}.pkl"), Pickle.Of(p =>
        {
            p.EmptyDict().Mark();
            for (int c = fold; c < 80; c += 4)
            {
                p.Int(c).EmptyList().Mark();
                int[] pictures = c == 0 ? [0, 1] : c == 5 ? [2, 3] : [];
                foreach (int i in pictures)
                    p.Text(string.Create(CultureInfo.InvariantCulture, $"val2014/COCO_val2014_{i}.jpg"));
                p.Appends();
            }
            return p.SetItems();
        }));
    }

    private static Image Paint(byte[] where, byte shows, int? found = null)
    {
        Image picture = new(Side, Side);
        for (int i = 0; i < where.Length; i++)
        {
            picture.Pixels[3 * i] = where[i] == 0 ? (byte)0 : (byte)(1 << (found ?? where[i]));
            picture.Pixels[3 * i + 2] = shows;
        }
        return picture;
    }

    private static TaskResult Run(EpisodeData episodes, int seeds, params string[] phrase)
    {
        using Segmenter segmenter = HandEngine.Segmenter(Side, phrase);
        OneShotTask task = new(episodes, 0.5, AskedBy.Picture, Framing.Whole, (5, seeds)) { Data = "episodes" };
        return task.Run(segmenter, "by hand", new());
    }
}
