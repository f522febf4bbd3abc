using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using ClipSeg.Scenes.Artwork;

namespace ClipSeg.Scenes.Evaluation;

/// <summary>How often CLIP finds the name of what a picture shows, among the names of all concepts.</summary>
/// <param name="Style">The art style, such as "noto".</param>
/// <param name="Pictures">One of each concept whose turn it is to be drawn in this style.</param>
/// <param name="Names">That it chooses from.</param>
/// <param name="Top1">The share of pictures whose name came first.</param>
/// <param name="Top5">The share of pictures whose name was among the first five.</param>
internal sealed record RetrievalScore(string Style, int Pictures, int Names, double Top1, double Top5);

/// <summary>Measures CLIP's two towers alone, without the decoder: pictures of single objects against names.</summary>
/// <remarks>
/// Every concept is drawn once, in its styles in turn: with two styles, one half of them in each. Strict: "bird" is
/// wrong for the parrot, and so is a synonym that is another concept's name.
/// </remarks>
internal static class Retrieval
{
    private const string Template = "a photo of {}";
    private const int PicturesAtOnce = 32;
    private const int Tries = 1000;         // until a scene shows the concept in the style

    /// <summary>A score for every style, in the styles' alphabetical order.</summary>
    /// <param name="segmenter">The model.</param>
    /// <param name="catalogue">The concepts.</param>
    /// <param name="seed">Which pictures.</param>
    /// <param name="progress">Called after every few pictures.</param>
    /// <param name="stop">Ends it after a few pictures.</param>
    public static IReadOnlyList<RetrievalScore> Measure(Segmenter segmenter, EmojiCatalogue catalogue, int seed = 1,
        Action<EvaluationProgress>? progress = null, CancellationToken stop = default)
    {
        Prompt[] names = segmenter.Prompts.Texts(
            [.. catalogue.Concepts.Select(c => PromptTemplates.Apply(Template, c.Name.WithArticle))]);
        int width = segmenter.Model.Config.EmbeddingWidth;
        Tensor texts = Tensor.Empty(names.Length, width);                               // [N, E]
        for (int i = 0; i < names.Length; i++) names[i].Conditional.CopyTo(texts.Data[(i * width)..]);
        texts = texts.Normalize();
        return [.. catalogue.Concepts.GroupBy(StyleOf).OrderBy(drawn => drawn.Key, StringComparer.Ordinal).Select(
            drawn => Measure(segmenter, catalogue, drawn.Key, [.. drawn], texts, seed, progress, stop))];
    }

    private static RetrievalScore Measure(Segmenter segmenter, EmojiCatalogue catalogue, string style, Concept[] drawn,
        Tensor texts, int seed, Action<EvaluationProgress>? progress, CancellationToken stop)
    {
        int size = segmenter.Model.Config.Grid * segmenter.Model.Config.PatchSize;      // what CLIP was trained at
        SceneGenerator generator = new(catalogue, SceneOptions.Single with { Size = size, Pool = ConceptPool.All });
        (int first, int amongFive) = (0, 0);
        for (int start = 0; start < drawn.Length; start += PicturesAtOnce)
        {
            stop.ThrowIfCancellationRequested();
            using TensorScope scope = new();
            Concept[] some = drawn[start..Math.Min(start + PicturesAtOnce, drawn.Length)];
            Tensor pictures = segmenter.Model.Vision.Embed(Pixels(segmenter, generator, some, style, seed));
            Tensor similarities = pictures.Normalize().MatMulTransposed(texts);         // [B, N]
            for (int i = 0; i < some.Length; i++)
            {
                int rank = Rank(similarities.Data.Slice(i * texts[0], texts[0]), some[i].Id);
                if (rank == 0) first++;
                if (rank < 5) amongFive++;
            }
            progress?.Invoke(new($"Names of {style} pictures", start + some.Length, drawn.Length));
        }
        return new(style, drawn.Length, texts[0], (double)first / drawn.Length, (double)amongFive / drawn.Length);
    }

    /// <summary>The style in which the concept is drawn.</summary>
    internal static string StyleOf(Concept concept)
    {
        string[] styles = [.. concept.Sprites.Select(s => s.Style).Distinct().Order(StringComparer.Ordinal)];
        return styles[concept.Id % styles.Length];
    }

    /// <summary>[B, 3, S, S], normalised.</summary>
    private static Tensor Pixels(
        Segmenter segmenter, SceneGenerator generator, Concept[] concepts, string style, int seed)
    {
        int size = generator.Options.Size, length = 3 * size * size;
        Tensor pixels = Tensor.Empty(concepts.Length, 3, size, size);
        Workers.Split(concepts.Length, 1, (start, end) =>
        {
            for (int i = start; i < end; i++)
            {
                Scene scene = Draw(generator, concepts[i], style, seed);
                segmenter.Preprocessing.Normalize(scene.Picture, pixels.Data.Slice(i * length, length));
            }
        });
        return pixels;
    }

    /// <summary>The first scene of its series that shows the concept in the style.</summary>
    internal static Scene Draw(SceneGenerator generator, Concept concept, string style, int seed)
        => Enumerable.Range(0, Tries)
            .Select(i => generator.Generate(SceneSplit.Test, seed, (long)concept.Id * Tries + i, concept))
            .First(scene => scene.Objects[0].Sprite.Style == style);

    /// <summary>How many others are at least as similar.</summary>
    private static int Rank(ReadOnlySpan<float> similarities, int wanted)
    {
        int rank = 0;
        for (int i = 0; i < similarities.Length; i++)
        {
            if (i != wanted && !(similarities[i] < similarities[wanted])) rank++;
        }
        return rank;
    }
}
