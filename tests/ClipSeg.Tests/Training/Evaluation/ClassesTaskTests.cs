using ClipSeg.Tests.Training.Data;
using ClipSeg.Training.Data;
using ClipSeg.Training.Evaluation;
using ClipSeg.Training.Reports;

namespace ClipSeg.Tests.Training.Evaluation;

/// <summary>A class for every pixel, with answers by hand.</summary>
public sealed class ClassesTaskTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0.5, "0.0/1.1", 1.0)]               // found
    [InlineData(0.5, "a.a/1.1", 0.5)]               // half found is background: 2 of 2 dogs, 0 of 2 cats
    [InlineData(0.3, "a.a/1.1", 1.0)]
    public void A_pixel_is_of_the_likeliest_class_or_of_the_background(double threshold, string found, double things)
    {
        WriteFolder("background\ncat\ndog\n", found, [1, 0, 1, 2, 255, 2]);
        TaskResult result = Run(Classes(), BackgroundRule.Threshold, threshold);
        Assert.Equal(things, result.Figures["miou_things"].Score!.Value, 1e-12);
        // The background has one pixel; cats that are not found are taken for it.
        double background = things == 1 ? 1 : 1 / 3.0;
        Assert.Equal((2 * things + background) / 3, result.Figures["miou"].Score!.Value, 1e-12);
        Assert.Equal(("classes", 1), (result.Task, result.Samples));
    }

    [Fact]
    public void Without_background_only_things_are_scored_and_every_pixel_is_one()
    {
        // Of five pixels that count, the background's is not scored; the cat that is not found ties, and goes to the
        // first of equal classes.
        WriteFolder("background\ncat\ndog\n", "..0/1.0", [1, 0, 1, 2, 255, 2]);
        TaskResult result = Run(Classes(), BackgroundRule.Ignored, 0);
        Assert.Equal((2 / 3.0 + 1 / 2.0) / 2, result.Figures["miou"].Score!.Value, 1e-12);
        Assert.Equal(3 / 4.0, result.Figures["pixel_accuracy"].Score!.Value, 1e-12);
        Assert.DoesNotContain(result.Parts, p => p.Name == "background");
    }

    [Fact]
    public void Edges_are_scored_and_every_score_has_an_interval()
    {
        // Two rows of three pixels: every pixel is on an edge, so boundaries score as areas do. The cat is found but
        // for a pixel, which is taken for the background; the dog is found.
        WriteFolder("background\ncat\ndog\n", "0../111", [1, 1, 0, 2, 2, 2]);
        TaskResult result = Run(Classes(), BackgroundRule.Threshold, 0.5);
        double expected = (1 / 2.0 + 1 / 2.0 + 1) / 3;
        Assert.Equal(expected, result.Figures["miou"].Score!.Value, 1e-12);
        Assert.Equal(expected, result.Figures["boundary_miou"].Score!.Value, 1e-12);
        Assert.Equal(5 / 6.0, result.Figures["pixel_accuracy"].Score!.Value, 1e-12);
        Assert.Equal(expected, result.Figures["miou"].Low!.Value, 1e-12);           // of one picture
        Assert.Equal(0.5, result.Parts.Single(part => part.Name == "cat").Scores["boundary_iou"]);
        Assert.Equal(["best", "worst", "random"], result.Examples.Select(example => example.Choice));
        Assert.Equal("cat, dog", result.Examples[0].Phrase);
        Assert.Equal(expected, result.Examples[0].Score, 1e-12);
    }

    [Fact]
    public void A_class_may_have_several_names_and_the_background_be_made_of_things()
    {
        WriteFolder("background\ncat, kitten\ndog\n", "203/113", [1, 1, 0, 2, 2, 0]);
        Assert.Equal(1, Run(Classes(), BackgroundRule.Threshold, 0.5, "sky").Figures["miou"].Score);
        Assert.Equal(2 / 6.0,
            Run(Classes(), BackgroundRule.Threshold, 0.95, "sky").Figures["pixel_accuracy"].Score!.Value, 1e-12);
    }

    [Fact]
    public void Zero_shot_tells_seen_classes_from_unseen_ones()
    {
        WriteFolder("background\ncat\ndog\n", "0../1..", [1, 1, 0, 2, 2, 2]);
        LabelledPictures pictures = LabelledPictures.Open(_folder.Path);
        TaskResult result = Run(new LabelledClasses(pictures, [2]), BackgroundRule.Threshold, 0.5);
        Assert.Equal("zero-shot", result.Task);
        Assert.Equal((1 / 2.0 + 1 / 4.0) / 2, result.Figures["seen_miou"].Score!.Value, 1e-12);     // cat; background
        Assert.Equal(1 / 3.0, result.Figures["unseen_miou"].Score!.Value, 1e-12);
        double seen = 3 / 8.0, unseen = 1 / 3.0;
        Assert.Equal(2 * seen * unseen / (seen + unseen), result.Figures["harmonic_miou"].Score!.Value, 1e-12);
    }

    [Fact]
    public void Pascal_zero_shot_is_scored_as_published()
    {
        // VOC as it is: an airplane, of which a pixel is half found, and a sofa in whose place the background is
        // found: three times its probability of 0.05 is still less than a half.
        foreach (string name in (string[])["JPEGImages", "SegmentationClass", "ImageSets/Segmentation"])
            Directory.CreateDirectory(_folder.At(name));
        File.WriteAllText(_folder.At("ImageSets", "Segmentation", "val.txt"), "x\n");
        File.WriteAllBytes(_folder.At("JPEGImages", "x.jpg"), HandEngine.Paint("00a/1.2/223").EncodePng());
        File.WriteAllBytes(_folder.At("SegmentationClass", "x.png"),
            LabelMapWriter.Encode(3, [1, 1, 1, 18, 18, 0, 0, 0, 255]));
        string[] names = [.. VocClasses.ZeroShot.Select(n => n[0])];
        using Segmenter segmenter = HandEngine.Segmenter(3,
            ["airplane", "sofa", "background", .. names.Where(n => n is not ("airplane" or "sofa" or "background"))]);
        LabelledPictures voc = LabelledPictures.OpenVoc(_folder.Path, "val", names: VocClasses.ZeroShot);
        ClassesTask task = new(new LabelledClasses(voc, VocClasses.Unseen(4)), BackgroundRule.Published, 0, [])
        {
            Data = "Pascal VOC, val",
            Published = PublishedScores.ZeroShot(4),
        };
        TaskResult result = task.Run(segmenter, "by hand", new());

        // Background: found on its three pixels and on one of the sofa's (3 x 0.05 over 0.05): 3/4. Airplane 3/3, sofa
        // 1/2. Classes that do not occur count as 0, of 17 seen and 4 unseen.
        Assert.Equal(3 / 4.0 / 17, result.Figures["seen_miou"].Score!.Value, 1e-12);
        Assert.Equal((1 + 1 / 2.0) / 4, result.Figures["unseen_miou"].Score!.Value, 1e-12);
        Assert.Equal((3 / 4.0 + 1 + 1 / 2.0) / 21, result.Figures["miou"].Score!.Value, 1e-12);
        Assert.Equal(["cow", "motorbike", "airplane", "sofa"], VocClasses.Unseen(4).Select(c => names[c]));
        Assert.Contains(result.Published, row => row.Scores["seen_miou"] == 0.473);      // columns exchanged
    }

    private ClassData Classes() => new LabelledClasses(LabelledPictures.Open(_folder.Path), []);

    /// <summary>Two rows of three pixels, and one that does not count.</summary>
    private void WriteFolder(string classes, string found, byte[] labels)
    {
        Directory.CreateDirectory(_folder.At("images"));
        Directory.CreateDirectory(_folder.At("labels"));
        File.WriteAllText(_folder.At("classes.txt"), classes);
        HandEngine.Paint(found + "/...").Save(_folder.At("images", "x.png"));
        File.WriteAllBytes(_folder.At("labels", "x.png"), LabelMapWriter.Encode(3, [.. labels, 255, 255, 255]));
    }

    private static TaskResult Run(ClassData data, BackgroundRule rule, double threshold, params string[] background)
    {
        using Segmenter segmenter = HandEngine.Segmenter(3,
            "a photo of a cat.", "a photo of a dog.", "a photo of a kitten.", "a photo of a sky.");
        ClassesTask task = new(data, rule, threshold, background) { Data = "pictures" };
        return task.Run(segmenter, "by hand", new());
    }
}
