namespace ClipSeg.Training.Metrics;

/// <summary>Scores predictions against masks, sample by sample, at 49 thresholds at once.</summary>
/// <remarks>
/// training-and-evaluation.md §6.1. Samples are added to histograms of their probabilities, which give every count;
/// memory does not grow with them. For several threads: one of these for each, and <see cref="Merge"/>.
/// </remarks>
public sealed class SegmentationMetrics
{
    private const int Levels = 1000;
    private const int LevelsPerThreshold = 20;
    private const int Bins = Levels / LevelsPerThreshold;

    // A probability is on level k if it is above edges 1 to k and no other. Compared in float32, as the authors do.
    private static readonly float[] _edges = [.. Enumerable.Range(0, Levels).Select(k =>
        k % LevelsPerThreshold == 0 ? (float)(k / LevelsPerThreshold * 0.02) : (float)(k * 0.001))];

    private readonly (long On, long Off)[] _levels = new (long, long)[Levels];
    private readonly Dictionary<int, (long On, long Off)[]> _classes = [];
    private readonly (long On, long Off)[] _all = new (long, long)[Bins];
    private readonly double[] _sampleIou = new double[Bins - 1], _sampleAuthorsIou = new double[Bins - 1];
    private readonly int[] _scoredSamples = new int[Bins - 1];
    private int _samplesWithoutClass;

    /// <summary>0.02, 0.04, ..., 0.98. A pixel is taken for the object if its probability is above.</summary>
    public static IReadOnlyList<double> Thresholds { get; } = [.. Enumerable.Range(1, Bins - 1).Select(j => j / 50.0)];

    /// <summary>The number of samples added.</summary>
    public int Samples { get; private set; }

    /// <summary>Whether any mask has a pixel.</summary>
    public bool HasForeground => _all.Any(bin => bin.On > 0);

    /// <summary>Adds a sample whose prediction is logits. Otherwise as <see cref="AddProbabilities"/>.</summary>
    public void AddLogits(
        ReadOnlySpan<float> logits, ReadOnlySpan<float> mask, int? classId, ReadOnlySpan<float> valid = default)
    {
        float[] probabilities = new float[logits.Length];
        for (int i = 0; i < logits.Length; i++) probabilities[i] = (float)(1 / (1 + Math.Exp(-(double)logits[i])));
        AddProbabilities(probabilities, mask, classId, valid);
    }

