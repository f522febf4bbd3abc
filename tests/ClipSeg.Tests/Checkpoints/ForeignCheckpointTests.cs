using System.Text.Json.Nodes;
using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Numerics;
using ClipSeg.Text;

namespace ClipSeg.Tests.Checkpoints;

/// <summary>Models as other people's programs save them.</summary>
public sealed class ForeignCheckpointTests : IDisposable
{
    private static readonly string _mini = Fixtures.At("model", "mini");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", "model.")]
    [InlineData("", "net.")]
    [InlineData("", "clipseg.")]
    [InlineData("", "_fsdp_wrapped_module.")]
    [InlineData("", "learner.student.module.")]
    [InlineData("decoder.", "decoder._orig_mod.")]
    [InlineData("decoder.", "decoder.module.")]
    [InlineData("clip.vision_model.encoder.layers.", "clip.vision_model.encoder.layers._checkpoint_wrapped_module.")]
    [InlineData("clip.", "model.clip.")]
    [InlineData("decoder.", "head.decoder.")]
    public void Wrappers_in_names_are_seen_through(string before, string after)
        => AssertOpensAsMini(name => name.StartsWith(before, StringComparison.Ordinal)
            ? after + name[before.Length..] : name);

    [Fact]
    public void Tensors_beside_the_network_are_left_out()
        => AssertOpensAsMini(name => "model." + name, Value("criterion.pos_weight"), Value("steps"));

    [Fact]
    public void A_second_copy_is_left_out()
    {
        using SafeTensorsFile mini = Open();
        AssertOpensAsMini(
            name => "model." + name, [.. mini.Tensors.Values.Take(50).Select(t => Ones(t, "ema." + t.Name))]);
    }

    [Fact]
    public void A_tensor_of_the_network_that_nobody_knows_stays_for_the_strict_reader()
    {
        Save(name => name, Value("extra.weight"));
        using Checkpoint checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Contains("extra.weight", checkpoint.Tensors.Keys);
    }

