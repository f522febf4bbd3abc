using System.Globalization;
using ClipSeg.Imaging;

namespace ClipSeg.Cli;

/// <summary>What <c>clipseg segment</c> says of a picture, and with <c>--json</c> prints on a line.</summary>
/// <param name="Picture">Its path, or <c>-</c>.</param>
internal sealed record PictureResult(string Picture)
{
    /// <summary>Why it could not be read; then there is nothing else.</summary>
    public string? Error { get; init; }

    public int? Width { get; init; }

    public int? Height { get; init; }

    public float? Threshold { get; init; }

    /// <summary>The file with all prompts; null if none was written.</summary>
    public string? Overlay { get; init; }

    public IReadOnlyList<PromptResult>? Prompts { get; init; }
}

/// <summary>What became of a prompt.</summary>
/// <param name="Peak">The largest probability.</param>
/// <param name="Area">How much of the picture is above the threshold, 0 to 1.</param>
/// <param name="Mask">The file; null if none was written.</param>
/// <param name="Truncated">Whether the text was too long, so that only its beginning counts.</param>
internal sealed record PromptResult(string Prompt, float Peak, double Area, string? Mask, bool Truncated)
{
    public static PromptResult Of(string prompt, Mask mask, float threshold, string? file, bool truncated)
    {
        float peak = 0;
        int above = 0;
        foreach (float value in mask.Values)
        {
            peak = MathF.Max(peak, value);
            if (value > threshold) above++;
        }
        return new(prompt, peak, (double)above / mask.Values.Length, file, truncated);
    }
}

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
        TextTable table = new(">peak", Text($">area > {picture.Threshold:0.##}"), "prompt", "file");
        foreach (PromptResult prompt in prompts)
        {
            table.Add(Text($"{prompt.Peak:0.000}"), Text($"{100 * prompt.Area:0.0} %"), Shorten(prompt.Prompt),
                prompt.Mask ?? "");
        }
        table.Add("", "", "overlay", picture.Overlay ?? "");
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
