using System.CommandLine;
using ClipSeg.Imaging;

namespace ClipSeg.Cli.Segmenting;

/// <summary>The options that say which files are written, and how.</summary>
internal sealed class SaveOptions
{
    private const string BlurName = "blur", Nothing = "none";

    private static readonly ResultKind[] _usual = [ResultKind.Overlay, ResultKind.Mask];
    private static readonly string[] _names = [.. Enum.GetValues<ResultKind>().Select(NameOf)];

    private readonly Option<ResultKind[]> _save = new("--save")
    {
        Description = $"What to write, with commas: {string.Join(", ", _names)}; or {Nothing}; by default "
            + $"{string.Join(',', _usual.Select(NameOf))}.",
        HelpName = "LIST",
    };

    private readonly Option<string?> _format = new("--format")
    {
        Description = "Of pictures; by default png, and for overlays of JPEGs jpg. Labels are PNG.",
        HelpName = "png|jpg|webp",
    };

    private readonly Option<int?> _quality = new Option<int?>("--quality")
    {
        Description = $"Of JPEG and WebP, 0 to 100; by default {Image.DefaultQuality}.",
        HelpName = "Q",
    }.Between(0, 100);

    private readonly Option<string?> _background = new("--background")
    {
        Description = "What cut-outs are laid on: a colour (white, #ffcc00), the picture out of focus (blur), or "
            + "another picture.",
        HelpName = "COLOUR|blur|PICTURE",
    };

    private readonly MaskOptions _masks = new();

    public SaveOptions()
    {
        _format.AcceptOnlyFromAmong("png", "jpg", "webp");
        _save.CustomParser = result =>
        {
            if (result.Tokens is [{ Value: Nothing }]) return [];
            List<ResultKind> kinds = [];
            foreach (string name in result.Tokens.SelectMany(token => token.Value.Split(',')))
            {
                int index = Array.IndexOf(_names, name.Trim());
                if (index < 0)
                {
                    result.AddError($"--save is '{name}', expected some of {string.Join(", ", _names)}, or {Nothing}.");
                    return [];
                }
                kinds.Add((ResultKind)index);
            }
            return [.. kinds.Distinct().Order()];
        };
    }

    public static string NameOf(ResultKind kind) => kind.ToString().ToLowerInvariant();

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_save, _format, _quality, _background]) command.Options.Add(option);
        _masks.AddTo(command);
    }

    /// <summary>What was asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="usual">What is written where nothing is said.</param>
    /// <exception cref="UsageException">Options contradict each other.</exception>
    /// <exception cref="ImageFormatException">The background cannot be read.</exception>
    public SaveWishes Read(ParseResult parsed, ResultKind[] usual)
    {
        ResultKind[] kinds = parsed.GetResult(_save) is null ? usual : parsed.GetValue(_save)!;
        string? format = parsed.GetValue(_format);
        Background? background = parsed.GetValue(_background) is { } word ? ReadBackground(word) : null;
        if (background is not null && !kinds.Contains(ResultKind.CutOut))
            throw new UsageException("--background is for cut-outs: add --save cutout.");
        if (format == "jpg" && background is null && kinds.Contains(ResultKind.CutOut))
        {
            throw new UsageException("--format jpg has no transparency for cut-outs: name a --background, or write png "
                + "or webp.");
        }
        return new()
        {
            Kinds = kinds,
            Ending = format is null ? null : $".{format}",
            Quality = parsed.GetValue(_quality) ?? Image.DefaultQuality,
            Background = background,
            Edits = _masks.Read(parsed),
        };
    }

    /// <summary>What cut-outs are laid on, as it was said: for who cannot be handed a picture.</summary>
    /// <exception cref="UsageException">It is a picture.</exception>
    public string? BackgroundWord(ParseResult parsed)
    {
        string? word = parsed.GetValue(_background);
        return word is null or BlurName || Background.ParseColour(word) is not null ? word
            : throw new UsageException($"--background is '{word}', expected a colour or {BlurName}.");
    }

    /// <summary>A colour, or what is called <c>blur</c>.</summary>
    public static Background? BackgroundOf(string? word) => word is null ? null : ReadBackground(word);

    /// <summary>What is written where nothing is said.</summary>
    public static ResultKind[] Usual => [.. _usual];

    private static Background ReadBackground(string word)
    {
        if (word == BlurName) return Background.Blur;
        if (Background.ParseColour(word) is { } colour) return Background.Of(colour);
        if (File.Exists(word)) return Background.Of(Image.Load(word));
        throw new UsageException(
            $"--background is '{word}', expected a colour (white, #ffcc00), {BlurName}, or a picture that exists.");
    }
}

/// <summary>Which files are written, and how.</summary>
internal sealed record SaveWishes
{
    /// <summary>In the order of <see cref="ResultKind"/>, each once.</summary>
    public required IReadOnlyList<ResultKind> Kinds { get; init; }

    /// <summary>.png, .jpg or .webp; null for what is usual.</summary>
    public required string? Ending { get; init; }

    /// <summary>0 to 100, of JPEG and WebP.</summary>
    public required int Quality { get; init; }

    /// <summary>Null leaves cut-outs transparent.</summary>
    public required Background? Background { get; init; }

    public required MaskEdits Edits { get; init; }
}
