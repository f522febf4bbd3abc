namespace ClipSeg.Training.Data;

/// <summary>
/// The nine tenths of a data set to train on, or the tenth to validate on: whole pictures, chosen by their number.
/// </summary>
public sealed class DataPart : SegmentationData
{
    private const int Parts = 10;

    private readonly SegmentationData _whole;
    private readonly int[] _indices;

    /// <exception cref="DataFormatException">There are too few pictures for two parts.</exception>
    public DataPart(SegmentationData whole, bool validation)
    {
        _whole = whole;
        long[] groups = [.. Enumerable.Range(0, whole.Count).Select(i => whole.GroupOf(i))];
        long[] pictures = [.. groups.Distinct()];
        if (pictures.Length < 2)
            throw new DataFormatException("One picture is too few to train and validate on: name a validation set.");

        // Every tenth picture, the last of them at least.
        HashSet<long> held = [.. pictures.Where((_, i) => i % Parts == Parts - 1), pictures[^1]];
        _indices = [.. Enumerable.Range(0, whole.Count).Where(i => held.Contains(groups[i]) == validation)];
    }

    public override int Count => _indices.Length;

    public override SegmentationSample Get(int index) => _whole.Get(_indices[index]);

    public override long GroupOf(int index) => _whole.GroupOf(_indices[index]);

    public override string? PictureFile(int index) => _whole.PictureFile(_indices[index]);

    public override SegmentationSample? Support(int index, int draw) => _whole.Support(_indices[index], draw);

    public override NegativePhrase Negative(int index, int draw, bool withSupport)
        => _whole.Negative(_indices[index], draw, withSupport);
}
