using System.Globalization;

namespace ClipSeg.Cli.Segmenting;

/// <summary>Prints each picture when it is done: nothing is lost when the command is stopped.</summary>
/// <param name="json">For programs, an object on a line; otherwise for people, in columns.</param>
internal sealed class SegmentReport(Terminal terminal, bool json)
{
    private const int WidestPrompt = 40;

    private bool _begun;

    public void Add(PictureResult picture)
    {
        if (json) terminal.WriteLine(Json.Of(picture, Json.Line.PictureResult));
        else if (picture.Prompts is not null) Print(picture, picture.Prompts);
    }

    private void Print(PictureResult picture, IReadOnlyList<PromptResult> prompts)
    {
        string area = picture.Threshold is { } threshold ? Text($">area > {threshold:0.##}") : ">area";
        TextTable table = new(">score", ">peak", area, "prompt", "file");
        foreach (PromptResult prompt in prompts)
        {
            string[] files = [.. prompt.Files()];
            table.Add(Text($"{prompt.Score:0.00}"), Text($"{prompt.Peak:0.000}"), Text($"{100 * prompt.Area:0.0} %"),
                Shorten(prompt.Prompt), prompt.Found ? files.FirstOrDefault() ?? "" : "not found");
            foreach (string file in files.Skip(prompt.Found ? 1 : 0)) table.Add("", "", "", "", file);
        }
        if (picture.Overlay is not null) table.Add("", "", "", "overlay", picture.Overlay);
        if (picture.Labels is not null) table.Add("", "", "", "labels", picture.Labels);
        string[] lines = [.. table.Lines()];
        if (!_begun) terminal.WriteLine(lines[0]);
        _begun = true;
        terminal.WriteLine(Terminal.OneLine(picture.Picture));
        foreach (string line in lines[1..]) terminal.WriteLine(line);
    }

    private static string Shorten(string prompt)
    {
        if (prompt.Length <= WidestPrompt) return prompt;
        int length = char.IsHighSurrogate(prompt[WidestPrompt - 1]) ? WidestPrompt - 2 : WidestPrompt - 1;
        return $"{prompt[..length]}…";
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
