using ClipSeg.Numerics;

namespace ClipSeg.Training.Data;

/// <summary>
/// What things are for, what they do, what they have: phrases that name no class, on pictures of COCO's or LVIS's kind.
/// A sample is a picture and a phrase, with everything in it that the phrase holds for; for each there is about one
/// more with a picture that shows nothing of the kind.
/// </summary>
/// <remarks>The paper's Table 8. training-and-evaluation.md §4.6 has the table; ears are not in the paper.</remarks>
internal sealed class GeneralisedPrompts : PhraseData
{
    private const string Seats = "armchair sofa loveseat deck_chair rocking_chair highchair folding_chair chair "
        + "recliner wheelchair";
    private const string Flyers = "eagle bird duck gull owl seabird pigeon goose parakeet";

    private static readonly (string Kind, string Phrase, string Categories)[] _table =
    [
        ("affordances", "sit on", Seats),
        ("affordances", "drink from", "bottle beer_bottle water_bottle wine_bottle thermos_bottle"),
        ("affordances", "ride on", "horse pony motorcycle"),
        ("attributes", "can fly", Flyers + " jet_plane airplane fighter_jet"),
        ("attributes", "can be driven", "minivan bus_(vehicle) cab_(taxi) jeep ambulance car_(automobile)"),
        ("attributes", "can swim", "duck duckling water_scooter penguin boat kayak canoe"),
        ("parts", "has wheels", "dirt_bike car_(automobile) wheelchair motorcycle bicycle cab_(taxi) minivan "
            + "bus_(vehicle) jeep ambulance"),
        ("parts", "has legs", Seats + " " + Flyers + " horse pony dog cat flamingo penguin cow puppy sheep black_sheep "
            + "ostrich ram_(animal) chicken_(animal) person"),
    ];

    private readonly CocoPictures _pictures;
    private readonly List<(string Kind, IReadOnlyList<CocoSegmentation> Shapes)> _samples = [];

    /// <param name="path">The annotation file.</param>
    /// <param name="seed">Which pictures are asked for what they do not show.</param>
    /// <exception cref="DataFormatException">It is no such file, or shows nothing that phrases hold for.</exception>
    public GeneralisedPrompts(string path, int seed)
    {
        CocoFile file = CocoFile.Read(path);
        _pictures = new(path, file);
        Dictionary<long, string> categories = CocoPictures.ById(path, file.Categories, c => c.Id, "categories")
            .ToDictionary(c => c.Key, c => Key(c.Value.Name));
        ILookup<long, (string Name, CocoSegmentation Shape)> shown = file.Annotations.ToLookup(a => a.ImageId,
            a => (categories.GetValueOrDefault(a.CategoryId, ""), a.Segmentation));
        foreach ((string kind, string phrase, string list) in _table)
        {
            HashSet<string> wanted = [.. list.Split(' ').Select(Key)];
            long[] with = [.. file.Images.Select(i => i.Id).Where(id => shown[id].Any(s => wanted.Contains(s.Name)))];
            long[] without = [.. file.Images.Select(i => i.Id).Except(with)];
            RandomStream random = new(RandomUse.Episodes, seed, phrase);
            foreach (long id in with)
            {
                Add(phrase, id);
                _samples.Add((kind, [.. shown[id].Where(s => wanted.Contains(s.Name)).Select(s => s.Shape)]));
                if (without.Length == 0) continue;
                Add(phrase, without[random.Next(without.Length)]);
                _samples.Add((kind, []));
            }
        }
        if (Count == 0)
            throw new DataFormatException($"{path}: no picture shows a category that the prompts are about.");
    }

    public override string PictureFile(int index) => _pictures.FileOf(GroupOf(index));

    public override SegmentationSample Get(int index) => new()
    {
        Picture = _pictures.Load(GroupOf(index)),
        Mask = _pictures.MaskOf(GroupOf(index), _samples[index].Shapes),
        Phrase = PhraseOf(index),
        Kind = _samples[index].Kind,
        Group = GroupOf(index),
    };

    // "bus_(vehicle)" is COCO's "bus".
    private static string Key(string name) => name.Replace('_', ' ').Split(" (")[0];
}
