using System.Globalization;
using System.Net;
using System.Text;
using ClipSeg.Imaging;
using SkiaSharp;

namespace ClipSeg.Training.Reports;

/// <summary>A picture of an example.</summary>
/// <param name="Picture">Of any size; it is shown small.</param>
/// <param name="Caption">Under it.</param>
internal sealed record ExamplePicture(Image Picture, string Caption);

/// <summary>An example: what was asked for, and pictures side by side.</summary>
/// <param name="Phrase">What was asked for.</param>
/// <param name="About">Small, beside it.</param>
/// <param name="Pictures">From left to right.</param>
internal sealed record PageExample(string Phrase, string About, IReadOnlyList<ExamplePicture> Pictures);

/// <summary>
/// A report as one HTML file, light or dark as its reader has it. It needs no network and no scripts, and its policy
/// forbids both; what comes from data is text wherever it stands.
/// </summary>
internal sealed class HtmlPage
{
    private const int ThumbnailSide = 224, ThumbnailQuality = 82, LongestText = 400;

    private readonly StringBuilder _body = new();
    private readonly string _title;

    /// <param name="title">Of the page.</param>
    /// <param name="about">A line or more under it.</param>
    public HtmlPage(string title, string about)
    {
        _title = title;
        _body.Append("<header><h1>").Append(Escape(title)).Append("</h1>\n<p>").Append(Escape(about))
            .Append("</p></header>\n");
    }

    /// <summary>Begins a section.</summary>
    public void Heading(string text, string? note = null)
    {
        _body.Append("<h2>").Append(Escape(text)).Append("</h2>\n");
        if (note is not null) _body.Append("<p class=\"note\">").Append(Escape(note)).Append("</p>\n");
    }

    /// <summary>A few numbers, large.</summary>
    /// <param name="tiles">What they are, the numbers, and something small under each.</param>
    public void Tiles(IEnumerable<(string Name, string Value, string Detail)> tiles)
    {
        _body.Append("<div class=\"tiles\">\n");
        foreach ((string name, string value, string detail) in tiles)
        {
            _body.Append("<div><span>").Append(Escape(name)).Append("</span><b>").Append(Escape(value))
                .Append("</b><small>").Append(Escape(detail)).Append("</small></div>\n");
        }
        _body.Append("</div>\n");
    }

    /// <summary>A table.</summary>
    /// <param name="columns">Their headings; one that begins with <c>&gt;</c> is of numbers.</param>
    /// <param name="rows">A text for each column.</param>
    /// <param name="bar">The column, of numbers in [0, 1], that is drawn as bars, too; or null.</param>
    public void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows, int? bar = null)
    {
        _body.Append("<div class=\"scroll\"><table>\n<thead><tr>");
        foreach (string column in columns)
            _body.Append(ClassOf("th", column)).Append(Escape(column.TrimStart('>'))).Append("</th>");
        _body.Append("</tr></thead>\n<tbody>\n");
        foreach (IReadOnlyList<string> row in rows)
        {
            _body.Append("<tr>");
            for (int i = 0; i < row.Count; i++)
            {
                _body.Append(ClassOf("td", columns[i]));
                if (i == bar && double.TryParse(row[i], CultureInfo.InvariantCulture, out double share))
                {
                    _body.Append(CultureInfo.InvariantCulture,
                        $"<i class=\"bar\"><i style=\"width:{100 * Math.Clamp(share, 0, 1):0.#}%\"></i></i>");
                }
                _body.Append(Escape(row[i])).Append("</td>");
            }
            _body.Append("</tr>\n");
        }
        _body.Append("</tbody></table></div>\n");

        static string ClassOf(string tag, string column)
            => column.StartsWith('>') ? $"<{tag} class=\"n\">" : $"<{tag}>";
    }

    /// <summary>Charts side by side.</summary>
    public void Charts(params IEnumerable<PageChart> charts)
    {
        _body.Append("<div class=\"charts\">\n");
        foreach (PageChart chart in charts)
        {
            _body.Append("<figure><figcaption>").Append(Escape(chart.Name)).Append("<span class=\"legend\">");
            for (int i = 0; chart.Series.Count > 1 && i < chart.Series.Count; i++)
                _body.Append($"<span><i class=\"s{i}\"></i>").Append(Escape(chart.Series[i].Name)).Append("</span>");
            _body.Append("</span></figcaption>\n")
                .Append(SvgChart.Draw(chart.Name, chart.X, chart.Y, chart.Series, chart.Marked)).Append("</figure>\n");
        }
        _body.Append("</div>\n");
    }

    /// <summary>Examples, one under the other.</summary>
    public void Examples(IEnumerable<PageExample> examples)
    {
        foreach (PageExample example in examples)
        {
            _body.Append("<article><h3>").Append(Escape(example.Phrase)).Append("<small>").Append(Escape(example.About))
                .Append("</small></h3>\n<div class=\"pictures\">\n");
            foreach (ExamplePicture shown in example.Pictures)
            {
                _body.Append("<figure><img alt=\"").Append(Escape(shown.Caption)).Append("\" src=\"")
                    .Append(Thumbnail(shown.Picture)).Append("\"><figcaption>").Append(Escape(shown.Caption))
                    .Append("</figcaption></figure>\n");
            }
            _body.Append("</div></article>\n");
        }
    }

    /// <summary>The file's text.</summary>
    public string ToHtml() => $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy"
          content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{Escape(_title)}</title>
        <style>
        {PageStyle.Css}
        </style>
        </head>
        <body>
        <main>
        {_body}</main>
        </body>
        </html>

        """.ReplaceLineEndings("\n");

    /// <summary>A picture as an address that holds it.</summary>
    private static string Thumbnail(Image picture)
    {
        double scale = Math.Min(1, ThumbnailSide / (double)Math.Max(picture.Width, picture.Height));
        Image small = scale == 1 ? picture : picture.Resize(
            Math.Max(1, (int)(picture.Width * scale)), Math.Max(1, (int)(picture.Height * scale)));
        byte[] file = SkiaCodec.Encode(
            small.Alpha is null ? small : small.On(new(255, 255, 255)), SKEncodedImageFormat.Jpeg, ThumbnailQuality);
        return $"data:image/jpeg;base64,{Convert.ToBase64String(file)}";
    }

    private static string Escape(string text)
        => WebUtility.HtmlEncode(text.Length <= LongestText ? text : text[..LongestText] + "...");
}

/// <summary>A chart of a page (<see cref="SvgChart"/>).</summary>
internal sealed record PageChart(string Name, string X, string Y, IReadOnlyList<Series> Series)
{
    /// <summary>Where a line goes up, and what it says; or null.</summary>
    public (double At, string Label)? Marked { get; init; }
}
