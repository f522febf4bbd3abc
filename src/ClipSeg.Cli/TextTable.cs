using Spectre.Console.Rendering;

namespace ClipSeg.Cli;

/// <summary>
/// Columns of text as wide as they have to be. Nothing is cut or broken, so that a path can be copied: what is longest
/// goes last.
/// </summary>
/// <param name="columns">Their headings; one that begins with <c>&gt;</c> is of numbers, which end below each other.
/// </param>
internal sealed class TextTable(params string[] columns)
{
    private const string Gap = "  ";
    private readonly List<string[]> _rows = [];

    /// <summary>As they were given.</summary>
    public IReadOnlyList<string> Columns => columns;

    public IReadOnlyList<string[]> Rows => _rows;

    /// <summary>Adds a row, a cell for each column.</summary>
    public void Add(params ReadOnlySpan<string> cells) => _rows.Add([.. cells.ToArray().Select(Terminal.OneLine)]);

    /// <summary>A line for each row, and before them one of the headings unless all are empty.</summary>
    public IEnumerable<string> Lines(bool headings = true)
    {
        string[] heads = Array.ConvertAll(columns, c => c.TrimStart('>'));
        string[][] lines = [heads, .. _rows];
        int[] widths = [.. columns.Select((_, i) => lines.Max(line => Width(line[i])))];
        bool headed = headings && heads.Any(h => h.Length > 0);
        return lines.Skip(headed ? 0 : 1)
            .Select(line => (Gap + string.Join(Gap, line.Select((cell, i) => Pad(cell, i)))).TrimEnd());

        string Pad(string cell, int i)
        {
            string blank = new(' ', widths[i] - Width(cell));
            return columns[i].StartsWith('>') ? blank + cell : cell + blank;
        }
    }

    /// <summary>The same as a table of Markdown.</summary>
    public IEnumerable<string> Markdown()
    {
        yield return Line(Array.ConvertAll(columns, c => c.TrimStart('>')));
        yield return Line(Array.ConvertAll(columns, c => c.StartsWith('>') ? "---:" : "---"));
        foreach (string[] row in _rows) yield return Line(row);

        static string Line(string[] cells) => $"| {string.Join(" | ", cells.Select(c => c.Replace("|", "\\|")))} |";
    }

    /// <summary>The columns of a terminal that a text takes: East Asian letters take two.</summary>
    private static int Width(string text) => new Segment(text).CellCount();
}