    [Fact]
    public void Names_of_another_network_are_shown()
    {
        CopyFiles();
        SafeTensorsWriter.Write(_folder.At("model.safetensors"), [Value("a.weight"), Value("b.bias"), Value("c")]);
        CheckpointException e = Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.Path));
        Assert.Contains("none of its 3 tensors has a name of its decoder.", e.Message);
        Assert.EndsWith("There are 'a.weight' and 'b.bias'.", e.Message);
    }

    [Theory]
    [InlineData("clip.", "its decoder")]
    [InlineData("decoder.", "its CLIP")]
    public void Half_of_the_network_is_refused(string half, string missing)
    {
        CopyFiles();
        using SafeTensorsFile mini = Open();
        SafeTensorsWriter.Write(_folder.At("model.safetensors"),
            mini.Tensors.Values.Where(t => t.Name.StartsWith(half, StringComparison.Ordinal)));
        CheckpointException e = Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.Path));
        Assert.Contains($"a name of {missing}. There are '{half}", e.Message);
    }

    [Fact]
    public void Tensors_that_were_one_in_memory_are_found_by_both_names()
    {
        const string Kept = "clip.vision_model.pre_layrnorm.bias", Alias = "clip.vision_model.post_layernorm.bias";
        CopyFiles();
        using SafeTensorsFile mini = Open();
        SafeTensorsWriter.Write(_folder.At("model.safetensors"), mini.Tensors.Values.Where(t => t.Name != Alias),
            new Dictionary<string, string> { ["format"] = "pt", [Alias] = Kept });

        using Checkpoint checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Equal(mini.Tensors[Kept].ToTensor().Data, checkpoint.Tensors[Alias].ToTensor().Data);
    }

    [Theory]
    [InlineData(float.NaN, 0)]
    [InlineData(float.PositiveInfinity, 3)]
    [InlineData(float.NegativeInfinity, 17)]
    public void Weights_that_are_no_numbers_are_named_when_they_are_read(float value, int index)
    {
        const string Name = "decoder.film_mul.weight";
        CopyFiles();
        using SafeTensorsFile mini = Open();
        Tensor weights = mini.Tensors[Name].ToTensor();
        weights.Data[index] = value;
        SafeTensorsWriter.Write(_folder.At("model.safetensors"),
            mini.Tensors.Values.Where(t => t.Name != Name).Append(StoredTensor.Of(Name, weights)));

        using Checkpoint checkpoint = Checkpoint.Open(_folder.Path);
        CheckpointException e = Assert.Throws<CheckpointException>(() => checkpoint.Tensors[Name].ToTensor());
        Assert.Contains($"tensor '{Name}' holds NaN or infinity", e.Message);
    }

    [Fact]
    public void Preprocessing_is_found_in_the_processor_of_transformers_5()
    {
        CopyFiles();
        Copy("model.safetensors");
        JsonNode own = JsonNode.Parse(File.ReadAllText(_folder.At("preprocessor_config.json")))!;
        File.Delete(_folder.At("preprocessor_config.json"));
        File.WriteAllText(_folder.At("processor_config.json"),
            new JsonObject { ["processor_class"] = "CLIPSegProcessor", ["image_processor"] = own }.ToJsonString());

        using Checkpoint expected = Checkpoint.Open(_mini), actual = Checkpoint.Open(_folder.Path);
        Assert.Equal(expected.Preprocessing.Mean, actual.Preprocessing.Mean);
        Assert.Equal((48, 48), (actual.Preprocessing.Width, actual.Preprocessing.Height));
        Assert.False(actual.PreprocessingIsDefault);
        Assert.Empty(actual.Notes);

        File.WriteAllText(_folder.At("processor_config.json"), """{"image_processor": {"size": "large"}}""");
        CheckpointException e = Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.Path));
        Assert.Contains("processor_config.json: 'image_processor': 'size' is \"large\"", e.Message);
    }

    [Fact]
    public void Preprocessing_that_no_file_says_is_noted()
    {
        CopyFiles();
        Copy("model.safetensors");
        File.Delete(_folder.At("preprocessor_config.json"));
        using Checkpoint checkpoint = Checkpoint.Open(_folder.Path);
        Assert.True(checkpoint.PreprocessingIsDefault);
        Assert.Contains("pictures are read at 352 x 352", Assert.Single(checkpoint.Notes));
    }

    [Theory]
    [InlineData("text_config")]
    [InlineData("vision_config")]
    public void Another_activation_is_refused_by_its_name(string tower)
    {
        CopyFiles();
        Copy("model.safetensors");
        JsonNode config = JsonNode.Parse(File.ReadAllText(_folder.At("config.json")))!;
        config[tower]!["hidden_act"] = "gelu";
        File.WriteAllText(_folder.At("config.json"), config.ToJsonString());
        CheckpointException e = Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.Path));
        Assert.Contains($"'{tower}.hidden_act' is gelu, expected quick_gelu", e.Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Vocabulary_is_found_in_the_tokenizer_of_transformers_5(bool pairs)
    {
        Copy("model.safetensors");
        Copy("config.json");
        Copy("tokenizer_config.json");
        BpeVocabulary expected = BpeVocabulary.Load(_mini);
        JsonObject vocabulary = [];
        for (int id = 0; id < expected.Symbols.Count - 2; id++) vocabulary[expected.Symbols[id]] = id;
        JsonArray merges = [.. expected.Merges.Select(m
            => pairs ? (JsonNode)new JsonArray(m.Left, m.Right) : JsonValue.Create($"{m.Left} {m.Right}"))];
        JsonArray added = [.. Enumerable.Range(expected.Symbols.Count - 2, 2).Select(
            id => new JsonObject { ["id"] = id, ["content"] = expected.Symbols[id] })];
        File.WriteAllText(_folder.At("tokenizer.json"), new JsonObject
        {
            ["added_tokens"] = added,
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = merges },
        }.ToJsonString());

        using Checkpoint checkpoint = Checkpoint.Open(_folder.Path);
        BpeVocabulary actual = ModelFiles.ReadVocabulary(checkpoint, new());
        Assert.Equal(expected.Symbols, actual.Symbols);
        Assert.Equal(expected.Merges, actual.Merges);
        Assert.Equal(expected.MaxLength, actual.MaxLength);
    }

    [Theory]
    [InlineData("""{}""", "has no object 'model'")]
    [InlineData("""{"model":{"type":"WordPiece"}}""", "of type WordPiece, expected BPE")]
    [InlineData("""{"model":{"vocab":{"a":0}}}""", "has no array 'merges'")]
    [InlineData("""{"model":{"vocab":{"a":0},"merges":[["a"]]}}""", "merge 0 is [\"a\"], expected two symbols")]
    [InlineData("""{"model":{"vocab":{"a":0},"merges":["a b c"]}}""", "merge 0 is \"a b c\"")]
    [InlineData("""{"model":{"vocab":{"a":0},"merges":[7]}}""", "merge 0 is 7")]
    [InlineData("""{"model":{"vocab":{"a":0},"merges":[]}}""", "has no symbol '!'")]
    [InlineData("""{"added_tokens":[{"id":7,"content":"x"}],"model":{"vocab":{"a":0}}}""", "'x' has id 7")]
    [InlineData("""{"added_tokens":[{"id":0}],"model":{"vocab":{"a":0}}}""", "no 'id' and 'content'")]
    public void Tokenizer_that_is_none_says_why(string json, string expected)
    {
        File.WriteAllText(_folder.At("tokenizer.json"), json);
        TokenizerException e = Assert.Throws<TokenizerException>(
            () => BpeVocabulary.FromTokenizer(_folder.At("tokenizer.json")));
        Assert.Contains(expected, e.Message);
        Assert.Contains("tokenizer.json", e.Message);
    }

    private static StoredTensor Value(string name) => StoredTensor.Of(name, new([1], 1));

    private static StoredTensor Ones(StoredTensor like, string name)
    {
        Tensor ones = Tensor.Zeros(like.Shape);
        ones.Data.Fill(1);
        return StoredTensor.Of(name, ones);
    }

    private static SafeTensorsFile Open() => SafeTensorsFile.Open(Path.Combine(_mini, "model.safetensors"));

    private void AssertOpensAsMini(Func<string, string> rename, params StoredTensor[] others)
    {
        Save(rename, others);
        using Checkpoint expected = Checkpoint.Open(_mini), actual = Checkpoint.Open(_folder.Path);
        Assert.Equal(expected.Tensors.Keys.Order(), actual.Tensors.Keys.Order());
        Assert.All(expected.Tensors, pair
            => Assert.Equal(pair.Value.ToTensor().Data, actual.Tensors[pair.Key].ToTensor().Data));
    }

    private void Save(Func<string, string> rename, params StoredTensor[] others)
    {
        CopyFiles();
        using SafeTensorsFile mini = Open();
        SafeTensorsWriter.Write(_folder.At("model.safetensors"),
            mini.Tensors.Values.Select(t => t.Renamed(rename(t.Name))).Concat(others));
    }

    private void CopyFiles()
    {
        foreach (string name in (string[])["config.json", "preprocessor_config.json"]) Copy(name);
    }

    private void Copy(string name) => File.Copy(Path.Combine(_mini, name), _folder.At(name));
}
