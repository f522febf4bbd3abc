using System.Text.Json;

namespace ClipSeg.Tests.Cli;

public sealed class BenchCommandTests : IDisposable
{
    private static readonly string[] _stages =
    [
        "resize and normalise", "vision: patch embedding", "vision: layer norms", "vision: q, k, v, out projections",
        "vision: attention products", "vision: MLPs", "vision: sums and copies", "text tower", "decoder blocks", "head",
        "mask at the picture's size", "mask as PNG",
    ];

    private readonly CliRun _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public void Bench_prints_every_stage_with_its_share()
    {
        Assert.Equal(0, _cli.Run("bench", "--model", CliRun.Mini));

        string[] lines = _cli.Output.Split('\n');
        double shares = 0;
        foreach (string stage in _stages)
        {
            string line = Assert.Single(lines, l => l.Contains($"  {stage} "));
            shares += double.Parse(line.Split('%')[0].TrimEnd().Split(' ')[^1]);
        }
        Assert.InRange(shares, 99, 101);
        Assert.Contains(lines, l => l.Contains(" all ") && l.Contains("100.0 %"));
        Assert.Contains("48 x 48, 37 tokens", _cli.Output);
        Assert.Empty(_cli.Errors);
    }

    [Theory]
    [InlineData("mini", "f32")]
    [InlineData("mini-refined", "int8")]
    public void Json_has_the_operations_that_the_network_is_made_of(string toy, string precision)
    {
        Assert.Equal(0, _cli.Run(
            "bench", "--model", Fixtures.At("model", toy), "--size", "64", "--precision", precision, "--json"));

        using JsonDocument json = JsonDocument.Parse(_cli.Output);
        JsonElement root = json.RootElement;
        Dictionary<string, JsonElement> stages =
            root.GetProperty("stages").EnumerateArray().ToDictionary(s => s.GetProperty("stage").GetString()!);
        Assert.Equal(_stages, stages.Keys);
        Assert.All(stages.Values, s => Assert.True(s.GetProperty("ms").GetDouble() >= 0));
        Assert.InRange(stages.Values.Sum(s => s.GetProperty("share").GetDouble()), 0.99, 1.01);
        Assert.Equal(precision, root.GetProperty("precision").GetString());
        Assert.Equal(["f32", "bf16", "int8"],
            root.GetProperty("peaks").EnumerateArray().Select(p => p.GetProperty("precision").GetString()));
        Assert.All(root.GetProperty("peaks").EnumerateArray(),
            p => Assert.True(p.GetProperty("gflops").GetDouble() > 0));

        // 65 tokens, 64 wide, 160 in the MLP; five blocks, all of which the decoder needs.
        const int Tokens = 65, Width = 64, Inner = 160, Blocks = 5;
        AssertOperations("vision: patch embedding", 2.0 * (Tokens - 1) * Width * 3 * 8 * 8);
        AssertOperations("vision: q, k, v, out projections", 2.0 * Blocks * 4 * Tokens * Width * Width);
        AssertOperations("vision: attention products", 2.0 * Blocks * 2 * Tokens * Tokens * Width);
        AssertOperations("vision: MLPs", 2.0 * Blocks * 2 * Tokens * Width * Inner);
        Assert.False(stages["vision: layer norms"].TryGetProperty("gflop", out _));

        void AssertOperations(string stage, double expected)
            => Assert.Equal(1e-9 * expected, stages[stage].GetProperty("gflop").GetDouble(), tolerance: 5e-5);
    }

    [Fact]
    public void Help_ends_in_examples()
    {
        Assert.Equal(0, _cli.Run("bench", "--help"));
        Assert.Contains("clipseg bench --model", _cli.Output);
    }

    [Fact]
    public void A_size_that_the_patches_do_not_fit_is_refused()
        => _cli.AssertFailed(2, _cli.Run("bench", "--size", "100"), "100");

    [Fact]
    public void A_model_that_is_not_there_is_named()
        => _cli.AssertFailed(1, _cli.Run("bench", "--model", _cli.Folder.At("none")), "none");
}
