using ClipSeg.Numerics;

namespace ClipSeg.Training.Data;

/// <summary>
/// Samples in files, each a picture and a phrase: the others of a phrase are its company, the phrases of other pictures
/// what a picture lacks.
/// </summary>
public abstract class PhraseData : SegmentationData
{
    private readonly PhraseIndex _index = new();
    private readonly List<(int Phrase, long Picture)> _samples = [];

    private protected PhraseData() { }

    public sealed override int Count => _samples.Count;

    /// <summary>The distinct phrases, in the order of their first samples.</summary>
    public IReadOnlyList<string> Phrases => _index.Phrases;

    /// <summary>What the phrases are drawn from, in the data set's own order.</summary>
    internal virtual IReadOnlyList<string> Classes => Phrases;

    /// <summary>The samples of a phrase; none if there is no such phrase.</summary>
    internal IReadOnlyList<int> SamplesOf(string phrase) => _index.SamplesOf(phrase);

    internal sealed override IReadOnlyList<string> OthersIn(int index) => _index.OthersIn(
        _samples[index].Picture, _samples[index].Phrase);

    public sealed override long GroupOf(int index) => _samples[index].Picture;

    /// <summary>Another sample with the same phrase; null if there is none.</summary>
    public sealed override SegmentationSample? Support(int index, int draw)
    {
        int[] others = [.. _index.SamplesOf(_samples[index].Phrase).Where(i => i != index)];
        RandomStream random = new(RandomUse.FolderSupports, draw, index);
        return others.Length == 0 ? null : Get(others[random.Next(others.Length)]);
    }

    public sealed override NegativePhrase Negative(int index, int draw, bool withSupport)
    {
        RandomStream random = new(RandomUse.FolderNegatives, draw, index);
        int phrase = _index.Absent(_samples[index].Picture, ref random);
        IReadOnlyList<int> samples = _index.SamplesOf(phrase);
        bool shown = withSupport && samples.Count > 1;
        return new(_index.Phrases[phrase], shown ? Get(samples[random.Next(samples.Count)]) : null);
    }

    /// <summary>The words of a sample.</summary>
    private protected string PhraseOf(int index) => _index.Phrases[_samples[index].Phrase];

    /// <summary>Takes the next sample.</summary>
    private protected void Add(string phrase, long picture)
        => _samples.Add((_index.Add(_samples.Count, phrase, picture), picture));
}
