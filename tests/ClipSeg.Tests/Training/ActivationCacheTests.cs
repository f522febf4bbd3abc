using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using ClipSeg.Scenes;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;
using ClipSeg.Tests.Training.Data;
using ClipSeg.Text;
using ClipSeg.Training;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Training;

public sealed class ActivationCacheTests : IDisposable
{
    private const int Pictures = 6, Epoch = 2;      // in steps of three

    private static readonly TrainRecipe _recipe = new()
    {
        Batch = 3,
        Part = 2,
        Steps = 8,
        Size = PictureFolder.Size,
        Crop = false,
        VisualPrompt = null,
        Width = 16,
        ValidationSamples = 6,
    };

    private readonly TemporaryFolder _folder = new();
    private readonly Checkpoint _mini = Checkpoint.Open(Fixtures.At("model", "mini"));

    public ActivationCacheTests() => PictureFolder.Write(_folder.Path, Pictures);

    public void Dispose()
    {
        _mini.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Training_with_a_cache_is_training_in_half_precision_of_the_activations()
    {
        using ActivationCache cache = Open("train");
        Trainer without = Trainer(Model(), null), with = Trainer(Model(), cache);
        for (int step = 0; step < _recipe.Steps; step++) Assert.Equal(without.Step(), with.Step(), 2e-3f);
        Assert.Equal(without.Validate(), with.Validate(), 0.02);
    }

    [Fact]
    public void Clip_is_not_run_in_the_second_epoch_nor_in_the_second_validation()
    {
        using ActivationCache cache = Open("train"), validation = Open("validation");
        ClipSegModel model = Model();
        Trainer trainer = Trainer(model, cache, validation);
        for (int step = 0; step < Epoch; step++) trainer.Step();
        double score = trainer.Validate();

        // From here on, whatever it says is not a number.
        Parameter patches = model.Weights.Parameters.Single(p => p.Name.EndsWith("patch_embedding.weight"));
        patches.Value.Data.Fill(float.NaN);
        patches.Changed();
        Assert.Equal(score, trainer.Validate());
        for (int step = 0; step < 2 * Epoch; step++) Assert.True(float.IsFinite(trainer.Step()));
        DivergedException e = Assert.Throws<DivergedException>(() => Trainer(model, null).Step());
        Assert.Matches("^Step 0: the loss is NaN: the weight '.*patch_embedding.weight' has the value NaN", e.Message);
    }

    [Fact]
    public void An_interrupted_run_leaves_a_cache_that_changes_nothing()
    {
        float[] losses;
        using (ActivationCache cache = Open("whole")) losses = Losses(cache);
        using (ActivationCache cache = Open("stopped")) Trainer(Model(), cache).Step();
        using (ActivationCache cache = Open("stopped")) Assert.Equal(losses, Losses(cache));
        using (ActivationCache cache = Open("stopped")) Assert.Equal(losses, Losses(cache));
    }

    [Fact]
    public void A_record_that_was_written_in_part_is_written_again()
    {
        float[] losses;
        using (ActivationCache cache = Open("train")) losses = Losses(cache);
        byte[] file = File.ReadAllBytes(PathOf("train"));
        int header = (int)(file.Length - Pictures * RecordBytes);
        for (int picture = 0; picture < Pictures; picture++) file[header + picture * RecordBytes + 1000] ^= 1;
        File.WriteAllBytes(PathOf("train"), file);
        using (ActivationCache cache = Open("train")) Assert.Equal(losses, Losses(cache));
        file[header + 1000] ^= 1;
        Assert.Equal(file[header + 1000], File.ReadAllBytes(PathOf("train"))[header + 1000]);
    }

    [Fact]
    public void A_file_that_is_no_cache_or_cut_off_is_refused_by_name()
    {
        File.WriteAllText(PathOf("train"), "image,mask,phrase\n");
        AssertRefused("is no activation cache", _recipe);
        File.WriteAllText(PathOf("train"), "");
        AssertRefused("is no activation cache", _recipe);
        File.Delete(PathOf("train"));
        Open("train").Dispose();
        using (FileStream file = File.OpenWrite(PathOf("train"))) file.SetLength(file.Length - 1);
        AssertRefused("bytes, expected", _recipe);
        using (FileStream file = File.OpenWrite(PathOf("train"))) file.SetLength(30);
        AssertRefused("was made for other", _recipe);
    }

    [Fact]
    public void A_cache_of_something_else_is_refused_by_name()
    {
        Open("train").Dispose();
        AssertRefused("other size than this run (size 96)", _recipe with { Size = 96 });
        ClipSegModel model = Model();
        Parameter patches = model.Weights.Parameters.Single(p => p.Name.EndsWith("patch_embedding.weight"));
        patches.Value.Data[0]++;
        AssertRefused("other model", _recipe, model);
        AssertRefused("other layers than this run (layers 0)", _recipe with { Layers = [0] });
        File.SetLastWriteTimeUtc(_folder.At("picture3.png"), new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        AssertRefused("other pictures", _recipe);
    }

    [Fact]
    public void Pictures_that_are_new_every_time_are_not_kept()
    {
        SceneData scenes = new(new SceneGenerator(TestArtwork.Catalogue, new() { Size = 48 }), SceneSplit.Train, 1, 4);
        Assert.Contains("drawn", Assert.Throws<RecipeException>(
            () => new ActivationCache(PathOf("x"), Model(), new(), scenes, _recipe)).Message);
        Assert.Contains("crop", Assert.Throws<RecipeException>(
            () => new ActivationCache(PathOf("x"), Model(), new(), Data(), _recipe with { Crop = true })).Message);
        Assert.False(File.Exists(PathOf("x")));
    }

    /// <summary>A digest and float16 [3, 37, 64].</summary>
    private static int RecordBytes => 32 + 3 * 37 * 64 * 2;

    private string PathOf(string name) => _folder.At($"{name}.activations");

    private MaskFolder Data() => new(_folder.Path);

    private ClipSegModel Model(TrainRecipe? recipe = null)
        => new(new Weights(_mini.Tensors, trainable: Part.Decoder, fresh: Part.Decoder, seed: 1),
            (recipe ?? _recipe).Decoder(_mini.Config));

    private ActivationCache Open(string name) => new(PathOf(name), Model(), new(), Data(), _recipe);

    private Trainer Trainer(ClipSegModel model, ActivationCache? cache, ActivationCache? validation = null)
        => new(model, BpeVocabulary.Load(Fixtures.At("model", "mini")), new(), Data(), Data(), _recipe)
        {
            Cache = cache,
            ValidationCache = validation,
        };

    private float[] Losses(ActivationCache cache)
    {
        Trainer trainer = Trainer(Model(), cache);
        return [.. Enumerable.Range(0, 4).Select(_ => trainer.Step())];
    }

    private void AssertRefused(string expected, TrainRecipe recipe, ClipSegModel? model = null)
    {
        CheckpointException e = Assert.Throws<CheckpointException>(
            () => new ActivationCache(PathOf("train"), model ?? Model(recipe), new(), Data(), recipe));
        Assert.StartsWith($"'{PathOf("train")}' ", e.Message);
        Assert.Contains(expected, e.Message);
    }
}
