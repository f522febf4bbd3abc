using ClipSeg.Imaging;
using ClipSeg.Prompts;

namespace ClipSeg.Scenes.Evaluation;

/// <summary>Everything that is asked about one scene: each text once, and all of it decoded together.</summary>
internal sealed class SceneAnswers(Segmenter segmenter)
{
    private const int PromptsAtOnce = 4;        // few sizes of intermediate results: memory that is kept for them

    private readonly List<string> _texts = [];
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly List<Prompt> _prompts = [];
    private Mask[] _answers = [];

    /// <summary>Asks in words.</summary>
    public void Ask(string text)
    {
        if (_places.TryAdd(text, _texts.Count)) _texts.Add(text);
    }

    /// <summary>Asks in another way.</summary>
    /// <returns>Its number, for <see cref="Of(int)"/>; they are consecutive.</returns>
    public int Ask(Prompt prompt)
    {
        _prompts.Add(prompt);
        return _prompts.Count - 1;
    }

    /// <summary>Lets the model answer; to be called once, after all questions.</summary>
    /// <param name="encoded">The scene.</param>
    /// <param name="picture">The same, as it looks.</param>
    /// <param name="guided">Of <see cref="Mask.GuidedFilter"/>, in pixels; null for masks as they are.</param>
    public void Answer(EncodedImage encoded, Image picture, int? guided)
    {
        Prompt[] all = [.. segmenter.Prompts.Texts(_texts), .. _prompts];
        _answers = [.. all.Chunk(PromptsAtOnce).SelectMany(some => segmenter.Segment(encoded, some))];
        if (guided is { } radius)
            for (int i = 0; i < _answers.Length; i++) _answers[i] = _answers[i].GuidedFilter(picture, radius);
    }

    /// <summary>The answer to a text.</summary>
    public Mask Of(string text) => _answers[_places[text]];

    /// <summary>The answer to another prompt, by its number.</summary>
    public Mask Of(int number) => _answers[_texts.Count + number];
}
