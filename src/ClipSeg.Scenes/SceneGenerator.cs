using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Scenes.Artwork;

namespace ClipSeg.Scenes;

/// <summary>
/// Draws scenes. The same split, seed and index give the same scene everywhere; several threads may draw at once.
/// </summary>
internal sealed class SceneGenerator
{
    private const float MinVisible = 0.35f;
    private const float MinInside = 0.6f;           // of an object, when it is placed
    private const int Tries = 6;
    private const float RepeatShare = 0.25f;        // of objects that repeat an earlier one's concept: "the small star"
    private const float KinShare = 0.15f;           // of objects from an earlier one's group: "animals"
    private const float ShadowedShare = 0.4f;       // of scenes: the light is the same for all objects

    private readonly SceneOptions _options;
    private readonly Concept[] _seen, _heldOut;
    private readonly ILookup<string, Concept> _byGroup;

    /// <exception cref="ArgumentException">The options are out of range, or the pool has no concept.</exception>
    public SceneGenerator(EmojiCatalogue catalogue, SceneOptions options)
    {
        options.Check();
        (Catalogue, _options) = (catalogue, options);
        _seen = [.. catalogue.Concepts.Where(c => !c.HeldOut)];
        _heldOut = [.. catalogue.Concepts.Where(c => c.HeldOut)];
        _byGroup = catalogue.Concepts.Where(IsInPool).ToLookup(c => c.Group);
        if (_byGroup.Count == 0)
            throw new ArgumentException($"The catalogue has no concept for the pool {options.Pool}.");
    }

    public EmojiCatalogue Catalogue { get; }

    public SceneOptions Options => _options;

    /// <summary>The scene of this split, seed and index.</summary>
    public Scene Generate(SceneSplit split, int seed, long index) => Generate(split, seed, index, include: null);

    /// <summary>As the other, with one object of this concept for certain.</summary>
    public Scene Generate(SceneSplit split, int seed, long index, Concept? include)
    {
        RandomStream random = new(RandomUse.TrainScenes + (int)split, seed, index);
        int count = _options.MinObjects + random.Next(_options.MaxObjects - _options.MinObjects + 1);
        Image picture = new(_options.Size, _options.Size);
        SceneBackground.Paint(picture, _options.Photos ?? Catalogue.Photos, ref random);

        RandomStream wear = new(RandomUse.TrainSceneWear + (int)split, seed, index);
        Shadow? shadow = _options.Worn && wear.Chance(ShadowedShare) ? Shadow.Next(ref wear) : null;
        Canvas canvas = new(picture);
        List<Placed> placed = [];
        for (int i = 0; i < count; i++)
        {
            Concept concept = i == 0 && include is not null ? include : Choose(placed, ref random);
            Sprite sprite = concept.Sprites[random.Next(concept.Sprites.Count)];
            Place(canvas, concept, sprite, count, placed, shadow, ref random);
        }
        while (placed.Count == 0)
            PlaceLarge(canvas, Choose(placed, ref random), shadow, placed, ref random);
        SceneObject[] objects = canvas.Measure(placed);
        if (_options.Worn) SceneWear.Apply(picture, ref wear);
        return new(Catalogue, _options.Pool, picture, canvas.Labels, objects);
    }

    private bool IsInPool(Concept concept) => _options.Pool switch
    {
        ConceptPool.Seen => !concept.HeldOut,
        ConceptPool.HeldOut => concept.HeldOut,
        _ => true,
    };

    private Concept Choose(List<Placed> placed, ref RandomStream random)
    {
        float u = random.NextFloat();
        if (placed.Count > 0 && u < RepeatShare + KinShare)
        {
            Concept earlier = placed[random.Next(placed.Count)].Concept;
            if (u < RepeatShare) return earlier;
            Concept[] kin = [.. _byGroup[earlier.Group]];
            return kin.Length > 0 ? kin[random.Next(kin.Length)] : earlier;
        }
        ReadOnlySpan<Concept> pool = _options.Pool switch
        {
            ConceptPool.Seen => _seen,
            ConceptPool.HeldOut => _heldOut,
            ConceptPool.Mixed => random.Chance(0.5f) && _heldOut.Length > 0 ? _heldOut : _seen,
            _ => [],
        };
        return pool.IsEmpty ? Catalogue.Concepts[random.Next(Catalogue.Concepts.Count)] : random.Pick(pool);
    }

