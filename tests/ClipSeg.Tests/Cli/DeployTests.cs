using System.Text.RegularExpressions;

namespace ClipSeg.Tests.Cli;

/// <summary>The files in deploy/ start what there is, as the tool understands it.</summary>
public sealed partial class DeployTests : IDisposable
{
    private readonly CliRun _cli = new();

    public static TheoryData<string> Files => [.. Directory
        .GetFiles(Path.Combine(Fixtures.Root, "deploy"), "*.yaml", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(Fixtures.Root, path)).Order(StringComparer.Ordinal)];

    public void Dispose() => _cli.Dispose();

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_option_of_every_command_exists(string file)
    {
        foreach (Match line in Command().Matches(File.ReadAllText(Path.Combine(Fixtures.Root, file))))
        {
            string[] words = [.. Word().Matches(line.Value).Select(w => w.Groups[1].Value)];
            int at = Array.FindIndex(words, w => w is "worker" or "serve");
            if (at < 0) continue;
            Assert.Equal(0, _cli.Run(words[at], "--help"));
            foreach (string option in words[at..].Where(w => w.StartsWith("--"))) Assert.Contains(option, _cli.Output);
        }
    }

    [Fact]
    public void Workers_have_the_variables_that_they_read()
    {
        string compose = File.ReadAllText(Path.Combine(Fixtures.Root, "deploy", "compose.yaml"));
        Assert.Equal(0, _cli.Run("worker", "--help"));
        string help = Spaces().Replace(_cli.Output, " ");
        foreach (string variable in (string[])["CLIPSEG_BROKER", "CLIPSEG_STORE", "AWS_ENDPOINT_URL_S3"])
        {
            Assert.Contains($"{variable}: ", compose);
            Assert.Contains($"${variable}", help);
        }
    }

    [GeneratedRegex(@"command: \[[^\]]*\]")]
    private static partial Regex Command();

    [GeneratedRegex("\"([^\"]*)\"")]
    private static partial Regex Word();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
