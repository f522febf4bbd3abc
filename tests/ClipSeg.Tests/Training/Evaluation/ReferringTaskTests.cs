using ClipSeg.Training.Data;
using ClipSeg.Training.Evaluation;
using ClipSeg.Training.Reports;

namespace ClipSeg.Tests.Training.Evaluation;

/// <summary>PhraseCut as it is published, with answers by hand.</summary>
public sealed class ReferringTaskTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ReferringTaskTests()
    {
        // Picture 1: the kite is the four pixels of the left half's middle; found are two of them and two others.
        // Picture 2: the dog is one pixel, found alone; the cat is two instances of a pixel, one half found.
        Directory.CreateDirectory(_folder.At("images"));
        HandEngine.Paint("..../0.0./0.0./....").Save(_folder.At("images", "1.png"));
        HandEngine.Paint("..../..1./c.../....").Save(_folder.At("images", "2.png"));
        File.WriteAllText(_folder.At("image_data_split.json"), """
            [{"image_id": 1, "width": 4, "height": 4, "split": "test", "coco_id": 17},
             {"image_id": 2, "width": 4, "height": 4, "split": "test"}]
            """);
        File.WriteAllText(_folder.At("name_att_rel_count.json"), """
            {"cat": [["dog", 90], ["kite", 10]], "att": [], "rel": []}
            """);
        File.WriteAllText(_folder.At("refer_test.json"), $"""
            [{Task("1__1", 1, "red kite", "attribute", "kite", "[[[0,1],[1,1],[1,2],[0,2]]]")},
             {Task("2__1", 2, "dog", "name", "dog", "[[[2,1]]]")},
             {Task("2__2_3", 2, "cat", "name", "cat", "[[[0,2]]], [[[3,3]]]")}]
            """);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void PhraseCut_scores_as_computed_by_hand()
    {
        OrderedDictionary<string, Figure> figures = Run(asPublished: false).Figures;
        Assert.Equal((2 / 6.0 + 1 + 0) / 3, figures["mean_iou"].Score!.Value, 1e-12);
        Assert.Equal(3 / 9.0, figures["cumulative_iou"].Score!.Value, 1e-12);           // 2 + 1 + 0 of 6 + 1 + 2
        Assert.Equal(1 / 3.0, figures["precision_at_0.5"].Score!.Value, 1e-12);
        Assert.Equal(2 / 3.0, figures["target_accuracy"].Score!.Value, 1e-12);
        Assert.Equal((2 / 6.0 + 1 + 0) / 3, figures["phrasecut_mean_iou"].Score!.Value, 1e-12);
        Assert.Equal(1 / 3.0, figures["phrasecut_precision_0.9"].Score!.Value, 1e-12);

        // At 0.3 half of the cat is found; and one pixel more below each line.
        double miou = (2 / 7.0 + 1 / 2.0 + 1 / 3.0) / 3;
        Assert.Equal(miou, figures["paper_miou_0.3"].Score!.Value, 1e-12);
        Assert.Equal(4 / 10.0, figures["paper_iou_fg_0.3"].Score!.Value, 1e-12);        // 2 + 1 + 1 of 6 + 1 + 2
        Assert.Equal((4 / 10.0 + 39 / 45.0) / 2, figures["paper_iou_bin_0.3"].Score!.Value, 1e-12);
    }

    [Fact]
    public void Parts_and_examples_are_those_of_PhraseCut()
    {
        TaskResult result = Run(asPublished: false);
        Assert.Equal((3, 2, 0), (result.Samples, result.Units, result.Skipped));
        Assert.Equal(["kind: attribute 1", "kind: name 2", "picture: not of COCO 2", "picture: of COCO 1",
            "size: 2 to 20 % 2", "size: over 20 % 1"],
            result.Parts.Where(p => p.By != "subset").Select(p => $"{p.By}: {p.Name} {p.Samples}"));
        Assert.Equal(["c100 2", "c20 2", "c500 2", "c500+ 1", "i_multi 1", "i_single 2", "p_att 1", "p_att+ 1",
            "p_name 2", "s_large 1", "s_mid 2"],
            result.Parts.Where(p => p.By == "subset").Select(p => $"{p.Name} {p.Samples}"));
        Assert.Equal("dog", result.Examples.First(e => e.Choice == "best").Phrase);
        Assert.Equal("cat", result.Examples.First(e => e.Choice == "worst").Phrase);
        Assert.Contains(result.Published, row => row.Method == "CLIPSeg (PC+)" && row.Scores["paper_ap"] == 0.767);
    }

    [Fact]
    public void Subsets_of_words_are_those_of_the_users_copy_of_the_evaluator_and_skipped_tasks_are_left_out()
    {
        File.WriteAllText(_folder.At("subset.py"), """
            subsets = ['all', 'c20']
            stuff_names = ['water', 'ki']  # 'sky'
            att_color = ['red', 'white',
                         "sky blue"]
            att_state = ['open']
            refvg_names20 = ['kite']
            """);
        File.WriteAllText(_folder.At("skip.json"), """[{"task_id": "2__1", "skip_reason": "too small"}]""");
        TaskResult result = Run(asPublished: false);
        Assert.Equal(2, result.Samples);
        Assert.Equal((2 / 6.0 + 0) / 2, result.Figures["phrasecut_mean_iou"].Score!.Value, 1e-12);
        Assert.Equal(["a_color 1", "c100 1", "c20 1", "c500 1", "c500+ 1", "i_multi 1", "i_single 1", "p_att 1",
            "p_att+ 1", "p_name 1", "s_large 1", "s_mid 1", "t_obj 1", "t_stuff 1"],
            result.Parts.Where(p => p.By == "subset").Select(p => $"{p.Name} {p.Samples}"));
        TaskPart stuff = result.Parts.Single(part => part.Name == "t_stuff");      // "kite" has "ki" in it
        Assert.Equal(2 / 6.0, stuff.Scores["mean_iou"]!.Value, 1e-12);
        File.WriteAllText(_folder.At("skip.json"), """[{"id": 3}]""");
        Assert.Contains("expected a task with a 'task_id'",
            Assert.Throws<DataFormatException>(() => Run(asPublished: false)).Message);
    }

    [Fact]
    public void Published_protocol_squashes_pictures_and_masks()
    {
        // At 8 x 8 the answers stay on their pixels only if the picture is as large as the network's.
        using Segmenter segmenter = HandEngine.Segmenter(4, "red kite", "dog", "cat");
        ReferringTask task = new(new PhraseCut(_folder.Path, "test"), 0.5, asPublished: true) { Data = "PhraseCut" };
        Answer kite = task.Ask(segmenter, 0, message => Assert.Fail(message))[0];
        Assert.Equal("1__1", kite.Name);
        Assert.Equal(0.4, Run(asPublished: true).Figures["paper_iou_fg_0.3"].Score!.Value, 1e-12);

        using Segmenter larger = HandEngine.Segmenter(8, "red kite", "dog", "cat");
        Answer wide = task.Ask(larger, 0, message => Assert.Fail(message))[0];
        Assert.Equal((8, 8, 16f), (wide.Mask.Width, wide.Sample.Mask.Height, wide.Sample.Mask.Values.Sum()));
    }

    [Fact]
    public void GRefCOCO_scores_as_computed_by_hand()
    {
        // Both cats: four pixels, of which two are found. The left cat: two, of which one is found. An elephant: not
        // there, but found on a pixel. A dog: not there, and nothing is found.
        using TemporaryFolder folder = new();
        HandEngine.Paint("0..0/21../..../....").Save(folder.At("5.png"));
        File.WriteAllText(folder.At("instances.json"), """
            {"images": [{"id": 5, "width": 4, "height": 4, "file_name": "5.png"}],
             "annotations": [
               {"id": 11, "image_id": 5, "category_id": 1, "segmentation": [[0, 0, 1, 0, 1, 2, 0, 2]]},
               {"id": 12, "image_id": 5, "category_id": 1, "segmentation": [[3, 0, 4, 0, 4, 2, 3, 2]]}],
             "categories": [{"id": 1, "name": "cat"}]}
            """);
        File.WriteAllText(folder.At("grefs(unc).json"), """
            [{"ann_id": [11, 12], "image_id": 5, "split": "val", "sentences": [{"sent": "both cats"}]},
             {"ann_id": [-1], "image_id": 5, "split": "val", "sentences": [{"sent": "an elephant"}]},
             {"ann_id": [11], "image_id": 5, "split": "val", "sentences": [{"sent": "the left cat"}]},
             {"ann_id": [-1], "image_id": 5, "split": "val", "sentences": [{"sent": "a dog"}]}]
            """);
        using Segmenter segmenter = HandEngine.Segmenter(4, "both cats", "an elephant", "the left cat", "a dog");
        ReferringTask task = new(new ReferringData(folder.Path, "val"), 0.5, asPublished: false) { Data = "gRefCOCO" };
        TaskResult result = task.Run(segmenter, "by hand", new());
        OrderedDictionary<string, Figure> figures = result.Figures;
        Assert.Equal((1 / 2.0 + 0 + 1 / 2.0 + 1) / 4, figures["generalised_iou"].Score!.Value, 1e-12);
        Assert.Equal((2 + 0 + 1) / (4 + 1 + 2.0), figures["cumulative_iou"].Score!.Value, 1e-12);
        Assert.Equal((1 / 2.0, 1.0), (figures["no_target_accuracy"].Score!.Value,
            figures["target_accuracy"].Score!.Value));
        Assert.Equal((1.0, 0.0), (figures["precision_at_0.5"].Score!.Value, figures["precision_at_0.6"].Score!.Value));
        Assert.Equal(["no target 2", "several targets 1"],
            result.Parts.Where(part => part.By == "kind").Select(part => $"{part.Name} {part.Samples}"));
    }

    private TaskResult Run(bool asPublished)
    {
        using Segmenter segmenter = HandEngine.Segmenter(4, "red kite", "dog", "cat");
        ReferringTask task = new(new PhraseCut(_folder.Path, "test"), 0.5, asPublished) { Data = "PhraseCut" };
        return task.Run(segmenter, "by hand", new());
    }

    private static string Task(string id, int image, string phrase, string type, string name, string polygons)
    {
        int instances = polygons.Split("]]], ").Length;
        string attributes = type == "attribute" ? "\"red\"" : "";
        string boxes = string.Join(", ", Enumerable.Repeat("[0, 0, 1, 1]", instances));
        return $$"""
            {"task_id": "{{id}}", "image_id": {{image}}, "ann_ids": [1], "instance_boxes": [{{boxes}}],
             "Polygons": [{{polygons}}], "phrase": "{{phrase}}", "phrase_structure": {"name": "{{name}}",
             "attributes": [{{attributes}}], "relation_ids": [], "relation_descriptions": [], "type": "{{type}}"} }
            """;
    }
}