    private void Place(Canvas canvas, Concept concept, Sprite sprite, int count, List<Placed> placed,
        Shadow? shadow, ref RandomStream random)
    {
        int size = _options.Size;
        float most = MathF.Max(_options.MinScale, MathF.Min(_options.MaxScale, 1.3f / MathF.Sqrt(count)));
        Tint tint = Tint.Next(ref random);
        for (int attempt = 0; attempt < Tries; attempt++)
        {
            // Every failure makes the next try smaller; the first object is centred in the end, so no scene is empty.
            bool last = placed.Count == 0 && attempt == Tries - 1;
            float scale = LogUniform(_options.MinScale, most, ref random);
            most = MathF.Max(_options.MinScale, most * 0.85f);
            float margin = last ? 0.5f : MathF.Min(0.5f, 0.35f * scale);
            Pose pose = Pose.Next(sprite, scale * size, random.Between(margin, 1 - margin) * size,
                random.Between(margin, 1 - margin) * size, ref random);

            using Stamp stamp = new(sprite, pose, size);
            float total = sprite.SolidFraction * sprite.Width * sprite.Height * pose.Scale * pose.Scale;
            if (stamp.Solid < 1 || (!last && stamp.Solid < MinInside * total)) continue;
            if (!LeavesOthersVisible(canvas, stamp, placed)) continue;

            if (shadow is not null) canvas.Darken(sprite, pose, shadow);
            canvas.Draw(stamp, (byte)(placed.Count + 1), tint);
            placed.Add(new(concept, sprite, Math.Max(total, stamp.Solid)) { Pixels = stamp.Solid });
            return;
        }
    }

    /// <summary>In the middle, as large as may be: drawings of thin lines vanish when they are small.</summary>
    private void PlaceLarge(
        Canvas canvas, Concept concept, Shadow? shadow, List<Placed> placed, ref RandomStream random)
    {
        Sprite sprite = concept.Sprites[random.Next(concept.Sprites.Count)];
        float middle = _options.Size / 2f;
        Pose pose = Pose.Next(sprite, _options.MaxScale * _options.Size, middle, middle, ref random);
        using Stamp stamp = new(sprite, pose, _options.Size);
        if (stamp.Solid < 1) return;
        if (shadow is not null) canvas.Darken(sprite, pose, shadow);
        canvas.Draw(stamp, label: 1, Tint.Next(ref random));
        placed.Add(new(concept, sprite, stamp.Solid) { Pixels = stamp.Solid });
    }

    private static bool LeavesOthersVisible(Canvas canvas, Stamp stamp, List<Placed> placed)
    {
        Span<int> covered = stackalloc int[placed.Count + 1];
        canvas.CountCovered(stamp, covered);
        for (int i = 0; i < placed.Count; i++)
            if (covered[i + 1] > 0 && placed[i].Pixels - covered[i + 1] < MinVisible * placed[i].Total) return false;
        for (int i = 0; i < placed.Count; i++) placed[i].Pixels -= covered[i + 1];
        return true;
    }

    // Density 1/x by rejection: only divisions, which every platform rounds alike, unlike MathF.Pow.
    private static float LogUniform(float low, float high, ref RandomStream random)
    {
        while (true)
        {
            float x = random.Between(low, high);
            if (random.NextFloat() * x <= low) return x;
        }
    }
}

/// <summary>An object that stands in the scene already.</summary>
internal sealed record Placed(Concept Concept, Sprite Sprite, float Total)
{
    /// <summary>Seen pixels so far.</summary>
    public int Pixels { get; set; }
}
