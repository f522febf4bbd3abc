using ClipSeg.Numerics;

namespace ClipSeg.Training.Data;

/// <summary>A question of one-shot segmentation: find in the query what the support shows.</summary>
/// <param name="Query">Its phrase names the class.</param>
/// <param name="Support">Of the same class in another picture.</param>
/// <param name="Class">What the mean IoU averages over.</param>
internal sealed record Episode(SegmentationSample Query, SegmentationSample Support, int Class);

/// <summary>Episodes of one-shot segmentation. The same fold, index and seed give the same episode.</summary>
internal abstract class EpisodeData
{
    /// <summary>Sets of held-out classes, each with scores of its own.</summary>
    public abstract int Folds { get; }

    /// <summary>The episodes of a fold.</summary>
    public abstract int Count(int fold);

    /// <summary>An episode; the support is never of the query's picture.</summary>
    /// <exception cref="DataFormatException">Its files do not hold what the data set promises.</exception>
    public abstract Episode Get(int fold, int index, int seed);

    /// <summary>One of the samples that is of another picture than the query.</summary>
    protected static int SupportOf(
        SegmentationData data, int query, IReadOnlyList<int> samples, ref RandomStream random)
    {
        int[] others = [.. samples.Where(i => data.GroupOf(i) != data.GroupOf(query))];
        return others[random.Next(others.Length)];
    }
}

/// <summary>
/// Pascal-5i as PFENet tests it: once over the pictures that show a held-out class on enough pixels.
/// </summary>
/// <remarks>
/// training-and-evaluation.md §4.8. The class is one of those present, however small; the support shows it on enough
/// pixels.
/// </remarks>
internal sealed class PascalEpisodes : EpisodeData
{
    private const int FoldCount = 4, ClassesPerFold = 5, EnoughPixels = 2 * 32 * 32;

    private readonly LabelledPictures _voc;
    private readonly int[][] _queries = new int[FoldCount][];               // pictures
    private readonly ILookup<long, int> _samplesOf;
    private readonly ILookup<int, int> _supports;                           // of a class

    /// <param name="voc">The list of val.</param>
    /// <exception cref="DataFormatException">No class is on two pictures that count.</exception>
    public PascalEpisodes(LabelledPictures voc)
    {
        _voc = voc;
        int[] samples = [.. Enumerable.Range(0, voc.Count)];
        _supports = samples.Where(i => voc.PixelsOf(i) >= EnoughPixels).GroupBy(voc.ClassOf)
            .Where(c => c.Count() > 1).SelectMany(c => c).ToLookup(voc.ClassOf);
        _samplesOf = samples.Where(i => _supports.Contains(voc.ClassOf(i))).ToLookup(voc.GroupOf);
        for (int fold = 0; fold < FoldCount; fold++)
        {
            int first = FirstClass(fold);
            int[] enough = [.. Enumerable.Range(first, ClassesPerFold).SelectMany(c => _supports[c])];
            _queries[fold] = [.. enough.Select(i => (int)voc.GroupOf(i)).Distinct().Order()];
        }
        if (_queries.All(q => q.Length == 0))
        {
            throw new DataFormatException(
                $"No class is on two pictures with {EnoughPixels} pixels or more; a query and a support need two.");
        }
    }

    public override int Folds => FoldCount;

    public override int Count(int fold) => _queries[fold].Length;

    public override Episode Get(int fold, int index, int seed)
    {
        RandomStream random = new(RandomUse.Episodes, seed, (long)fold << 32 | (uint)index);
        int first = FirstClass(fold);
        int[] candidates = [.. _samplesOf[_queries[fold][index]]
            .Where(i => _voc.ClassOf(i) >= first && _voc.ClassOf(i) < first + ClassesPerFold)];
        int query = candidates[random.Next(candidates.Length)], c = _voc.ClassOf(query);
        int support = SupportOf(_voc, query, [.. _supports[c]], ref random);
        return new(_voc.Get(query), _voc.Get(support), c - first);
    }

    private static int FirstClass(int fold) => 1 + fold * ClassesPerFold;
}

/// <summary>
/// Episodes drawn by lot, as HSNet tests COCO-20i: a class, a picture of it, another picture of it.
/// </summary>
/// <remarks>
/// training-and-evaluation.md §4.5. Of four folds, fold f holds out the classes f, f + 4, f + 8, ...
/// </remarks>
internal sealed class DrawnEpisodes : EpisodeData
{
    private readonly PhraseData _data;
    private readonly int _episodes;
    private readonly (int Class, int[] Samples)[][] _classes;       // by fold

    /// <param name="data">Samples of a class share a phrase.</param>
    /// <param name="classes">All of them, in the order that folds go by.</param>
    /// <param name="folds">1 to measure all classes together.</param>
    /// <param name="episodes">Of each fold.</param>
    /// <exception cref="DataFormatException">No class is on two pictures.</exception>
    public DrawnEpisodes(PhraseData data, IReadOnlyList<string> classes, int folds, int episodes = 1000)
    {
        (_data, _episodes) = (data, episodes);
        (int Class, int[] Samples)[] usable = [.. classes.Select((name, c) => (c, data.SamplesOf(name).ToArray()))
            .Where(c => c.Item2.Select(data.GroupOf).Distinct().Count() > 1)];
        if (usable.Length == 0)
            throw new DataFormatException("No class is on two pictures; a query and a support need two.");
        _classes = [.. Enumerable.Range(0, folds).Select(f => usable.Where(c => c.Class % folds == f).ToArray())];
    }

    public override int Folds => _classes.Length;

    public override int Count(int fold) => _classes[fold].Length == 0 ? 0 : _episodes;

    public override Episode Get(int fold, int index, int seed)
    {
        RandomStream random = new(RandomUse.Episodes, seed, (long)fold << 32 | (uint)index);
        (int c, int[] samples) = _classes[fold][random.Next(_classes[fold].Length)];
        int query = samples[random.Next(samples.Length)], support = SupportOf(_data, query, samples, ref random);
        return new(_data.Get(query), _data.Get(support), c);
    }
}
