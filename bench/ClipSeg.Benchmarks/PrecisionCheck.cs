using System.Globalization;
using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Scenes;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Training.Metrics;

namespace ClipSeg.Benchmarks;

/// <summary>What reduced precision does to masks: against float32, and against the truth, on test scenes.</summary>
internal static class PrecisionCheck
{
    private const int PhrasesPerScene = 4, Seed = 1;
    private const float Threshold = 0.5f;

    /// <param name="model">A model's folder.</param>
    /// <param name="artwork">Where scripts/get-data.cs put the emoji.</param>
    public static void Run(string model, string artwork, int scenes)
    {
        EmojiCatalogue catalogue = EmojiCatalogue.Load(artwork);
        Mask[][]? exact = null;
        double? exactScore = null;
        Console.WriteLine("| precision | IoU with the masks of float32 | foreground IoU | change |");
        Console.WriteLine("|---|---|---|---|");
        foreach (Precision precision in Enum.GetValues<Precision>())
        {
            using Segmenter segmenter = Segmenter.Load(model, new() { Precision = precision });
            SceneGenerator generator = new(catalogue, new() { Size = segmenter.Preprocessing.Height });
            SegmentationMetrics metrics = new();
            Mask[][] masks = new Mask[scenes][];
            long both = 0, either = 0;
            for (int i = 0; i < scenes; i++)
            {
                Scene scene = generator.Generate(SceneSplit.Test, Seed, i);
                List<Phrase> phrases = SceneFiles.PhrasesOf(scene, i, PhrasesPerScene);
                masks[i] = phrases.Count == 0
                    ? []
                    : segmenter.Segment(segmenter.Encode(scene.Picture), [.. phrases.Select(p => p.Text)]);
                for (int k = 0; k < phrases.Count; k++)
                {
                    metrics.AddProbabilities(masks[i][k].Values, scene.Mask(phrases[k].Objects).Values, classId: 0);
                    for (int p = 0; exact is not null && p < masks[i][k].Values.Length; p++)
                    {
                        bool here = masks[i][k].Values[p] > Threshold, there = exact[i][k].Values[p] > Threshold;
                        if (here && there) both++;
                        if (here || there) either++;
                    }
                }
            }
            double score = metrics.Plain().ForegroundIou.Best;
            exact ??= masks;
            exactScore ??= score;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {precision} | {(either == 0 ? 1 : both / (double)either):F4} | {score:F4} "
                + $"| {score - exactScore:+0.0000;-0.0000;0.0000} |"));
        }
    }
}
