namespace ClipSeg.Training.Data;

/// <summary>
/// Lists of pictures that Pascal VOC does not come with: those that SBD adds to, made of both data sets' own lists.
/// </summary>
/// <remarks>
/// Hariharan et al., "Semantic contours from inverse detectors", ICCV 2011; training-and-evaluation.md §4.8. SBD's
/// train.txt and val.txt are looked for where its archive unpacks to (benchmark_RELEASE/dataset) and in a folder sbd,
/// inside of VOC's and beside it; its maps in SegmentationClassAug.
/// </remarks>
internal static class VocLists
{
    /// <summary>What Pascal-5i trains on: VOC's and SBD's train, without VOC's val. 5,953 pictures.</summary>
    public const string Merged = "voc_sbd_merge_noduplicate";

    /// <summary>What segmentation trains on: the same, and SBD's val. 10,582 pictures.</summary>
    public const string TrainAug = "trainaug";

    private static readonly string[] _folders =
        ["sbd", "benchmark_RELEASE/dataset", "../sbd", "../benchmark_RELEASE/dataset"];

    /// <summary>The ids of a list, in order; null if it is not one of these two.</summary>
    /// <param name="voc">VOC2012.</param>
    /// <param name="split">The list's name.</param>
    /// <exception cref="DataFormatException">SBD's lists are not there, or VOC's.</exception>
    public static IReadOnlyList<string>? Make(string voc, string split)
    {
        if (split is not (Merged or TrainAug)) return null;
        string sbd = _folders.Select(folder => Path.Combine(voc, folder))
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "train.txt"))) ?? throw new DataFormatException(
                $"'{voc}' has no list {split}.txt in ImageSets/Segmentation, and there are no train.txt and val.txt of "
                + $"SBD to make it of in {string.Join(", ", _folders)}.");
        HashSet<string> val = [.. Ids(Path.Combine(voc, "ImageSets", "Segmentation", "val.txt"))];
        IEnumerable<string> ids = Ids(Path.Combine(voc, "ImageSets", "Segmentation", "train.txt"))
            .Concat(Ids(Path.Combine(sbd, "train.txt")));
        if (split == TrainAug) ids = ids.Concat(Ids(Path.Combine(sbd, "val.txt")));
        return [.. ids.Where(id => !val.Contains(id)).Distinct().Order(StringComparer.Ordinal)];
    }

    private static IEnumerable<string> Ids(string list) => File.Exists(list)
        ? File.ReadLines(list).Select(line => line.Trim()).Where(line => line.Length > 0)
        : throw new DataFormatException($"There is no list '{list}'.");
}
