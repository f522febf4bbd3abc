using System.Text.RegularExpressions;

namespace ClipSeg.Tests;

/// <summary>Rules about the source text itself (CONTRIBUTING.md).</summary>
public sealed partial class RepositoryTests
{
    private const int MaxLines = 500;
    private const int MaxColumns = 120;

    // Each uses only itself and what stands before it; what stands alone is a project, with its own folders after it.
    private static readonly string[] _rooms =
    [
        "Files", "Numerics", "Imaging", "Text", "Formats", "Model", "Checkpoints", "Prompts", "",
        "Onnx", "Training.Data", "Training.Metrics", "Training.Reports", "Training", "Training.Evaluation",
        "Training.Ablation",
        "Scenes.Artwork", "Scenes", "Scenes.Pretraining", "Scenes.Evaluation", "Jobs", "Server", "Cli.Segmenting",
        "Cli.Jobs", "Cli",
    ];

    [Fact]
    public void A_folder_uses_only_those_before_it()
    {
        string source = Path.Combine(Fixtures.Root, "src");
        List<string> wrong = [];
        foreach (string file in Sources("src"))
        {
            int room = Room(Path.GetDirectoryName(Path.GetRelativePath(source, file))!);
            foreach (Match use in Using().Matches(File.ReadAllText(file)))
            {
                if (Room(use.Groups[1].Value) > room) wrong.Add($"{Path.GetRelativePath(source, file)}: {use.Value}");
            }
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public void No_source_file_is_longer_than_500_lines_and_no_line_than_120_columns()
    {
        List<string> wrong = [];
        foreach (string file in Sources("src").Concat(Sources("tests")))
        {
            string[] lines = File.ReadAllLines(file);
            if (lines.Length > MaxLines) wrong.Add($"{file}: {lines.Length} lines");
            for (int i = 0; i < lines.Length; i++)
            {
                if (lines[i].Length > MaxColumns) wrong.Add($"{file}:{i + 1}: {lines[i].Length} columns");
            }
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_test_that_the_field_reports_name_exists()
    {
        string[] tests = [.. Sources("tests").SelectMany(file => TestName().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups[1].Value)];
        string reports = File.ReadAllText(Path.Combine(Fixtures.Root, "docs", "field-reports.md"));
        string[] named = [.. NamedTest().Matches(reports).Select(match => match.Groups[1].Value)];
        Assert.True(named.Length > 50);
        Assert.Empty(named.Except(tests));
    }

    [Fact]
    public void The_documents_link_only_to_files_that_exist()
    {
        string[] documents = [.. Directory.GetFiles(Fixtures.Root, "*.md"),
            .. Directory.GetFiles(Path.Combine(Fixtures.Root, "docs"), "*.md")];
        Assert.Contains(documents, path => Path.GetFileName(path) == "README.md");
        foreach (string document in documents)
        {
            foreach (Match link in Link().Matches(File.ReadAllText(document)))
            {
                string target = Path.Combine(Path.GetDirectoryName(document)!, link.Groups[1].Value);
                Assert.True(Path.Exists(target), $"{document} links to {link.Groups[1].Value}, which does not exist.");
            }
        }
    }

    [Fact]
    public void Every_section_that_a_comment_cites_exists()
    {
        string specifications = Path.Combine(Fixtures.Root, "docs", "spec");
        Dictionary<string, string[]> sections = Directory.GetFiles(specifications, "*.md").ToDictionary(
            path => Path.GetFileName(path),
            path => Heading().Matches(File.ReadAllText(path)).Select(m => m.Groups[1].Value).ToArray());
        int cited = 0;
        List<string> wrong = [];
        foreach (string file in Sources("src").Concat(Sources("tests")))
        {
            foreach (Match use in Citation().Matches(File.ReadAllText(file)))
            {
                cited++;
                string[] known = sections.GetValueOrDefault(use.Groups[1].Value.ToLowerInvariant()) ?? [];
                if (!known.Contains(use.Groups[2].Value)) wrong.Add($"{file}: {use.Value}");
            }
        }
        Assert.Empty(wrong);
        Assert.InRange(cited, 30, int.MaxValue);
    }

    /// <summary>The place of a folder of src, or of a namespace, among the rooms.</summary>
    private static int Room(string name)
    {
        string place = name.Replace(Path.DirectorySeparatorChar, '.')["ClipSeg".Length..].TrimStart('.');
        int room = Array.IndexOf(_rooms, place);
        Assert.True(room >= 0, $"'{name}' is not a folder that {nameof(RepositoryTests)} knows.");
        return room;
    }

    private static IEnumerable<string> Sources(params ReadOnlySpan<string> folder)
        => Directory.EnumerateFiles(Path.Combine([Fixtures.Root, .. folder]), "*.cs", SearchOption.AllDirectories)
            .Where(file => !Output().IsMatch(file));

    [GeneratedRegex(@"^using (ClipSeg(?:\.[\w.]+)?);", RegexOptions.Multiline)]
    private static partial Regex Using();

    [GeneratedRegex(@"\]\((?!https?://|#)([^)#]+)[^)]*\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (\d+(?:\.\d+)*)", RegexOptions.Multiline)]
    private static partial Regex Heading();

    // "formats.md §9.2"; the words may stand on two lines of a comment.
    [GeneratedRegex(@"([\w-]+\.md),?[\s/]+§(\d+(?:\.\d+)*)")]
    private static partial Regex Citation();

    [GeneratedRegex(@"[/\\](bin|obj)[/\\]")]
    private static partial Regex Output();

    [GeneratedRegex(@"(?:void|Task) (\w+)\(")]
    private static partial Regex TestName();

    [GeneratedRegex("`([A-Z][A-Za-z0-9]*_[A-Za-z0-9_]+)`")]
    private static partial Regex NamedTest();
}
