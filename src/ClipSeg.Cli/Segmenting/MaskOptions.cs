using System.CommandLine;
using ClipSeg.Imaging;

namespace ClipSeg.Cli.Segmenting;

/// <summary>The options that say what counts as found, and what becomes of its shape.</summary>
internal sealed class MaskOptions
{
    private const float MostPixels = 10_000;

    private readonly Option<ThresholdRule?> _threshold = new("--threshold", "-t")
    {
        Description = "The probability from which a pixel counts as found, 0 to 1, by default 0.5; or what parts each "
            + "mask best in two (otsu), or half of its largest (peak).",
        HelpName = "N|otsu|peak",
    };

    private readonly Option<int?> _guided = new Option<int?>("--guided")
    {
        Description = "The radius in pixels in which edges of masks move to those of the picture, by default a 64th of "
            + "its longer side; 0 leaves masks as the model makes them.",
        HelpName = "R",
    }.Between(0, (int)MostPixels);

    private readonly Option<bool> _fillHoles = new("--fill-holes") { Description = "Fill holes." };

    private readonly Option<int?> _dropBelow = new Option<int?>("--drop-below")
    {
        Description = "Drop connected parts of fewer pixels.",
        HelpName = "AREA",
    }.Between(1, int.MaxValue);

    private readonly Option<bool> _keepLargest = new("--keep-largest")
    {
        Description = "Keep the largest connected part only.",
    };

    private readonly Option<float?> _grow = new Option<float?>("--grow")
    {
        Description = "Grow by N pixels.",
        HelpName = "N",
    }.Between(0, MostPixels);

    private readonly Option<float?> _shrink = new Option<float?>("--shrink")
    {
        Description = "Shrink by N pixels; with --grow, after it, which closes gaps.",
        HelpName = "N",
    }.Between(0, MostPixels);

    private readonly Option<float?> _feather = new Option<float?>("--feather")
    {
        Description = "Make the edge soft, over N pixels to both sides.",
        HelpName = "N",
    }.Between(0.1f, MostPixels);

    private readonly Option<bool> _invert = new("--invert")
    {
        Description = "Last of all, take everything but what was found.",
    };

    public MaskOptions() => _threshold.CustomParser = result =>
    {
        string word = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (ThresholdRule.Parse(word) is { } rule) return rule;
        result.AddError($"--threshold is '{word}', expected a number in 0..1, otsu or peak.");
        return null;
    };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_threshold, _guided, _fillHoles, _dropBelow, _keepLargest, _grow, _shrink,
            _feather, _invert])
        {
            command.Options.Add(option);
        }
    }

    public MaskEdits Read(ParseResult parsed) => new()
    {
        Threshold = parsed.GetValue(_threshold) ?? new MaskEdits().Threshold,
        Guided = parsed.GetValue(_guided),
        FillHoles = parsed.GetValue(_fillHoles),
        DropBelow = parsed.GetValue(_dropBelow),
        KeepLargest = parsed.GetValue(_keepLargest),
        Grow = parsed.GetValue(_grow),
        Shrink = parsed.GetValue(_shrink),
        Feather = parsed.GetValue(_feather),
        Invert = parsed.GetValue(_invert),
    };
}