    /// <summary>Adds a sample: a prediction and a mask of the same size.</summary>
    /// <param name="probabilities">In [0, 1]; not-a-number counts as 0.</param>
    /// <param name="mask">Above 0.5 on the object.</param>
    /// <param name="classId">
    /// What <see cref="AuthorsMetrics.MeanIou"/> averages over; null where, as for PhraseCut, each sample is a class.
    /// </param>
    /// <param name="valid">0 on pixels that do not count; empty if all do.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public void AddProbabilities(
        ReadOnlySpan<float> probabilities, ReadOnlySpan<float> mask, int? classId, ReadOnlySpan<float> valid = default)
        => Add(LevelsOf(probabilities, mask, valid), classId);

    /// <summary>A sample's pixels by probability, which is all of it that counts: for adding it later.</summary>
    /// <returns>For each level that has pixels, in turn: the level, the pixels on the object, those off it.</returns>
    internal static long[] LevelsOf(
        ReadOnlySpan<float> probabilities, ReadOnlySpan<float> mask, ReadOnlySpan<float> valid = default)
    {
        if (mask.Length != probabilities.Length)
            throw new ArgumentException($"The mask has {mask.Length} pixels, the prediction {probabilities.Length}.");
        if (!valid.IsEmpty && valid.Length != probabilities.Length)
            throw new ArgumentException($"'valid' has {valid.Length} pixels, the prediction {probabilities.Length}.");

        (long On, long Off)[] levels = new (long, long)[Levels];
        for (int i = 0; i < probabilities.Length; i++)
        {
            if (!valid.IsEmpty && valid[i] == 0) continue;
            int level = LevelOf(probabilities[i]);
            if (mask[i] > 0.5f) levels[level].On++;
            else levels[level].Off++;
        }
        List<long> seen = [];
        for (int level = 0; level < Levels; level++)
            if (levels[level] is var (on, off) && on + off > 0) seen.AddRange([level, on, off]);
        return [.. seen];
    }

    /// <summary>Adds a sample by its <see cref="LevelsOf"/>.</summary>
    /// <exception cref="ArgumentException">They are not what it returns.</exception>
    internal void Add(ReadOnlySpan<long> levels, int? classId)
    {
        (long On, long Off)[] sample = new (long, long)[Bins];
        for (int i = 0; i < levels.Length; i += 3)
        {
            if (i + 2 >= levels.Length || levels[i] is < 0 or >= Levels)
                throw new ArgumentException("Levels come in threes: one of 0 to 999, and its pixels on and off.");
            (int level, long on, long off) = ((int)levels[i], levels[i + 1], levels[i + 2]);
            _levels[level] = (_levels[level].On + on, _levels[level].Off + off);
            ref (long On, long Off) bin = ref sample[level / LevelsPerThreshold];
            bin = (bin.On + on, bin.Off + off);
        }

        Add(sample, _all);
        Counts[] counts = CountsOf(sample);
        if (classId is { } id)
        {
            Add(sample, ClassOf(id));
        }
        else
        {
            _samplesWithoutClass++;
            for (int j = 0; j < counts.Length; j++) _sampleAuthorsIou[j] += AuthorsMetrics.ForegroundIouOf(counts[j]);
        }
        for (int j = 0; j < counts.Length; j++)
        {
            if (double.IsNaN(counts[j].Iou)) continue;
            _sampleIou[j] += counts[j].Iou;
            _scoredSamples[j]++;
        }
        Samples++;
    }

    /// <summary>Adds all samples of <paramref name="other"/>. A class id means the same class in both.</summary>
    public void Merge(SegmentationMetrics other)
    {
        Add(other._levels, _levels);
        Add(other._all, _all);
        foreach ((int classId, (long On, long Off)[] more) in other._classes) Add(more, ClassOf(classId));
        for (int j = 0; j < _sampleIou.Length; j++)
        {
            _sampleIou[j] += other._sampleIou[j];
            _sampleAuthorsIou[j] += other._sampleAuthorsIou[j];
            _scoredSamples[j] += other._scoredSamples[j];
        }
        _samplesWithoutClass += other._samplesWithoutClass;
        Samples += other.Samples;
    }

    /// <summary>The numbers to compare with the paper's tables.</summary>
    /// <exception cref="InvalidOperationException">There are no samples.</exception>
    public AuthorsMetrics Authors()
    {
        RequireSamples();
        Counts[][] classes = [.. _classes.Values.Select(CountsOf)];
        double[] meanIou = [.. _sampleAuthorsIou.Select((sum, j)
            => (sum + classes.Sum(c => AuthorsMetrics.ForegroundIouOf(c[j])))
                / (_samplesWithoutClass + classes.Length))];
        return AuthorsMetrics.Of(CountsOf(_all), meanIou);
    }

    /// <summary>The numbers to compare with anything else.</summary>
    /// <exception cref="InvalidOperationException">There are no samples.</exception>
    public PlainMetrics Plain()
    {
        RequireSamples();
        return PlainMetrics.Of(CountsOf(_all), [.. _sampleIou.Select((sum, j) => sum / _scoredSamples[j])], _levels);
    }

    /// <summary>Of all pixels, at each threshold; not a number where nothing is found, or nothing is there.</summary>
    internal (double Precision, double Recall)[] PrecisionRecall() => Array.ConvertAll(CountsOf(_all), c =>
        ((double)c.TruePositive / (c.TruePositive + c.FalsePositive),
            (double)c.TruePositive / (c.TruePositive + c.FalseNegative)));

    private (long On, long Off)[] ClassOf(int classId)
    {
        if (!_classes.TryGetValue(classId, out (long On, long Off)[]? sum))
            _classes.Add(classId, sum = new (long, long)[Bins]);
        return sum;
    }

    private void RequireSamples()
    {
        if (Samples == 0) throw new InvalidOperationException("There are no metrics: no sample was added.");
    }

    private static int LevelOf(float p)
    {
        if (!(p > 0)) return 0;
        int level = (int)MathF.Min(p * Levels, Levels - 1);
        while (level > 0 && !(p > _edges[level])) level--;
        while (level + 1 < Levels && p > _edges[level + 1]) level++;
        return level;
    }

    private static void Add((long On, long Off)[] from, (long On, long Off)[] to)
    {
        for (int i = 0; i < to.Length; i++) to[i] = (to[i].On + from[i].On, to[i].Off + from[i].Off);
    }

    // At threshold j, the bins above it are taken for the object.
    private static Counts[] CountsOf((long On, long Off)[] bins)
    {
        Counts[] counts = new Counts[Bins - 1];
        (long allOn, long allOff) = (bins.Sum(b => b.On), bins.Sum(b => b.Off));
        (long on, long off) = (0, 0);
        for (int j = counts.Length - 1; j >= 0; j--)
        {
            on += bins[j + 1].On;
            off += bins[j + 1].Off;
            counts[j] = new(on, off, allOn - on, allOff - off);
        }
        return counts;
    }
}
