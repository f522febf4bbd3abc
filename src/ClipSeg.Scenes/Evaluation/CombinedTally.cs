using ClipSeg.Numerics;
using ClipSeg.Prompts;

namespace ClipSeg.Scenes.Evaluation;

/// <summary>How well two phrases combined find what both, either, or the first alone mean.</summary>
internal sealed class CombinedTally
{
    private const int Tries = 200;      // for two phrases that an operator makes a difference to

    private readonly double[] _iou = new double[Operators.Count], _boundary = new double[Operators.Count];
    private readonly int[] _samples = new int[Operators.Count];

    /// <summary>Between the two phrases.</summary>
    public static IReadOnlyList<string> Operators { get; } = ["AND", "OR", "AND NOT"];

    /// <summary>Two phrases of a scene that together mean something, and not what the first means alone.</summary>
    /// <returns>The expression and the objects that it means; null if none was found.</returns>
    public static (PromptExpression Expression, uint Objects)? Choose(Scene scene, int way, RandomStream random)
    {
        Phrase[] all = [.. new ScenePhrases(scene).All().Where(phrase => phrase.Kind
            is PhraseKind.Name or PhraseKind.Category or PhraseKind.Attribute or PhraseKind.Colour)];
        for (int i = 0; i < Tries && all.Length > 0; i++)
        {
            Phrase a = all[random.Next(all.Length)], b = all[random.Next(all.Length)];
            uint both = a.Objects & b.Objects;
            uint objects = way switch { 0 => both, 1 => a.Objects | b.Objects, _ => a.Objects & ~both };
            if (objects != 0 && objects != a.Objects)
                return (PromptExpression.Parse($"\"{a.Text}\" {Operators[way]} \"{b.Text}\""), objects);
        }
        return null;
    }

    /// <summary>Adds an answer.</summary>
    /// <param name="iou">Of its mask.</param>
    /// <param name="boundary">The same along the edges.</param>
    public void Add(int way, double iou, double boundary)
    {
        _iou[way] += iou;
        _boundary[way] += boundary;
        _samples[way]++;
    }

    public void Merge(CombinedTally other)
    {
        for (int way = 0; way < Operators.Count; way++)
        {
            _iou[way] += other._iou[way];
            _boundary[way] += other._boundary[way];
            _samples[way] += other._samples[way];
        }
    }

    /// <summary>The mean over samples; null without any.</summary>
    public double? Iou(int way) => _samples[way] == 0 ? null : _iou[way] / _samples[way];

    /// <summary>The mean over samples; null without any.</summary>
    public double? Boundary(int way) => _samples[way] == 0 ? null : _boundary[way] / _samples[way];
}
