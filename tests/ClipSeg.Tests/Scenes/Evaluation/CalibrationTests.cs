using ClipSeg.Checkpoints;
using ClipSeg.Imaging;
using ClipSeg.Scenes.Evaluation;
using ClipSeg.Tests.Checkpoints;

namespace ClipSeg.Tests.Scenes.Evaluation;

public sealed class CalibrationTests
{
    private static readonly Image _picture = Image.Load(Fixtures.At("model", "scene.png"));

    [Theory]
    [InlineData("mini")]
    [InlineData("mini-refined")]
    public void What_was_the_best_threshold_is_one_half_and_the_limit_is_written_down(string name)
    {
        const double Threshold = 0.3;
        using TemporaryFolder folder = new();
        using Segmenter before = Segmenter.Load(Fixtures.At("model", name));
        using Segmenter moved = Calibration.Move(before, Threshold);
        Calibration.Write(folder.At("new"), before, Threshold, notFoundBelow: 0.4321);
        using Segmenter written = Segmenter.Load(folder.At("new"));

        float[] old = before.Segment(_picture, "a dog").Values, now = moved.Segment(_picture, "a dog").Values;
        double shift = Math.Log(Threshold / (1 - Threshold));
        for (int i = 0; i < old.Length; i += 97) Assert.Equal(Logit(old[i]) - shift, Logit(now[i]), 1e-3);
        float[] read = written.Segment(_picture, "a dog").Values;
        float apart = name == "mini" ? 0 : 1e-3f;                  // its bias is stored in float16
        Assert.All(Enumerable.Range(0, now.Length), i => Assert.InRange(read[i], now[i] - apart, now[i] + apart));

        Assert.Equal((0, 0.432f), (before.NotFoundBelow, written.NotFoundBelow));
        using Checkpoint file = Checkpoint.Open(folder.At("new"));
        Assert.Equal(0.432f, file.Config.NotFoundBelow);
    }

    private static double Logit(float p) => Math.Log(p / (1.0 - p));
}
