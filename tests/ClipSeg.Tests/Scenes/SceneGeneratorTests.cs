using System.Security.Cryptography;
using ClipSeg.Numerics;
using ClipSeg.Scenes;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Scenes;

public sealed class SceneGeneratorTests
{
    private static readonly SceneOptions _plain = new() { Size = 64, MinScale = 0.18f, MaxScale = 0.7f, Worn = false };

    [Fact]
    public void Random_numbers_are_the_same_for_ever()
    {
        RandomStream random = new(RandomUse.ValidationScenes, seed: 2, index: 3);
        Assert.Equal([0x08E1EE966B56F596, 0x4152A2A6B79ACFD0], (ulong[])[random.NextBits(), random.NextBits()]);
        int[] counts = new int[5];
        for (int i = 0; i < 10_000; i++) counts[random.Next(5)]++;
        Assert.All(counts, c => Assert.InRange(c, 1800, 2200));
    }

    [Fact]
    public void Scene_is_the_same_for_the_same_split_seed_and_index()
    {
        Scene[] scenes = [.. ParallelEnumerable.Range(0, 4).Select(_ => Generator().Generate(SceneSplit.Test, 5, 77))];
        Assert.All(scenes, s => Assert.Equal(scenes[0].Picture.Pixels, s.Picture.Pixels));
        Assert.All(scenes, s => Assert.Equal(scenes[0].Labels, s.Labels));
        foreach (Scene other in (Scene[])[Generator().Generate(SceneSplit.Validation, 5, 77),
            Generator().Generate(SceneSplit.Test, 6, 77), Generator().Generate(SceneSplit.Test, 5, 78)])
        {
            Assert.NotEqual(scenes[0].Picture.Pixels, other.Picture.Pixels);
        }
    }

