using ClipSeg.Numerics;

namespace ClipSeg.Training.Data;

/// <summary>
/// Which samples have which phrase, and which phrases a picture has; samples are numbered as they are added.
/// </summary>
internal sealed class PhraseIndex
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly List<string> _phrases = [];
    private readonly List<List<int>> _samplesOf = [];
    private readonly Dictionary<long, HashSet<int>> _phrasesOf = [];

    public IReadOnlyList<string> Phrases => _phrases;

    /// <summary>Takes the next sample and returns its phrase's id.</summary>
    public int Add(int sample, string phrase, long picture)
    {
        if (!_ids.TryGetValue(phrase, out int id))
        {
            _ids.Add(phrase, id = _phrases.Count);
            _phrases.Add(phrase);
            _samplesOf.Add([]);
        }
        _samplesOf[id].Add(sample);
        if (!_phrasesOf.TryGetValue(picture, out HashSet<int>? shown)) _phrasesOf.Add(picture, shown = []);
        shown.Add(id);
        return id;
    }

    /// <summary>All samples with the phrase.</summary>
    public IReadOnlyList<int> SamplesOf(int phrase) => _samplesOf[phrase];

    /// <summary>All samples with the phrase; none if there is no such phrase.</summary>
    public IReadOnlyList<int> SamplesOf(string phrase) => _ids.TryGetValue(phrase, out int id) ? _samplesOf[id] : [];

    /// <summary>What else a picture is known to show.</summary>
    public IReadOnlyList<string> OthersIn(long picture, int phrase)
        => [.. _phrasesOf[picture].Where(other => other != phrase).Order().Select(other => _phrases[other])];

    /// <summary>The id of a phrase that no sample of the picture has.</summary>
    /// <exception cref="DataFormatException">There is none.</exception>
    public int Absent(long picture, ref RandomStream random)
    {
        HashSet<int> shown = _phrasesOf[picture];
        if (shown.Count == _phrases.Count)
        {
            throw new DataFormatException(
                "A negative needs a phrase that the picture lacks, but one picture has every phrase.");
        }
        while (true)
        {
            int phrase = random.Next(_phrases.Count);
            if (!shown.Contains(phrase)) return phrase;
        }
    }
}
