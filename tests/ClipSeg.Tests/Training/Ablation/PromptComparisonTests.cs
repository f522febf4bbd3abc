using ClipSeg.Checkpoints;
using ClipSeg.Imaging;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using ClipSeg.Tests.Cli;
using ClipSeg.Text;
using ClipSeg.Training.Ablation;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Training.Ablation;

/// <summary>
/// Pictures of four by four pixels, a quarter of them red, and a network of which everything is known: words find what
/// is red, pictures what is not, and half of each leaves it at one half everywhere.
/// </summary>
public sealed class PromptComparisonTests
{
    private const int Side = 4;

    [Fact]
    public void Scores_are_those_counted_by_hand()
    {
        using Segmenter segmenter = Segmenter();
        Squares data = new();
        PromptComparison all = PromptComparison.Run(
            segmenter, data, samples: 100, VisualPrompt.Named("image_only"), threshold: 0.5, CancellationToken.None);
        PromptScores scores = all.ScoresAt(all.BestThresholds());
        Assert.Equal((4, 2), (scores.Samples, scores.Shown));
        Assert.Equal(1, scores.Words!.Iou);
        Assert.Equal(1, scores.Words.Ap);
        Assert.Equal(1, scores.WordsOfShown!.Iou);
        Assert.Equal(0, scores.Pictures!.Iou);
        Assert.Equal(4 / 16.0, scores.Pictures.Ap);     // the red quarter comes last, with everything else before it
        Assert.Equal(4 / 16.0, scores.Both!.Iou);       // everything is found below one half
        Assert.Equal(4 / 16.0, scores.AbsentArea);      // whatever words say, the red quarter is found
    }

    [Fact]
    public void Thresholds_are_chosen_for_each_kind_of_prompt_and_absent_things_are_not_asked_for_without_one()
    {
        using Segmenter segmenter = Segmenter();
        PromptComparison all = PromptComparison.Run(
            segmenter, new Squares(), samples: 2, VisualPrompt.Named("image_only"), null, CancellationToken.None);
        PromptThresholds best = all.BestThresholds();
        Assert.Equal(0.02, best.Both);
        Assert.Equal((2, null), (all.ScoresAt(best).Samples, all.ScoresAt(best).AbsentArea));
        Assert.Equal(0, all.ScoresAt(best with { Both = 0.5 }).Both!.Iou);
    }

    [Fact]
    public void A_comparison_that_is_stopped_throws()
    {
        using Segmenter segmenter = Segmenter();
        Assert.Throws<OperationCanceledException>(() => PromptComparison.Run(
            segmenter, new Squares(), 4, VisualPrompt.Named("image_only"), null, new(canceled: true)));
    }

    private static Segmenter Segmenter()
    {
        using Checkpoint mini = Checkpoint.Open(CliRun.Mini);
        BpeVocabulary vocabulary = ModelFiles.ReadVocabulary(mini, new());
        return new(new Colours(mini.Config), new() { Width = Side, Height = Side }, () => new(vocabulary), new(1));
    }

    private sealed class Colours(ClipSegConfig words) : IEngine
    {
        private const float Sure = 20;

        public ClipSegConfig Config { get; } = words with { PatchSize = 1, EmbeddingWidth = 1 };

        public Tensor[] Activations(Tensor pixels)
        {
            Tensor red = Tensor.Empty(1, Side * Side);
            for (int i = 0; i < Side * Side; i++) red.Data[i] = pixels.Data[i] > 0 ? Sure : -Sure;
            return [red];
        }

        public Tensor EmbedPictures(Tensor pixels, LayerMask? mask) => Filled(pixels[0], -1);

        public Tensor EmbedTexts(IReadOnlyList<int[]> ids) => Filled(ids.Count, 1);

        public Tensor Decode(IReadOnlyList<Tensor> activations, Tensor conditionals, int height, int width)
        {
            Tensor logits = Tensor.Empty(conditionals[0], height, width);
            for (int i = 0; i < logits.Length; i++)
                logits.Data[i] = conditionals.Data[i / (height * width)] * activations[0].Data[i % (height * width)];
            return logits;
        }

        private static Tensor Filled(int count, float value)
        {
            Tensor filled = Tensor.Empty(count, 1);
            filled.Data.Fill(value);
            return filled;
        }
    }

    /// <summary>Two phrases of each of two pictures; only the first of each is shown by another picture.</summary>
    private sealed class Squares : SegmentationData
    {
        public override int Count => 4;

        public override SegmentationSample Get(int index)
        {
            Image picture = new(Side, Side);
            Mask mask = new(Side, Side);
            for (int i = 0; i < Side; i++)
            {
                picture.Pixels[3 * (Side * (index / 2) + i)] = 255;
                mask.Values[Side * (index / 2) + i] = 1;
            }
            return new() { Picture = picture, Mask = mask, Phrase = "red", Group = index / 2 };
        }

        public override long GroupOf(int index) => index / 2;

        public override SegmentationSample? Support(int index, int draw) => index % 2 == 0 ? Get(2 - index) : null;

        public override NegativePhrase Negative(int index, int draw, bool withSupport) => new("a cat", null);
    }
}
