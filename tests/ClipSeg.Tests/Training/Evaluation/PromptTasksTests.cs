using ClipSeg.Imaging;
using ClipSeg.Prompts;
using ClipSeg.Tests.Cli;
using ClipSeg.Training.Data;
using ClipSeg.Training.Evaluation;
using ClipSeg.Training.Reports;

namespace ClipSeg.Tests.Training.Evaluation;

/// <summary>Prompts that name no class, and prompts that are pictures, on annotations of LVIS's layout.</summary>
public sealed class PromptTasksTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Generalised_prompts_score_as_computed_by_hand()
    {
        // Picture 1: a chair and a person, four pixels each; "sit on" finds half of the chair, "has
        // legs" the person and eight more.
        // Picture 2: a bottle, found, and nothing else. Each phrase is asked of the other picture, too: nothing found.
        HandEngine.Paint("0033/..33/3333/3333").Save(_folder.At("000000000001.png"));
        HandEngine.Paint("11../11../..../....").Save(_folder.At("000000000002.png"));
        string path = Write("""
            {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[0, 0, 2, 0, 2, 2, 0, 2]]},
            {"id": 2, "image_id": 1, "category_id": 2, "segmentation": [[2, 0, 4, 0, 4, 2, 2, 2]]},
            {"id": 3, "image_id": 2, "category_id": 3, "segmentation": [[0, 0, 2, 0, 2, 2, 0, 2]]}
            """);
        GeneralisedPrompts data = new(path, seed: 1);
        Assert.Equal(["sit on", "sit on", "drink from", "drink from", "has legs", "has legs"],
            Enumerable.Range(0, data.Count).Select(i => data.Get(i).Phrase));
        Assert.Equal([4, 0, 4, 0, 8, 0],
            Enumerable.Range(0, data.Count).Select(i => (int)data.Get(i).Mask.Values.Sum()));

        using Segmenter segmenter = HandEngine.Segmenter(4, "sit on", "drink from", "can fly", "has legs");
        PromptsTask task = new(data, 0.5) { Data = "LVIS", IsPublishedData = true };
        OrderedDictionary<string, Figure> figures = task.Run(segmenter, "by hand", new()).Figures;
        Assert.Equal((2 + 4) / (4 + 4 + 1.0), figures["affordances_iou_fg"].Score!.Value, 1e-12);
        // The best threshold takes every pixel of both pictures, which is more than 4 / (12 + 8 - 4 + 1).
        Assert.Equal(8 / (32 + 1.0), figures["parts_iou_fg"].Score!.Value, 1e-12);
        Assert.False(figures.ContainsKey("attributes_iou_fg"));
        Assert.Contains(PublishedScores.Prompts, row => row.Scores["affordances_iou_fg"] == 0.369);
    }

    [Fact]
    public void Annotations_without_any_of_the_categories_are_refused()
        => Assert.Contains("no picture shows a category",
            Assert.Throws<DataFormatException>(() => new GeneralisedPrompts(Write(""), seed: 1)).Message);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Visual_prompts_gain_what_the_towers_say(bool published)
    {
        Random random = new(3);
        Image picture = new(40, 40);
        random.NextBytes(picture.Pixels);
        picture.Save(_folder.At("000000000001.png"));
        string path = Write("""
            {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[0, 0, 20, 0, 20, 20, 0, 20]]},
            {"id": 2, "image_id": 1, "category_id": 2, "segmentation": [[20, 0, 25, 0, 25, 5, 20, 5]]},
            {"id": 3, "image_id": 1, "category_id": 3, "segmentation": [[20, 20, 24, 20, 24, 24, 20, 24]]}
            """, side: 40);
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        InstanceData data = new(path);
        Assert.Equal(["person", "bottle"], data.OthersIn(0));
        TaskResult result = new VisualPromptsTask(data, published) { Data = "LVIS" }.Run(segmenter, "mini", new());

        // The person covers 1.6 % of the picture, the bottle 1 %: too little.
        Assert.Equal((1, 3), (result.Samples, result.Units));
        double plain = result.Figures["plain"].Score!.Value;
        Assert.InRange(plain, 0, 1);
        Assert.Equal(16, result.Figures.Count);
        if (!published)
        {
            SegmentationSample chair = data.Get(0);
            double[] scores = [.. ((string[])["chair", "person", "bottle"]).Select(name => Math.Exp(100 * Cosine(
                segmenter.Prompt(chair.Picture, chair.Mask, new VisualPrompt { BackgroundFactor = 0.1f }).Conditional,
                segmenter.Prompt($"a photo of a {name}").Conditional)))];
            Assert.Equal(100 * (scores[0] / scores.Sum() - plain), result.Figures["dark_10"].Score!.Value, 1e-6);
        }
        else
        {
            // The paper's "crop, at 10 %" is not cropped, but blurred.
            Assert.Equal(result.Figures["blur_dark_10"].Score, result.Figures["crop_dark_10"].Score);
        }
        Assert.Equal(23.5, result.Published[0].Scores["crop_blur_dark_10"]);
    }

    private static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        (double dot, double aa, double bb) = (0, 0, 0);
        for (int i = 0; i < a.Length; i++)
            (dot, aa, bb) = (dot + (double)a[i] * b[i], aa + (double)a[i] * a[i], bb + (double)b[i] * b[i]);
        return dot / Math.Sqrt(aa * bb);
    }

    private string Write(string annotations, int side = 4)
    {
        string path = _folder.At("lvis_v1_val.json");
        File.WriteAllText(path, $$"""
            {"images": [
               {"id": 1, "width": {{side}}, "height": {{side}}, "file_name": "000000000001.png"},
               {"id": 2, "width": {{side}}, "height": {{side}}, "file_name": "000000000002.png"}],
             "annotations": [{{annotations}}],
             "categories": [
               {"id": 1, "name": "chair"}, {"id": 2, "name": "person"}, {"id": 3, "name": "bottle"}]}
            """);
        return path;
    }
}
