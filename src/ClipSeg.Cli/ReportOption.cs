using System.CommandLine;
using ClipSeg.Files;

namespace ClipSeg.Cli;

/// <summary><c>--report</c>, of every command that measures.</summary>
internal sealed class ReportOption
{
    private readonly Option<string?> _report = new("--report")
    {
        Description = "Write a page to look at: scores beside published ones, curves, and examples in pictures.",
        HelpName = "FILE.html",
    };

    public void AddTo(Command command) => command.Options.Add(_report);

    /// <summary>The file, which can be written; null if none is asked for.</summary>
    public string? Of(ParseResult parsed)
    {
        if (parsed.GetValue(_report) is not { } file) return null;
        if (Path.GetExtension(file).ToLowerInvariant() is not (".html" or ".htm"))
            throw new UsageException($"A report is a page; the path must end in .html, got '{file}'.");
        OutputFile.Check(file);
        return file;
    }
}
