using System.Text.Json;
using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Tests.Formats;
using ClipSeg.Tests.Scenes;

namespace ClipSeg.Tests.Checkpoints;

public sealed class CheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("mini", StoredType.Float32)]
    [InlineData("mini-refined", StoredType.Float16)]
    internal void Checkpoint_opens_a_hugging_face_folder(string name, StoredType type)
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixtures.At("model", name));

        Assert.Equal("Hugging Face folder (safetensors)", checkpoint.Kind);
        Assert.False(checkpoint.ConfigIsInferred);
        Assert.Equal(40, checkpoint.Config.EmbeddingWidth);
        Assert.Equal(48, checkpoint.Preprocessing.Height);
        Assert.Empty(checkpoint.Notes);
        Assert.All(checkpoint.Tensors, pair => Assert.Equal((pair.Key, type), (pair.Value.Name, pair.Value.Type)));
        Assert.DoesNotContain(checkpoint.Tensors.Keys, key => key.EndsWith("position_ids"));
        Assert.Equal(Fixtures.At("model", name, "vocab.json"), checkpoint.File("vocab.json"));
        Assert.Null(checkpoint.File("README.md"));
        Assert.Throws<ArgumentException>(() => checkpoint.File("../mini/vocab.json"));
    }

    [Fact]
    public void Checkpoint_opens_the_weights_of_a_folder_by_their_own_path()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixtures.At("model", "mini", "model.safetensors"));
        Assert.Equal("Hugging Face file (safetensors)", checkpoint.Kind);
        Assert.Equal(16, checkpoint.Config.ReduceWidth);
    }

    [Fact]
    public void Checkpoint_opens_a_hugging_face_folder_with_pytorch_weights()
    {
        Copy("model/mini/config.json", "config.json");
        byte[] pickle = Pickle.Of(p => p.EmptyDict().Mark()
            .Text("clip.logit_scale").Then(Pickle.Tensor("FloatStorage", "0", 1, 0, [], []))
            .Text("decoder.film_mul.bias").Then(Pickle.Tensor("FloatStorage", "0", 1, 0, [1], [1])).SetItems());
        TorchZip.Write(_folder.At("pytorch_model.bin"), pickle, BitConverter.GetBytes(2.5f));

        using Checkpoint checkpoint = Checkpoint.Open(_folder.Path);

        Assert.Equal("Hugging Face folder (PyTorch)", checkpoint.Kind);
        Assert.True(checkpoint.PreprocessingIsDefault);
        Assert.Contains("has neither preprocessor_config.json nor", Assert.Single(checkpoint.Notes));
        Assert.Equal(2.5f, checkpoint.Tensors["clip.logit_scale"].ToTensor().Scalar);
    }

    [Fact]
    public void Checkpoint_opens_a_divided_model()
    {
        Copy("model/mini/config.json", "config.json");
        using SafeTensorsFile whole = SafeTensorsFile.Open(Fixtures.At("model", "mini", "model.safetensors"));
        foreach (string part in (string[])["clip", "decoder"])
        {
            SafeTensorsWriter.Write(_folder.At($"{part}.safetensors"),
                whole.Tensors.Values.Where(t => t.Name.StartsWith(part)));
        }
        File.WriteAllText(_folder.At("model.safetensors.index.json"), "{\"weight_map\":{"
            + string.Join(',', whole.Tensors.Keys.Select(k => $"\"{k}\":\"{k.Split('.')[0]}.safetensors\"")) + "}}");

        using Checkpoint checkpoint = Checkpoint.Open(_folder.Path);

        Assert.Equal("Hugging Face folder (safetensors, 2 parts)", checkpoint.Kind);
        AssertSame(whole.Tensors, checkpoint.Tensors);
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"../x.safetensors"}}""", "names no file for tensor 'a'")]
    [InlineData("""{"weight_map":{"a":1}}""", "names no file for tensor 'a'")]
    [InlineData("""{"weight_map":[]}""", "has no 'weight_map'")]
    [InlineData("""{"weight_map":{"a":"part"}}""", "expects tensor 'a' in 'part'")]
    [InlineData("""{"weight_map":{"a":"missing"}}""", "missing' cannot be opened")]
    public void Checkpoint_refuses_an_index_that_lies(string index, string expected)
    {
        SafeTensorsWriter.Write(_folder.At("part"), []);
        File.WriteAllText(_folder.At("model.safetensors.index.json"), index);
        AssertRefused(_folder.Path, expected);
    }

    [Theory]
    [InlineData("rd64-uni.pth", "rd64-uni", 0f)]
    [InlineData("rd64-uni-refined.pth", "rd64-uni-refined", 0f)]
    [InlineData("rd64-uni-fp16.pth", "rd64-uni", 1f)]
    public void Official_decoder_gets_hugging_face_names_and_every_value(string file, string root, float half)
    {
        using PyTorchFile source = PyTorchFile.Open(Fixtures.At("official", file));
        Dictionary<string, StoredTensor> tensors = KeyMap.ToHuggingFace(source.Tensors, file);

        Assert.Equal(root == "rd64-uni" ? 60 : 64, tensors.Count);
        foreach ((string name, StoredTensor tensor) in tensors)
        {
            float[] expected = WeightFormula.Decoder(name, tensor.Shape);
            if (half == 1) expected = Array.ConvertAll(expected, x => (float)(Half)x);
            Assert.Equal(expected, tensor.ToTensor().Data);
        }
    }

    [Fact]
    public void Openai_clip_gets_hugging_face_names_split_and_transposed()
    {
        using SafeTensorsFile expected = SafeTensorsFile.Open(ClipMiniExpected);
        using PyTorchFile source = PyTorchFile.Open(Fixtures.At("official", "clip-mini.pt"));
        Dictionary<string, StoredTensor> tensors = KeyMap.ToHuggingFace(source.Tensors, "clip-mini.pt");

        float[] stacked = expected.Tensors["transformer.resblocks.1.attn.in_proj_weight"].ToTensor().Data.ToArray();
        string[] parts = ["q", "k", "v"];
        for (int i = 0; i < 3; i++)
        {
            StoredTensor part = tensors[$"clip.text_model.encoder.layers.1.self_attn.{parts[i]}_proj.weight"];
            Assert.Equal([48, 48], part.Shape);
            Assert.Equal(stacked[(i * 48 * 48)..((i + 1) * 48 * 48)], part.ToTensor().Data);
        }
        StoredTensor projection = tensors["clip.visual_projection.weight"];
        Assert.Equal([40, 64], projection.Shape);
        float[] x = expected.Tensors["visual.proj"].ToTensor().Data.ToArray();
        float[] y = projection.ToTensor().Data.ToArray();
        for (int i = 0; i < y.Length; i++) Assert.Equal(x[i % 64 * 40 + i / 64], y[i]);
        float[] tail = new float[100];
        projection.Read(y.Length - 100, tail);
        Assert.Equal(y[^100..], tail);
        Assert.All(tensors.Keys, key => Assert.StartsWith("clip.", key));
    }

    [Fact]
    public void Official_decoder_takes_clip_from_beside_it_and_infers_the_config()
    {
        using SafeTensorsFile clip = SafeTensorsFile.Open(ClipMiniExpected);
        WriteMiniDecoder(_folder.At("decoder.pth"));
        Copy("official/clip-mini.pt", "ViT-B-16.pt");

        CheckpointOptions options = Options with { TextHeads = 4, ExtractLayers = [1, 2, 4] };
        using Checkpoint checkpoint = Checkpoint.Open(_folder.At("decoder.pth"), options);

        Assert.Equal("official decoder (safetensors) with CLIP (TorchScript)", checkpoint.Kind);
        Assert.True(checkpoint.ConfigIsInferred);
        AssertConfig(checkpoint.Config, """
            {"model_type":"clipseg","projection_dim":40,"extract_layers":[1,2,4],"reduce_dim":8,
            "decoder_num_attention_heads":4,"decoder_intermediate_size":12,"conditional_layer":0,
            "use_complex_transposed_convolution":false,
            "text_config":{"vocab_size":620,"max_position_embeddings":32,"hidden_size":48,"num_hidden_layers":3,
            "num_attention_heads":4,"intermediate_size":192,"hidden_act":"quick_gelu","layer_norm_eps":1E-05,
            "eos_token_id":2},
            "vision_config":{"patch_size":8,"image_size":48,"hidden_size":64,"num_hidden_layers":5,
            "num_attention_heads":1,"intermediate_size":256,"hidden_act":"quick_gelu","layer_norm_eps":1E-05}}
            """);
        Assert.Equal(clip.Tensors["visual.conv1.weight"].ToTensor().Data,
            checkpoint.Tensors["clip.vision_model.embeddings.patch_embedding.weight"].ToTensor().Data);
        Assert.Contains("decoder.layers.2.self_attn.v_proj.bias", checkpoint.Tensors.Keys);
        Assert.DoesNotContain(checkpoint.Tensors.Keys, key => key.StartsWith("reduce"));
    }

    [Fact]
    public void Official_decoder_finds_clip_in_the_cache_or_where_it_is_told()
    {
        WriteMiniDecoder(_folder.At("decoder.pth"));
        Directory.CreateDirectory(_folder.At("cache"));
        Copy("official/clip-mini.pt", "cache/ViT-B-16.pt");

        CheckpointOptions options = Options with { ExtractLayers = [1, 2, 4] };
        using (Checkpoint cached = Checkpoint.Open(_folder.At("decoder.pth"), options))
            Assert.Equal(5, cached.Config.Vision.Layers);

        CheckpointOptions told = new() { ClipFile = ClipMiniExpected, ExtractLayers = [1, 2, 4] };
        using Checkpoint checkpoint = Checkpoint.Open(_folder.At("decoder.pth"), told);
        Assert.EndsWith("with CLIP (safetensors)", checkpoint.Kind);
    }

    [Fact]
    public void Official_decoder_without_clip_says_where_to_get_it()
        => AssertRefused(Fixtures.At("official", "rd64-uni.pth"), "the decoder only. Download its CLIP from https://");

    [Fact]
    public void Official_decoder_of_another_clip_is_refused()
    {
        CheckpointOptions options = new() { ClipFile = Fixtures.At("official", "clip-mini.pt") };
        CheckpointException e = Assert.Throws<CheckpointException>(
            () => Checkpoint.Open(Fixtures.At("official", "rd64-uni.pth"), options));
        Assert.Contains("is for 768 channels, CLIP's vision width is 64", e.Message);
    }

    [Fact]
    public void Clip_alone_is_no_model()
        => AssertRefused(Fixtures.At("official", "clip-mini.pt"), "without CLIPSeg's decoder");

    [Theory]
    [InlineData("clipseg.text_model.x", "clip.text_model.x")]
    [InlineData("vision_model.pre_layrnorm.bias", "clip.vision_model.pre_layrnorm.bias")]
    [InlineData("logit_scale", "clip.logit_scale")]
    [InlineData("text_projection.weight", "clip.text_projection.weight")]
    [InlineData("clip_model.ln_final.bias", "clip.text_model.final_layer_norm.bias")]
    [InlineData("clip_model.visual.ln_pre.weight", "clip.vision_model.pre_layrnorm.weight")]
    [InlineData("visual.transformer.resblocks.11.mlp.c_proj.bias", "clip.vision_model.encoder.layers.11.mlp.fc2.bias")]
    [InlineData("blocks.0.self_attn.out_proj.bias", "decoder.layers.0.self_attn.out_proj.bias")]
    [InlineData("module.model.blocks.0.norm2.bias", "decoder.layers.0.layer_norm2.bias")]
    [InlineData("decoder.layers.0.self_attn.q_proj.bias", "decoder.layers.0.self_attn.q_proj.bias")]
    [InlineData("trans_conv.4.weight", "decoder.transposed_convolution.4.weight")]
    [InlineData("something.else", "something.else")]
    [InlineData("clip.text_model.embeddings.position_ids", null)]
    [InlineData("decoder.reduce.bias", null)]
    [InlineData("context_length", null)]
    public void Names_become_hugging_face_names(string name, string? expected)
    {
        Dictionary<string, StoredTensor> tensors = new() { [name] = Vector(name) };
        Assert.Equal(expected is null ? [] : [expected], KeyMap.ToHuggingFace(tensors, "x").Keys);
    }

    [Fact]
    public void Second_copy_of_the_vision_tower_is_dropped()
    {
        string[] names = ["model.conv1.weight", "clip_model.visual.conv1.weight", "reduce.weight"];
        Dictionary<string, StoredTensor> mapped = KeyMap.ToHuggingFace(names.ToDictionary(n => n, Vector), "x");
        Assert.Equal(["clip.vision_model.embeddings.patch_embedding.weight"], mapped.Keys);
    }

    [Theory]
    [InlineData("clip.logit_scale", "logit_scale")]
    [InlineData("visual.proj", "film_mul.bias")]
    [InlineData("blocks.0.self_attn.in_proj_bias", "film_mul.bias")]
    public void Names_that_collide_and_shapes_that_cannot_be_converted_are_refused(string first, string second)
    {
        Dictionary<string, StoredTensor> tensors = new() { [first] = Vector(first), [second] = Vector(second) };
        CheckpointException e = Assert.Throws<CheckpointException>(() => KeyMap.ToHuggingFace(tensors, "some.pth"));
        Assert.StartsWith("File 'some.pth': tensor '", e.Message);
    }

    [Theory]
    [InlineData("{\"a\":\n  nonsense}", "config.json' is not JSON: line 2, byte 4")]
    [InlineData("[]", "config.json' holds a JSON Array, expected an object")]
    [InlineData("{\"a\":1,\"a\":2}", "config.json' is not JSON")]
    [InlineData("", "config.json' is not JSON")]
    [InlineData(null, "has no config.json")]
    public void Config_that_is_no_object_is_refused(string? config, string expected)
    {
        Copy("model/mini/model.safetensors", "model.safetensors");
        if (config is not null) File.WriteAllText(_folder.At("config.json"), config);
        AssertRefused(_folder.Path, expected);
    }

    [Theory]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "is a Git LFS pointer")]
    [InlineData("\n<!DOCTYPE html><html>", "is a web page")]
    [InlineData("hello", "is no PyTorch file")]
    [InlineData("", "is empty")]
    public void File_of_another_kind_is_named_as_what_it_is(string content, string expected)
    {
        File.WriteAllText(_folder.At("model.safetensors"), content);
        AssertRefused(_folder.At("model.safetensors"), expected);
    }

    [Fact]
    public void Folder_without_weights_is_refused() => AssertRefused(_folder.Path, "holds no model");

    private static string ClipMiniExpected => Fixtures.At("official", "clip-mini.expected.safetensors");

    private CheckpointOptions Options => new() { ClipCache = _folder.At("cache") };

    private void AssertRefused(string path, string expected)
        => Assert.Contains(expected, Assert.Throws<CheckpointException>(() => Checkpoint.Open(path, Options)).Message);

    private void Copy(string fixture, string name)
        => File.Copy(Fixtures.At(fixture.Split('/')), _folder.At(name.Split('/')));

    private static StoredTensor Vector(string name) => StoredTensor.Of(name, new([1, 2], 2));

    private static void AssertConfig(ClipSegConfig actual, string expected)
    {
        using JsonDocument document = JsonDocument.Parse(expected);
        ClipSegConfig config = ClipSegConfig.Parse(document.RootElement);
        Assert.Equal(config.ExtractLayers, actual.ExtractLayers);
        Assert.Equal(config with { ExtractLayers = actual.ExtractLayers }, actual);
    }

    private static void AssertSame(
        IReadOnlyDictionary<string, StoredTensor> expected, IReadOnlyDictionary<string, StoredTensor> actual)
    {
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        Assert.All(expected, pair => Assert.Equal(pair.Value.ToTensor().Data, actual[pair.Key].ToTensor().Data));
    }

    /// <summary>A decoder for clip-mini under the authors' names, in safetensors whatever its file is called.</summary>
    private static void WriteMiniDecoder(string path)
    {
        List<StoredTensor> tensors = [];
        foreach (string name in (string[])["film_mul", "film_add"]) Add(name, 8, 40);
        Add("reduce", 8, 64);
        for (int i = 0; i < 3; i++)
        {
            Add($"reduces.{i}", 8, 64);
            Add($"blocks.{i}.linear1", 12, 8);
            AddTensor($"blocks.{i}.self_attn.in_proj_weight", 24, 8);
            AddTensor($"blocks.{i}.self_attn.in_proj_bias", 24);
        }
        AddTensor("trans_conv.weight", 8, 1, 8, 8);
        SafeTensorsWriter.Write(path, tensors);

        void Add(string name, int rows, int columns)
        {
            AddTensor($"{name}.weight", rows, columns);
            AddTensor($"{name}.bias", rows);
        }

        void AddTensor(string name, params int[] shape)
            => tensors.Add(StoredTensor.Of(name, ClipSeg.Numerics.Tensor.Zeros(shape)));
    }
}
