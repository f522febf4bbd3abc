using ClipSeg.Scenes;
using ClipSeg.Scenes.Evaluation;
using ClipSeg.Tests.Cli;
using ClipSeg.Training.Data;
using ClipSeg.Training.Evaluation;
using ClipSeg.Training.Reports;

namespace ClipSeg.Tests.Scenes.Evaluation;

public sealed class SceneTestSetTests
{
    private static readonly SceneTestSet _scenes = new(TestArtwork.Catalogue, Seed: 2, Count: 12, new() { Size = 48 });

    [Fact]
    public void Questions_are_four_about_each_scene_and_one_about_what_is_not_there()
    {
        SegmentationData data = _scenes.Questions();
        Assert.Equal(60, data.Count);
        for (int i = 0; i < data.Count; i++)
        {
            SegmentationSample sample = data.Get(i);
            Assert.Equal(i / 5, sample.Group);
            Assert.Equal(sample.Kind == "not there", !sample.Mask.Values.Contains(1));
            if (i % 5 == 4) Assert.Equal("not there", sample.Kind);
        }
        Assert.Equal(data.Get(7).Mask.Values, _scenes.Questions().Get(7).Mask.Values);
    }

    [Fact]
    public void Prompts_say_what_things_are_for_and_what_they_are_like()
    {
        SegmentationData data = _scenes.Prompts();
        HashSet<string> kinds = [.. Enumerable.Range(0, data.Count).Select(i => data.Get(i).Kind)];
        Assert.Empty(kinds.Except(["affordances", "attributes", "categories", "not there"]));
        Assert.Contains("categories", kinds);
    }

    [Fact]
    public void A_name_is_asked_for_among_the_names_of_its_scene()
    {
        SegmentationData data = _scenes.Names();
        for (int i = 0; i < data.Count; i++)
        {
            SegmentationSample sample = data.Get(i);
            Scene scene = _scenes.Generator.Generate(SceneSplit.Test, _scenes.Seed, i);
            string[] names = [.. SceneTestSet.NamesIn(scene).Select(n => n.Text)];
            if (names.Length == 0) continue;
            Assert.Equal(names.Order(), data.OthersIn(i).Append(sample.Phrase).Order());
        }
    }

    [Fact]
    public void An_episode_is_shown_by_another_scene()
    {
        SceneEpisodes episodes = new(_scenes);
        int shown = 0;
        for (int i = 0; i < episodes.Count(0); i++)
        {
            try
            {
                Episode episode = episodes.Get(0, i, seed: 3);
                shown++;
                Assert.NotEqual(episode.Query.Group, episode.Support.Group);
                Assert.Equal(episode.Query.Phrase, episode.Support.Phrase);
                Assert.Equal(episode.Support.Group, episodes.Get(0, i, seed: 3).Support.Group);
            }
            catch (DataFormatException)
            {
                continue;       // a scene of which nothing is certain
            }
        }
        Assert.True(shown > 6);
    }

    [Fact]
    public void Every_pixel_has_a_class_or_is_not_scored()
    {
        SceneClasses classes = new(_scenes, withUnseen: true);
        Assert.Equal(ClassData.BackgroundName, classes.Names[0][0]);
        Assert.All(classes.Unseen, c => Assert.True(TestArtwork.Concept(classes.Names[c][0]).HeldOut));
        for (int i = 0; i < classes.Count; i++)
        {
            ClassPicture picture = classes.Get(i);
            Assert.Contains((byte)0, picture.Labels);
            Assert.All(picture.Labels, label => Assert.True(label < classes.Names.Count || label == 255));
        }
        Assert.Empty(new SceneClasses(_scenes, withUnseen: false).Unseen);
    }

    [Fact]
    public void Every_task_runs_on_scenes()
    {
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        EvaluationTask[] tasks =
        [
            new ReferringTask(_scenes.Questions(), 0.5, asPublished: false) { Data = "scenes" },
            new ReferringTask(_scenes.Questions(), 0.5, asPublished: true) { Data = "scenes" },
            new OneShotTask(new SceneEpisodes(_scenes), 0.5, AskedBy.Picture, Framing.Whole, (1, 2))
            {
                Data = "scenes",
            },
            new ClassesTask(new SceneClasses(_scenes, true), BackgroundRule.Threshold, 0.5, []) { Data = "scenes" },
            new PromptsTask(_scenes.Prompts(), 0.5) { Data = "scenes" },
            new VisualPromptsTask(_scenes.Names(), asPublished: false) { Data = "scenes" },
        ];
        foreach (EvaluationTask task in tasks)
        {
            TaskResult result = task.Run(segmenter, "mini", new());
            Assert.True(result.Samples > 0 && result.Figures.Count > 0, task.Name);
        }
    }
}
