using System.Text.RegularExpressions;
using ClipSeg.Cli;
using ClipSeg.Scenes.Evaluation;
using ClipSeg.Tests.Scenes;
using ClipSeg.Tests.Training.Data;

namespace ClipSeg.Tests.Cli;

/// <summary>Pages that commands write with --report.</summary>
public sealed class ReportTests : IDisposable
{
    private readonly CliRun _cli = new();
    private readonly TemporaryFolder _pictures = new();

    public void Dispose()
    {
        _cli.Dispose();
        _pictures.Dispose();
    }

    [Fact]
    public void A_task_s_page_has_its_scores_curves_parts_and_examples_in_pictures()
    {
        PictureFolder.Write(_pictures.Path, 3);
        string csv = _pictures.At("phrases.csv"), page = _cli.Folder.At("page.html");
        File.WriteAllText(csv, File.ReadAllText(csv).Replace("a blue square", "a <b>blue</b> square"));
        Assert.Equal(0, _cli.Run("evaluate", "folder", "--data", _pictures.Path, "--model", CliRun.Mini,
            "--report", page));
        string html = File.ReadAllText(page);
        Assert.Contains("mean IoU", html);
        Assert.Contains("3 questions, 3 pictures", html);
        Assert.Equal(2, Regex.Count(html, "<svg "));
        Assert.Contains("By size", html);
        Assert.Contains("a &lt;b&gt;blue&lt;/b&gt; square", html);
        Assert.DoesNotContain("<b>blue", html);
        foreach (string part in (string[])["The best answers", "The worst answers", "Some answers, random"])
            Assert.Contains($"<h2>{part}</h2>", html);
        Assert.Equal(9 * 3, Regex.Count(html, "<img "));        // three questions thrice: query, truth, found
    }

    [Fact]
    public void The_page_of_scenes_shows_words_pictures_and_blends()
    {
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini, new() { Size = 64 });
        SceneReport report = SceneEvaluation.Run(segmenter, TestArtwork.Catalogue,
            new() { Scenes = 8, ValidationScenes = 2, Examples = 4 });
        Assert.InRange(report.Best.Count, 1, 6);
        Assert.True(Iou(report.Best[0]) >= Iou(report.Best[^1]));
        Assert.True(Iou(report.Worst[0]) <= Iou(report.Worst[^1]));
        Assert.True(Iou(report.Best[^1]) >= Iou(report.Worst[0]));
        string html = ScenePage.Of(report, "my model");
        Assert.Equal(3, Regex.Count(html, "<svg "));
        Assert.Equal(report.Best.Count + report.Worst.Count + report.Examples.Count, Regex.Count(html, "<article>"));
        Assert.Contains("Model my model. 8 test scenes of 64 x 64", html);
        Assert.Contains("chosen on 2 validation scenes.", html);
        SceneReport asked = SceneEvaluation.Run(segmenter, TestArtwork.Catalogue,
            new() { Scenes = 2, ValidationScenes = 1, Threshold = 0.3 });
        Assert.Contains("threshold 0.30, as asked for.", ScenePage.Of(asked, "my model"));

        double Iou(SceneExample answer) => WordingTally.Iou(answer.ByText, answer.Truth, report.Threshold);
    }

    [Fact]
    public void A_report_is_refused_where_it_cannot_be_written_before_anything_is_measured()
    {
        PictureFolder.Write(_pictures.Path, 2);
        string[] command = ["evaluate", "folder", "--data", _pictures.Path, "--model", CliRun.Mini, "--report"];
        _cli.AssertFailed(2, _cli.Run([.. command, "page.pdf"]), "the path must end in .html, got 'page.pdf'");
    }
}
