using System.Text.Json;
using ClipSeg.Cli;
using ClipSeg.Cli.Segmenting;

namespace ClipSeg.Tests.Cli;

public sealed class CommandLineTests : IDisposable
{
    private readonly CliRun _cli = new();

    public void Dispose() => _cli.Dispose();

    [Theory]
    [InlineData("segment")]
    [InlineData("scenes", "evaluate")]
    public void Alone_it_prints_help(string expected, params string[] args)
    {
        Assert.Equal(0, _cli.Run(args));
        Assert.Contains("Usage:", _cli.Output);
        Assert.Contains($"  {expected}", _cli.Output);
        Assert.Empty(_cli.Errors);
    }

    [Fact]
    public void A_defect_is_told_from_a_mistake_and_shows_its_trace_when_asked()
    {
        _cli.Variables["CLIPSEG_DEBUG"] = "1";
        _cli.Input = new Broken();
        Assert.Equal(70, _cli.Segment("-", "a dog"));
        Assert.Contains("This is a defect of clipseg, not of your files: NotSupportedException:", _cli.Errors);
        Assert.Contains("   at ClipSeg.", _cli.Errors);

        _cli.Variables.Remove("CLIPSEG_DEBUG");
        _cli.AssertFailed(70, _cli.Segment("-", "a dog"), "Please report this line");
    }

    [Fact]
    public void A_table_breaks_no_path_and_its_columns_stand_below_each_other()
    {
        TextTable table = new(">peak", "prompt", "file");
        string path = Path.Combine(new string('a', 70), new string('b', 70), "c.png");
        table.Add("0.5", "紅色", path);
        table.Add("10.25", "a\ncup", path);
        Assert.Equal([" peak  prompt  file", "  0.5  紅色    " + path, "10.25  a cup   " + path],
            table.Lines().Select(line => line[2..]));
        Assert.Equal(2, table.Lines(headings: false).Count());
    }

    [Fact]
    public void Json_keeps_every_script_readable()
    {
        string json = Json.Of(new PictureResult("größe <紅色> 'x'.png"), Json.Line.PictureResult);
        Assert.Equal("{\"picture\":\"größe <紅色> 'x'.png\"}", json);
        using JsonDocument parsed = JsonDocument.Parse(json);
        Assert.Equal("größe <紅色> 'x'.png", parsed.RootElement.GetProperty("picture").GetString());
    }

    /// <summary>A stream that fails as no file does.</summary>
    private sealed class Broken : MemoryStream
    {
        public override bool CanSeek => throw new NotSupportedException("of a test");
    }
}
