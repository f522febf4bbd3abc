using System.Globalization;

namespace ClipSeg.Training.Data;

/// <summary>
/// What training leaves out of PhraseCut so that Pascal's classes are unseen: the paper's <c>remove_classes</c>.
/// </summary>
/// <remarks>
/// training-and-evaluation.md §4.3; words that leak, and those removed for another meaning, as there.
/// </remarks>
internal static class RemovedClasses
{
    private const string Person = "person.n.01";

    // Of Pascal's classes, 1 to 20.
    private static readonly string[] _synsets =
    [
        "aeroplane.n.01", "bicycle.n.01", "bird.n.01", "vessel.n.02", "bottle.n.01", "bus.n.01", "car.n.01",
        "cat.n.01", "chair.n.01", "cattle.n.01", "table.n.02", "dog.n.01", "horse.n.01", "motorcycle.n.01", Person,
        "pot_plant.n.01", "sheep.n.01", "sofa.n.01", "train.n.01", "television.n.03",
    ];

    private static readonly string[] _persons =
        ["person", "human", "man", "woman", "toddler", "baby", "body", "child", "infant"];

    private static readonly string[] _affordances =
    [
        "drink", "drinks", "drinking", "sit", "sits", "sitting", "ride", "rides", "riding", "fly", "flies", "flying",
        "drive", "drives", "driving", "driven", "swim", "swims", "swimming", "wheels", "wheel", "legs", "leg", "ear",
        "ears",
    ];

    /// <summary>What the names may be, for people to read.</summary>
    public const string Known = "pas5i:0 to pas5i:3, zs:1 to zs:5, or aff";

    /// <summary>The words of a set.</summary>
    /// <param name="set">"pas5i:K", a fold; "zs:N", pairs of unseen classes; "aff", what things are for.</param>
    /// <param name="folder">WordNet's files; "aff" does without.</param>
    /// <exception cref="ArgumentException">There is no such set.</exception>
    /// <exception cref="DataFormatException">WordNet's files are missing or damaged.</exception>
    public static RemovedWords Named(string set, string folder)
    {
        if (set == "aff") return new(_affordances);
        string[] parts = set.Split(':');
        if (!int.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int number)) number = -1;
        IEnumerable<int> classes = (string.Join(':', parts[..^1]), number) switch
        {
            ("pas5i", >= 0 and <= 3) => Enumerable.Range(1 + 5 * number, 5),
            ("zs", >= 1 and <= 5) => VocClasses.Unseen(2 * number),
            _ => throw new ArgumentException($"--remove-classes is '{set}', expected {Known}.", nameof(set)),
        };
        WordNet words = new(folder);
        return new(classes.SelectMany(c => WordsFor(words, _synsets[c - 1])).Distinct(), words.Singular);
    }

    /// <summary>The words that stand for a class.</summary>
    public static IEnumerable<string> WordsFor(WordNet words, string synset)
        => synset == Person ? _persons : words.WordsFor(synset);
}
