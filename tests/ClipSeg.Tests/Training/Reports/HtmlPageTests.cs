using System.Text.RegularExpressions;
using ClipSeg.Imaging;
using ClipSeg.Training.Reports;

namespace ClipSeg.Tests.Training.Reports;

public sealed class HtmlPageTests
{
    private const string Hostile = "<script>alert('x')</script>\"><img src=https://example.org/x onerror=go()>";

    [Fact]
    public void What_comes_from_data_is_text_wherever_it_stands()
    {
        HtmlPage page = new(Hostile, Hostile);
        page.Tiles([(Hostile, Hostile, Hostile)]);
        page.Heading(Hostile, Hostile);
        page.Table([Hostile, ">" + Hostile], [[Hostile, Hostile]], bar: 1);
        page.Charts(new PageChart(Hostile, Hostile, Hostile, [new(Hostile, [(0, 0)]), new(Hostile, [(1, 1)])])
        {
            Marked = (0.5, Hostile),
        });
        page.Examples([new(Hostile, Hostile, [new(new Image(2, 2), Hostile)])]);
        string html = page.ToHtml();
        Assert.DoesNotContain("<script", html);
        Assert.DoesNotContain("<img src=https", html);
        Assert.Equal(1, Regex.Count(html, "<img "));
        Assert.True(Regex.Count(html, "&lt;script&gt;") > 15);
    }

    [Fact]
    public void A_page_needs_nothing_from_elsewhere_and_forbids_it()
    {
        string html = Page(new Image(2, 2)).ToHtml();
        Assert.StartsWith("<!DOCTYPE html>\n", html);
        Assert.Contains("content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\"", html);
        Assert.DoesNotContain("http:", html);
        Assert.DoesNotContain("https:", html);
        Assert.DoesNotContain("url(", html);
        Assert.All(Regex.Matches(html, "src=\"([^\"]{0,30})"),
            src => Assert.StartsWith("data:image/jpeg;base64,", src.Groups[1].Value));
        Assert.Contains("prefers-color-scheme: dark", html);
    }

    [Theory]
    [InlineData(3000, 40, 224, 2)]
    [InlineData(30, 3000, 2, 224)]
    [InlineData(100, 50, 100, 50)]
    public void Pictures_are_small_whatever_they_were(int width, int height, int expectedWidth, int expectedHeight)
    {
        string html = Page(new Image(width, height)).ToHtml();
        string data = Regex.Match(html, "base64,([^\"]+)").Groups[1].Value;
        Image shown = Image.Decode(Convert.FromBase64String(data));
        Assert.Equal((expectedWidth, expectedHeight), (shown.Width, shown.Height));
    }

    [Fact]
    public void Long_texts_are_cut_and_clear_pictures_lie_on_white()
    {
        Image clear = new(4, 4, new byte[48], new byte[16]);
        HtmlPage page = new(new('a', 5000), "");
        page.Examples([new("", "", [new(clear, "")])]);
        string html = page.ToHtml();
        Assert.True(html.Length < 12_000);
        Image shown = Image.Decode(Convert.FromBase64String(Regex.Match(html, "base64,([^\"]+)").Groups[1].Value));
        Assert.All(shown.Pixels, value => Assert.Equal(255, value));
    }

    [Fact]
    public void Bars_are_as_long_as_their_numbers_and_what_is_no_number_has_none()
    {
        HtmlPage page = new("", "");
        page.Table(["name", ">score"], [["a", "0.25"], ["b", "7"], ["c", "none"]], bar: 1);
        Assert.Equal(["width:25%", "width:100%"],
            Regex.Matches(page.ToHtml(), "style=\"(width:[^\"]+)").Select(match => match.Groups[1].Value));
    }

    [Fact]
    public void A_chart_has_its_points_where_they_belong_and_its_lines_break_where_a_number_is_missing()
    {
        string svg = SvgChart.Draw("name", "x", "y",
            [new("one", [(0, 0), (0.5, 0.3), (0.6, double.NaN), (1, 0.6)])], (0.5, "here"));
        Assert.Contains("d=\"M52 272L278 144M504 16\"", svg);       // the frame is 452 by 256, 0.6 its top
        Assert.Contains("<title>one: 0.300 at 0.50</title>", svg);
        Assert.Equal(3, Regex.Count(svg, "<circle"));
        Assert.Contains("<line class=\"mark\" x1=\"278\" y1=\"272\" x2=\"278\" y2=\"16\"/>", svg);
        Series[] five = [.. Enumerable.Repeat(new Series("", []), 5)];
        Assert.Throws<ArgumentException>(() => SvgChart.Draw("", "", "", five));
    }

    private static HtmlPage Page(Image picture)
    {
        HtmlPage page = new("title", "about");
        page.Examples([new("a phrase", "kind", [new(picture, "query")])]);
        return page;
    }
}
