using System.Globalization;
using System.Text;
using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Prompts;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ClipSeg.Cli;

/// <summary>What a table says about a mask.</summary>
/// <param name="Peak">The largest probability.</param>
/// <param name="Area">How much of the picture is above the threshold, 0 to 1.</param>
internal sealed record MaskSummary(float Peak, double Area)
{
    public static MaskSummary Of(Mask mask, float threshold)
    {
        float peak = 0;
        int above = 0;
        foreach (float value in mask.Values)
        {
            peak = MathF.Max(peak, value);
            if (value > threshold) above++;
        }
        return new(peak, (double)above / mask.Values.Length);
    }
}

/// <summary>A picture that is done. A summary for each prompt.</summary>
internal sealed record SegmentedPicture(
    string Path, int Width, int Height, PictureNames Files, IReadOnlyList<MaskSummary> Masks);

/// <summary>What <c>clipseg segment</c> prints, as a table or as JSON.</summary>
internal sealed class SegmentReport(float threshold, IReadOnlyList<Prompt> prompts)
{
    private readonly List<SegmentedPicture> _pictures = [];
    private readonly List<(string Path, string Error)> _unread = [];

    public float Threshold { get; } = threshold;

    public IReadOnlyList<Prompt> Prompts { get; } = prompts;

    public bool HasUnread => _unread.Count > 0;

    public void Add(SegmentedPicture picture) => _pictures.Add(picture);

    public void AddUnread(string path, string error) => _unread.Add((path, error));

    public Table ToTable()
    {
        bool several = _pictures.Count + _unread.Count > 1;
        Table table = new() { Border = TableBorder.Simple };
        if (several) table.AddColumn("picture");
        table.AddColumns("prompt", "peak", Number($"area > {Threshold:0.##}"), "mask");
        foreach (SegmentedPicture picture in _pictures)
        {
            for (int i = 0; i < Prompts.Count; i++)
            {
                MaskSummary mask = picture.Masks[i];
                List<IRenderable> row = several ? [Terminal.Cell(picture.Path)] : [];
                row.AddRange([Terminal.Cell(Prompts[i].Name), Terminal.Cell(Number($"{mask.Peak:0.000}")),
                    Terminal.Cell(Number($"{100 * mask.Area:0.0} %")), Terminal.Cell(picture.Files.Masks[i])]);
                table.AddRow(row);
            }
        }
        if (_pictures.Count == 1) table.Caption = new(Markup.Escape($"Overlay: {_pictures[0].Files.Overlay}"));
        return table;
    }

    public void WriteJson(TextWriter output)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, new() { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("threshold", Threshold);
            json.WriteStartArray("pictures");
            foreach (SegmentedPicture picture in _pictures) Write(json, picture);
            json.WriteEndArray();
            json.WriteStartArray("errors");
            foreach ((string path, string error) in _unread)
            {
                json.WriteStartObject();
                json.WriteString("picture", path);
                json.WriteString("error", error);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        output.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }

    private void Write(Utf8JsonWriter json, SegmentedPicture picture)
    {
        json.WriteStartObject();
        json.WriteString("picture", picture.Path);
        json.WriteNumber("width", picture.Width);
        json.WriteNumber("height", picture.Height);
        json.WriteString("overlay", picture.Files.Overlay);
        json.WriteStartArray("prompts");
        for (int i = 0; i < Prompts.Count; i++)
        {
            json.WriteStartObject();
            json.WriteString("prompt", Prompts[i].Name);
            json.WriteNumber("peak", picture.Masks[i].Peak);
            json.WriteNumber("area", picture.Masks[i].Area);
            json.WriteString("mask", picture.Files.Masks[i]);
            json.WriteBoolean("truncated", Prompts[i].Truncated);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
