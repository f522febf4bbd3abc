using System.Text.RegularExpressions;

namespace ClipSeg.Tests;

/// <summary>Rules about the source text itself (CONTRIBUTING.md).</summary>
public sealed partial class RepositoryTests
{
    private const int MaxLines = 500;
    private const int MaxColumns = 120;

    // Each uses only itself and what stands before it. Data is below Evaluation, which trainers report with.
    private static readonly string[] _rooms =
    [
        "Numerics", "Imaging", "Text", "Checkpoints", "Model", "Prompts", "Data", "Evaluation", "Training",
        "Export",
    ];

    [Fact]
    public void A_folder_of_the_library_uses_only_those_before_it()
    {
        string library = Path.Combine(Fixtures.Root, "src", "ClipSeg");
        List<string> wrong = [];
        foreach (string file in Sources("src", "ClipSeg"))
        {
            string folder =
                Path.GetDirectoryName(Path.GetRelativePath(library, file))!.Replace(Path.DirectorySeparatorChar, '.');
            if (folder.Length == 0) continue;       // the front door uses them all
            int room = Room(folder);
            foreach (Match use in Using().Matches(File.ReadAllText(file)))
            {
                if (Room(use.Groups[1].Value) > room) wrong.Add($"{folder}/{Path.GetFileName(file)}: {use.Value}");
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

    private static int Room(string name)
    {
        int room = Array.IndexOf(_rooms, name);
        Assert.True(room >= 0, $"'{name}' is not a folder of the library that {nameof(RepositoryTests)} knows.");
        return room;
    }

    private static IEnumerable<string> Sources(params ReadOnlySpan<string> folder)
        => Directory.EnumerateFiles(Path.Combine([Fixtures.Root, .. folder]), "*.cs", SearchOption.AllDirectories)
            .Where(file => !Output().IsMatch(file));

    [GeneratedRegex(@"^using ClipSeg\.([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Using();

    [GeneratedRegex(@"\]\((?!https?://|#)([^)#]+)[^)]*\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"[/\\](bin|obj)[/\\]")]
    private static partial Regex Output();
}
