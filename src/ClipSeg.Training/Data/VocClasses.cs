namespace ClipSeg.Training.Data;

/// <summary>Pascal VOC's classes by index, in words, and the splits of them that benchmarks hold out.</summary>
internal static class VocClasses
{
    /// <summary>As people say them; several where there are several.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Names { get; } =
    [
        [ClassData.BackgroundName], ["aeroplane", "airplane"], ["bicycle"], ["bird"], ["boat"], ["bottle"], ["bus"],
        ["car"], ["cat"], ["chair"], ["cow"], ["dining table", "table"], ["dog"], ["horse"],
        ["motorbike", "motorcycle"], ["person"], ["potted plant"], ["sheep"], ["sofa", "couch"], ["train"],
        ["tv monitor", "television"],
    ];

    /// <summary>As the paper asks for them in Table 7. training-and-evaluation.md §4.8.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> OneShot { get; } = Written("aeroplane");

    /// <summary>As the paper asks for them in Table 4. training-and-evaluation.md §4.7.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> ZeroShot { get; } = Written("airplane");

    /// <summary>The classes that zero-shot segmentation holds out, in the order that they are added.</summary>
    /// <remarks>Xian et al., "Semantic Projection Network", CVPR 2019.</remarks>
    private static readonly int[] _unseen = [10, 14, 1, 18, 8, 20, 19, 5, 9, 16];

    /// <summary>The classes of a split.</summary>
    /// <param name="count">2, 4, 6, 8 or 10.</param>
    public static IReadOnlyList<int> Unseen(int count) => [.. _unseen.Take(count)];

    private static IReadOnlyList<IReadOnlyList<string>> Written(string plane)
        => [.. Names.Select((names, c) => (string[])[c switch
        {
            1 => plane, 11 => "diningtable", 16 => "pottedplant", 20 => "tvmonitor", _ => names[0],
        }])];
}
