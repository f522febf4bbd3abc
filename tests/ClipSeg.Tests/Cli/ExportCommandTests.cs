namespace ClipSeg.Tests.Cli;

public sealed class ExportCommandTests : IDisposable
{
    private static readonly string[] _companions =
        ["config.json", "merges.txt", "preprocessor_config.json", "tokenizer_config.json", "vocab.json"];

    private readonly CliRun _cli = new();

    public void Dispose() => _cli.Dispose();

    [Theory]
    [InlineData("model.onnx")]
    [InlineData("decoder.onnx", "picture.onnx", "text.onnx", "vision.onnx")]
    public void Export_writes_one_graph_or_four_and_what_prepares_their_inputs(params string[] graphs)
    {
        string[] split = graphs.Length > 1 ? ["--split"] : [];
        Assert.Equal(0, _cli.Run(["export", CliRun.Mini, _cli.Folder.At("out"), "--onnx", .. split]));

        Assert.Equal([.. graphs.Concat(_companions).Order(StringComparer.Ordinal)], _cli.Written());
        Assert.Equal(_cli.Folder.At("out") + "\n", _cli.Output);
        foreach (string graph in graphs)
            Assert.Equal([0x08, 0x08, 0x12], File.ReadAllBytes(_cli.Folder.At("out", graph))[..3]);
    }

    [Fact]
    public void Export_refuses_a_folder_that_exists()
    {
        Directory.CreateDirectory(_cli.Folder.At("out"));
        int code = _cli.Run("export", CliRun.Mini, _cli.Folder.At("out"), "--onnx");
        _cli.AssertFailed(1, code, "exists already");
        Assert.Empty(_cli.Written());
    }

    [Theory]
    [InlineData("No format to export to")]
    [InlineData("bfloat16", "--onnx", "--type", "bfloat16")]
    public void Export_refuses_what_it_cannot_write(string expected, params string[] options)
    {
        int code = _cli.Run(["export", CliRun.Mini, _cli.Folder.At("out"), .. options]);
        _cli.AssertFailed(2, code, expected);
    }
}
