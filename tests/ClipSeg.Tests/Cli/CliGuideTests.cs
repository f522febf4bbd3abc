using System.Text;
using System.Text.RegularExpressions;
using ClipSeg.Imaging;

namespace ClipSeg.Tests.Cli;

/// <summary>Every example of <c>segment</c> in docs/cli.md is run, with a toy model, in a folder like the reader's.
/// </summary>
public sealed partial class CliGuideTests : IDisposable
{
    private static readonly string[] _pathOptions = ["-o", "--coco", "--report", "--list", "--prompts"];

    private readonly CliRun _cli = new();

    public CliGuideTests()
    {
        Image scene = Image.Load(CliRun.Scene);
        foreach (string file in (string[])["photo.jpg", "holiday/a.jpg", "holiday/beach/b.jpg", "inbox/c.jpg"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_cli.Folder.At(file))!);
            scene.Save(_cli.Folder.At(file));
        }
        File.WriteAllText(_cli.Folder.At("words.txt"), "a kite\na dog\n");
    }

    public static TheoryData<string> Examples => [.. File.ReadAllLines(Path.Combine(Fixtures.Root, "docs", "cli.md"))
        .Where(line => Example().IsMatch(line) && !line.Contains("--frames") && !line.Contains("PICTURES"))];

    public void Dispose() => _cli.Dispose();

    [Fact]
    public void There_are_examples() => Assert.True(Examples.Count >= 15);

    [Theory]
    [MemberData(nameof(Examples))]
    public void An_example_works(string line)
    {
        using MemoryStream pipe = new();
        using CancellationTokenSource stop = new();
        if (line.StartsWith("cat photo.jpg")) _cli.Input = File.OpenRead(_cli.Folder.At("photo.jpg"));
        if (line.StartsWith("find "))
            _cli.Input = new MemoryStream(Encoding.UTF8.GetBytes(_cli.Folder.At("photo.jpg")));
        if (line.Contains("-o - >")) _cli.Pipe = pipe;
        if (line.Contains("--watch")) stop.CancelAfter(TimeSpan.FromSeconds(5));

        string command = line[line.IndexOf("clipseg segment", StringComparison.Ordinal)..].Split(" > ")[0];
        List<string> args = [];
        foreach (Match word in Word().Matches(command["clipseg ".Length..]))
        {
            string text = word.Groups[1].Success ? word.Groups[1].Value : word.Value;
            bool isNamed = Path.Exists(_cli.Folder.At(text)) || _pathOptions.Contains(args.LastOrDefault());
            args.Add(isNamed && text != "-" ? _cli.Folder.At(text) : text);
        }
        if (!args.Contains("-o")) args.AddRange(["-o", _cli.Folder.At("out")]);

        int code = _cli.Run(stop.Token, [.. args, "-m", CliRun.Mini]);

        Assert.Equal((0, ""), (code, _cli.Errors));
        if (line.Contains("-o - >")) Assert.Equal(133, Image.Decode(pipe.ToArray()).Width);
        if (line.Contains("--coco")) Assert.True(File.Exists(_cli.Folder.At(line.Contains("kites") ? "kites.json"
            : "labels.json")));
        string folder = _cli.Folder.At(line.Contains("-o masks") ? "masks" : "out");
        bool writes = !line.Contains("--save none") && !line.Contains("-o - >");
        Assert.Equal(writes, Directory.Exists(folder)
            && Directory.EnumerateFiles(folder, "*.*", SearchOption.AllDirectories)
                .Any(f => !Path.GetFileName(f).StartsWith('.')));
    }

    [GeneratedRegex(@"^(cat \S+ \| |find .* \| )?clipseg segment ")]
    private static partial Regex Example();

    [GeneratedRegex("\"([^\"]*)\"|\\S+")]
    private static partial Regex Word();
}
