using System.Text.Json;
using ClipSeg.Formats;
using ClipSeg.Model;

namespace ClipSeg.Tests.Model;

public sealed class ClipSegConfigTests
{
    [Theory]
    [InlineData("[]", "'root' is [], expected an object.")]
    [InlineData("""{"reduce_dim":"64"}""", "'reduce_dim' is \"64\", expected a whole number.")]
    [InlineData("""{"reduce_dim":6e99}""", "'reduce_dim' is 6e99, expected a whole number.")]
    [InlineData("""{"reduce_dim":null}""", "'reduce_dim' is null, expected a whole number.")]
    [InlineData("""{"reduce2_dim":0.5}""", "'reduce2_dim' is 0.5, expected a whole number.")]
    [InlineData("""{"reduce2_dim":1048577}""", "'reduce2_dim' is 1048577, expected a whole number in 1..1048576.")]
    [InlineData("""{"conditional_layer":-1}""", "'conditional_layer' is -1, expected a whole number in 0..1048576.")]
    [InlineData("""{"extract_layers":[3,"6"]}""", "'extract_layers' is [3,\"6\"], expected a list of whole numbers.")]
    [InlineData("""{"extract_layers":[]}""", "'extract_layers' is [], expected at least one block.")]
    [InlineData("""{"decoder_type":1}""", "'decoder_type' is 1, expected text.")]
    [InlineData("""{"decoder_type":"\ud800"}""", "'decoder_type' is \"\\ud800\", expected text.")]
    [InlineData("""{"use_complex_transposed_convolution":1}""", "is 1, expected true or false.")]
    [InlineData("""{"text_config":7}""", "'text_config' is 7, expected an object.")]
    [InlineData("""{"text_config":{"hidden_act":null}}""", "'text_config.hidden_act' is null, expected text.")]
    [InlineData("""{"vision_config_dict":{"patch_size":0}}""", "'vision_config.patch_size' is 0, expected a whole")]
    [InlineData("""{"vision_config":{"layer_norm_eps":"0"}}""", "layer_norm_eps' is \"0\", expected a number.")]
    [InlineData("""{"vision_config":{"layer_norm_eps":1}}""", "layer_norm_eps' is 1, expected a number in [0, 1).")]
    public void Parse_refuses_what_cannot_be(string json, string expected)
        => Assert.Contains(expected, Assert.Throws<CheckpointException>(() => Parse(json)).Message);

    [Fact]
    public void Parse_prefers_an_old_files_twin_and_takes_a_file_without_sections()
    {
        ClipSegConfig twins = Parse("""{"vision_config":{"patch_size":8},"vision_config_dict":{"patch_size":16}}""");
        Assert.Equal(16, twins.PatchSize);
        ClipSegConfig noTwin = Parse("""{"vision_config":{"patch_size":8},"vision_config_dict":null}""");
        Assert.Equal(8, noTwin.PatchSize);
        ClipSegConfig flat = Parse("""{"patch_size":8,"vocab_size":30}""");
        Assert.Equal((8, 30), (flat.PatchSize, flat.VocabularySize));
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        ClipSegConfig own = Parse("""
            {"decoder_type":"clip-deconv","reduce2_dim":5,"extract_layers":[2],"reduce_dim":9,
            "text_config":{"eos_token_id":2,"layer_norm_eps":1e-6},"vision_config":{"patch_size":16}}
            """);
        ClipSegConfig read = Parse(JsonSerializer.Serialize(own.ToFile(), ModelJson.Default.ConfigFile));
        Assert.Equal([2], read.ExtractLayers);
        Assert.Equal(own, read with { ExtractLayers = own.ExtractLayers });
    }

    private static ClipSegConfig Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return ClipSegConfig.Parse(document.RootElement);
    }
}
