using ClipSeg.Imaging;
using ClipSeg.Scenes.Artwork;
using ClipSeg.Training.Metrics;

namespace ClipSeg.Scenes.Evaluation;

/// <summary>Examples, one under the other: the query, the truth, the answers to words and pictures.</summary>
internal static class ContactSheet
{
    private const int Tile = 184, Gap = 10, Margin = 20, CaptionHeight = 40, FootHeight = 26, HeadHeight = 44;
    private const float PhraseSize = 19, SmallSize = 14;

    private static readonly string[] _columns = ["query", "truth", "found by words", "shown", "found by the picture"];

    private static readonly Rgb _back = new(24, 26, 31), _empty = new(38, 41, 48), _text = new(236, 238, 241);
    private static readonly Rgb _pale = new(150, 156, 166), _line = new(52, 56, 64);
    private static readonly Rgb _truth = new(0x00, 0xC7, 0x8B), _found = new(0xFF, 0x8A, 0x1F);
    private static readonly Rgb _shown = new(0x56, 0xB4, 0xE9);

    /// <summary>The sheet; a row for each example.</summary>
    /// <param name="examples">At least one.</param>
    /// <param name="threshold">Where the outlines of answers run, and what their IoU is measured at.</param>
    /// <exception cref="ArgumentException">There is no example.</exception>
    public static Image Draw(IReadOnlyList<SceneExample> examples, double threshold)
    {
        if (examples.Count == 0) throw new ArgumentException("A contact sheet needs an example.", nameof(examples));
        int width = 2 * Margin + _columns.Length * (Tile + Gap) - Gap;
        using Drawing sheet = new(width, HeadHeight + examples.Count * RowHeight + Margin, _back);
        for (int i = 0; i < _columns.Length; i++)
        {
            Rgb colour = i is 0 ? _pale : i is 1 ? _truth : i is 3 ? _shown : _found;
            sheet.Text(ColumnAt(i), Margin, _columns[i], colour, SmallSize);
        }
        for (int i = 0; i < examples.Count; i++)
            DrawRow(sheet, HeadHeight + i * RowHeight, examples[i], (float)threshold);
        return sheet.ToImage();
    }

    private static int RowHeight => CaptionHeight + Tile + FootHeight;

    private static int ColumnAt(int column) => Margin + column * (Tile + Gap);

    private static void DrawRow(Drawing sheet, int top, SceneExample example, float threshold)
    {
        sheet.Fill(Margin, top, sheet.Width - 2 * Margin, 1, _line);
        sheet.Text(Margin, top + 15, example.Phrase.Text, _text, PhraseSize);
        string about = SceneData.KindOf(example.Phrase);
        float right = sheet.Width - Margin - Drawing.TextWidth(about, SmallSize);
        sheet.Text(right, top + 18, about, _pale, SmallSize);

        int y = top + CaptionHeight;
        Paste(sheet, 0, y, example.Picture);
        Paste(sheet, 1, y, Show(example.Picture, example.Truth, _truth, 0.5f));
        Paste(sheet, 2, y, Show(example.Picture, example.ByText, _found, threshold));
        Score(sheet, 2, y, example, example.ByText, threshold);
        if (example is { Support: { } support, SupportMask: { } mask, ByPicture: { } answer })
        {
            Paste(sheet, 3, y, Show(support, mask, _shown, 0.5f));
            Paste(sheet, 4, y, Show(example.Picture, answer, _found, threshold));
            Score(sheet, 4, y, example, answer, threshold);
            return;
        }
        for (int column = 3; column < _columns.Length; column++)
            sheet.Fill(ColumnAt(column), y, Tile, Tile, _empty);
        sheet.Text(ColumnAt(3) + 14, y + Tile / 2 - 6, "no picture shows this", _pale, SmallSize);
    }

    private static Image Show(Image picture, Mask mask, Rgb colour, float threshold)
        => Overlay.Draw(picture.Resize(Tile, Tile), [mask], [colour], threshold);

    private static void Score(Drawing sheet, int column, int y, SceneExample example, Mask answer, float threshold)
    {
        SegmentationMetrics metrics = new();
        metrics.AddProbabilities(answer.Values, example.Truth.Values, classId: 0);
        string iou = FormattableString.Invariant($"IoU {metrics.Plain().ForegroundIou.At(threshold):0.00}");
        sheet.Text(ColumnAt(column), y + Tile + 8, iou, _pale, SmallSize);
    }

    private static void Paste(Drawing sheet, int column, int y, Image picture)
        => sheet.Paste(picture.Resize(Tile, Tile), ColumnAt(column), y);
}