    [Fact]
    public void Scenes_never_change_from_release_to_release()
    {
        SceneGenerator generator = Generator(_plain);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < 64; i++)
        {
            Scene scene = generator.Generate(SceneSplit.Train, 1, i);
            hash.AppendData(scene.Picture.Pixels);
            hash.AppendData(scene.Labels);
        }
        Assert.Equal("6CA1BB6F41679627", Convert.ToHexString(hash.GetHashAndReset())[..16]);
    }

    [Theory]
    [InlineData(48, 1, 8)]
    [InlineData(128, 2, 5)]
    [InlineData(352, 8, 8)]
    public void Objects_are_measured_where_they_are_seen(int size, int min, int max)
    {
        SceneGenerator generator = Generator(new() { Size = size, MinObjects = min, MaxObjects = max });
        for (int i = 0; i < 40; i++)
        {
            Scene scene = generator.Generate(SceneSplit.Train, 9, i);
            Assert.Equal(size, scene.Picture.Width);
            Assert.InRange(scene.Objects.Count, 1, max);
            for (int k = 0; k < scene.Objects.Count; k++)
            {
                SceneObject item = scene.Objects[k];
                int[] seen = [.. Enumerable.Range(0, size * size).Where(p => scene.Labels[p] == k + 1)];
                Assert.Equal(seen.Length, item.Pixels);
                Assert.Equal((seen.Min(p => p % size), seen.Max(p => p % size)), (item.Left, item.Right));
                Assert.Equal((seen[0] / size, seen[^1] / size), (item.Top, item.Bottom));
                Assert.Equal(seen.Average(p => p / size), item.CentreY, 0.01);
                Assert.InRange(item.VisibleFraction, 0.349f, 1);
                Assert.Equal(item.Pixels, (int)scene.Mask(1u << k).Values.Sum());
            }
            Assert.True(scene.Labels.Max() <= scene.Objects.Count);
        }
    }

    [Fact]
    public void Single_object_fills_the_picture_as_its_disc_should()
    {
        SceneOptions large = SceneOptions.Single with { Size = 128, MinScale = 0.5f };
        Scene scene = Generator(large).Generate(SceneSplit.Train, 1, 1);
        SceneObject item = Assert.Single(scene.Objects);
        Assert.InRange(item.Right - item.Left + 1, 64 * 0.55f, 128);

        // A whole disc covers pi / 4 of its box, however it is turned.
        Scene whole = Enumerable.Range(0, 100).Select(i => Generator().Generate(SceneSplit.Train, 3, i))
            .First(s => s.Objects[0].VisibleFraction > 0.99f && s.Objects[0].Pixels > 400);
        SceneObject disc = whole.Objects[0];
        float box = (disc.Right - disc.Left + 1) * (disc.Bottom - disc.Top + 1);
        Assert.Equal(MathF.PI / 4, disc.Pixels / box, 0.05f);
    }

    [Theory]
    [InlineData(ConceptPool.Seen, false, true)]
    [InlineData(ConceptPool.HeldOut, true, false)]
    [InlineData(ConceptPool.Mixed, true, true)]
    [InlineData(ConceptPool.All, true, true)]
    internal void Pool_decides_which_concepts_appear(ConceptPool pool, bool heldOut, bool seen)
    {
        SceneGenerator generator = Generator(new() { Size = 32, Pool = pool });
        Concept[] shown = [.. Enumerable.Range(0, 200)
            .SelectMany(i => generator.Generate(SceneSplit.Train, 1, i).Objects).Select(o => o.Concept)];
        Assert.Equal((heldOut, seen), (shown.Any(c => c.HeldOut), shown.Any(c => !c.HeldOut)));
    }

    [Fact]
    public void Included_concept_is_there()
    {
        Concept star = TestArtwork.Concept("star");
        for (int i = 0; i < 20; i++)
            Assert.Contains(Generator().Generate(SceneSplit.Train, 1, i, star).Objects, o => o.Concept == star);
    }

    [Fact]
    public void Photographs_come_behind_half_of_the_scenes()
    {
        using TemporaryFolder folder = new();
        ClipSeg.Imaging.Image photo = new(700, 600);
        photo.Pixels.AsSpan().Fill(77);
        photo.Save(folder.At("photo.png"));
        SceneGenerator generator = Generator(_plain with { Size = 32, Photos = new(folder.Path) });
        int behind = Enumerable.Range(0, 100).Select(i => generator.Generate(SceneSplit.Train, 1, i))
            .Count(s => s.Picture.Pixels.Count(value => value == 77) > s.Picture.Pixels.Length / 4);
        Assert.InRange(behind, 35, 65);
        Assert.Throws<DataFormatException>(() => new PhotoFolder(folder.At("nowhere")));
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Generator(new() { Size = 8 }));
        Assert.Throws<ArgumentException>(() => Generator(new() { MinObjects = 3, MaxObjects = 2 }));
        Assert.Throws<ArgumentException>(() => Generator(new() { MaxObjects = 32 }));
        Assert.Throws<ArgumentException>(() => Generator(new() { MinScale = float.NaN }));
    }

    [Fact]
    public void Wear_changes_colours_and_never_what_is_where()
    {
        SceneGenerator plain = Generator(_plain), worn = Generator(_plain with { Worn = true });
        int changed = 0;
        for (int i = 0; i < 50; i++)
        {
            Scene before = plain.Generate(SceneSplit.Train, 2, i), after = worn.Generate(SceneSplit.Train, 2, i);
            Assert.Equal(before.Labels, after.Labels);
            Assert.Equal(before.Objects.Select(o => o.Pixels), after.Objects.Select(o => o.Pixels));
            if (!before.Picture.Pixels.AsSpan().SequenceEqual(after.Picture.Pixels)) changed++;
        }
        Assert.InRange(changed, 20, 49);
    }

    [Fact]
    public void Drawings_of_thin_lines_are_shown_large_so_that_no_scene_is_empty()
    {
        ClipSeg.Imaging.Image line = new(64, 64, new byte[64 * 64 * 3], new byte[64 * 64]);
        for (int i = 0; i < 64; i++) line.Alpha![i * 64 + i] = 255;
        EmojiCatalogue catalogue = new(ConceptTable.Parse(TestArtwork.Table), _ => [new(line, "thin")], _ => []);
        SceneGenerator generator = new(catalogue, new() { Size = 64, MinScale = 0.1f, MaxScale = 1, MaxObjects = 1 });
        for (int i = 0; i < 50; i++) Assert.Single(generator.Generate(SceneSplit.Train, 1, i).Objects);
    }

    private static SceneGenerator Generator(SceneOptions? options = null)
        => new(TestArtwork.Catalogue, options ?? new() { Size = 64 });
}
