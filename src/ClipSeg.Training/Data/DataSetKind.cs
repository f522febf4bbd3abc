namespace ClipSeg.Training.Data;

/// <summary>What is asked of a data set when it is opened.</summary>
internal sealed record DataSetOptions
{
    /// <summary>Phrases to leave out; null for none.</summary>
    public RemovedWords? Removed { get; init; }

    /// <summary>Of PhraseCut: whether polygons are filled by Pillow's rule.</summary>
    public bool PillowPolygons { get; init; }
}

/// <summary>A layout of data sets on disk: how it is recognised, and how it is opened.</summary>
/// <remarks>A new layout is one class that reads it, and one line in <see cref="All"/>.</remarks>
internal sealed record DataSetKind
{
    /// <summary>Every layout that is known.</summary>
    public static IReadOnlyList<DataSetKind> All { get; } =
    [
        new()
        {
            Name = "PhraseCut",
            Needs = "image_data_split.json, refer_train.json",
            IsAt = PhraseCut.IsAt,
            Splits = new("train", "val", "test"),
            Open = (path, split, options) => new PhraseCut(path, split!, new()
            {
                Removes = options.Removed is { } removed ? removed.AreIn : null,
                PillowPolygons = options.PillowPolygons,
            }),
            RemovesWords = true,
        },
        new()
        {
            Name = "a list of pictures and masks",
            Needs = "phrases.csv or phrases.jsonl",
            IsAt = MaskFolder.IsAt,
            Open = (path, _, _) => new MaskFolder(path),
        },
        new()
        {
            Name = "Pascal VOC",
            Needs = "JPEGImages, SegmentationClass, ImageSets/Segmentation",
            IsAt = LabelledPictures.IsVoc,
            Splits = new("train", "val", "val"),
            Open = (path, split, _) => LabelledPictures.OpenVoc(path, split!),
        },
        new()
        {
            Name = "pictures with maps of classes",
            Needs = "images, labels, classes.txt",
            IsAt = LabelledPictures.IsAt,
            Open = (path, _, _) => LabelledPictures.Open(path),
        },
        new()
        {
            Name = "COCO or LVIS",
            Needs = "annotations/instances_*.json or lvis_*.json, and pictures",
            IsAt = InstanceData.IsAt,
            Splits = new("train", "val", "val"),
            Open = (path, split, _) => InstanceData.Open(path, split!),
        },
        new()
        {
            Name = "RefCOCO",
            Needs = "instances.json, refs*.p, refs*.json or grefs*.json, and pictures",
            IsAt = ReferringData.IsAt,
            Splits = new("train", "val", "val"),
            Open = (path, split, _) => new ReferringData(path, split!),
        },
        new()
        {
            Name = "COCO-20i",
            Needs = "val2014, annotations/val2014/*.png",
            IsAt = Coco20i.IsAt,
            Open = (path, _, _) => new Coco20i(path),
        },
        new()
        {
            Name = "an annotation file of COCO or LVIS",
            Needs = "a .json file",
            IsAt = path => File.Exists(path) && Path.GetExtension(path).ToLowerInvariant() == ".json",
            Open = (path, _, _) => new InstanceData(path),
        },
        new()
        {
            Name = "FSS-1000",
            Needs = "a folder of 1.jpg, 1.png, ... for each class",
            IsAt = ObjectFolders.IsAt,
            Open = (path, _, _) => new ObjectFolders(path),
        },
    ];

    /// <summary>All of them, for people to read.</summary>
    public static string Known => string.Join("; or ", All.Select(kind => $"{kind.Needs} ({kind.Name})"));

    /// <summary>For people to read.</summary>
    public required string Name { get; init; }

    /// <summary>The files that a folder of this kind has, for people to read.</summary>
    public required string Needs { get; init; }

    /// <summary>Whether a path leads to one, by the look of it.</summary>
    public required Func<string, bool> IsAt { get; init; }

    /// <summary>Opens the one at a path; the split is one of <see cref="Splits"/>, or null if there are none.</summary>
    public required Func<string, string?, DataSetOptions, SegmentationData> Open { get; init; }

    /// <summary>The names of its parts; null if all of it is one.</summary>
    public DataSetSplits? Splits { get; init; }

    /// <summary>Whether <see cref="DataSetOptions.Removed"/> is heeded.</summary>
    public bool RemovesWords { get; init; }

    /// <summary>The kind of what is at a path.</summary>
    /// <exception cref="DataFormatException">It is none that is known, or it could be several.</exception>
    public static DataSetKind Of(string path)
    {
        DataSetKind[] kinds = [.. All.Where(kind => kind.IsAt(path))];
        if (kinds.Length == 1) return kinds[0];
        if (kinds.Length > 1)
        {
            throw new DataFormatException($"'{path}' could be {string.Join(" or ", kinds.Select(k => k.Name))}; "
                + "keep data sets in folders of their own.");
        }
        if (!Path.Exists(path)) throw new DataFormatException($"There is no data set at '{path}'.");
        throw new DataFormatException($"'{path}' is no data set that is known: expected {Known}.");
    }

    /// <summary>What to train on and what to validate on.</summary>
    /// <param name="path">The data set.</param>
    /// <param name="validation">Another one to validate on; null for a part of the first.</param>
    /// <param name="options">Of both.</param>
    /// <exception cref="DataFormatException">A data set is not what it should be.</exception>
    /// <exception cref="ArgumentException">Words are to be removed where none can be.</exception>
    public static (SegmentationData Train, SegmentationData Validation) OpenPair(
        string path, string? validation, DataSetOptions options)
    {
        DataSetKind kind = Of(path), other = validation is null ? kind : Of(validation);
        if (options.Removed is not null && !(kind.RemovesWords && other.RemovesWords))
        {
            string removing = string.Join(", ", All.Where(k => k.RemovesWords).Select(k => k.Name));
            throw new ArgumentException(
                $"Words are removed from {removing}, and '{path}' is {kind.Name}.", nameof(options));
        }
        SegmentationData train = kind.Open(path, kind.Splits?.Train, options);
        if (validation is null && kind.Splits is null)
            return (new DataPart(train, validation: false), new DataPart(train, validation: true));
        return (train, other.Open(validation ?? path, other.Splits?.Validation, options));
    }
}

/// <summary>The names of a data set's parts.</summary>
internal sealed record DataSetSplits(string Train, string Validation, string Test);
