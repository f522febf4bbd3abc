using System.Security.Cryptography;
using System.Text;
using ClipSeg.Imaging;

namespace ClipSeg.Cli.Segmenting;

/// <summary>The files that may be written for one picture.</summary>
/// <param name="stem">The path that they all begin with.</param>
/// <param name="prompts">A name for each prompt.</param>
/// <param name="isJpeg">Whether the picture is a JPEG, as its overlay is then.</param>
/// <param name="ending">The one that was asked for; null for what is usual.</param>
internal sealed class ResultNames(string stem, IReadOnlyList<string> prompts, bool isJpeg, string? ending)
{
    /// <summary>The path that they all begin with.</summary>
    public string Stem => stem;

    public string Overlay => this[ResultKind.Overlay];

    /// <summary>One for each prompt.</summary>
    public IReadOnlyList<string> Masks => [.. prompts.Select((_, i) => this[ResultKind.Mask, i])];

    /// <summary>The file of a kind; where there is one for each prompt, of this one.</summary>
    public string this[ResultKind kind, int prompt = 0] => kind switch
    {
        ResultKind.Overlay or ResultKind.Labels => $"{stem}.{SaveOptions.NameOf(kind)}{EndingOf(kind)}",
        ResultKind.Mask or ResultKind.Npy => $"{stem}.{prompts[prompt]}{EndingOf(kind)}",
        _ => $"{stem}.{prompts[prompt]}.{SaveOptions.NameOf(kind)}{EndingOf(kind)}",
    };

    /// <summary>How the file of a kind ends: .png, .jpg, .webp or .npy.</summary>
    public string EndingOf(ResultKind kind) => kind switch
    {
        ResultKind.Npy => ".npy",
        ResultKind.Labels => ".png",
        ResultKind.Overlay => ending ?? (isJpeg ? ".jpg" : ".png"),
        _ => ending ?? ".png",
    };
}

/// <summary>
/// Names what is written, <c>IMAGE.PROMPT.png</c> and <c>IMAGE.overlay.png</c>, so that no two pictures and no two
/// prompts of one run share a file, and that every file system takes the names.
/// </summary>
/// <param name="folder">Where they are written.</param>
/// <param name="ending">The one that was asked for; null for what is usual.</param>
internal sealed class OutputNames(string folder, string? ending = null)
{
    // Of a file's name, 255 bytes in most file systems, in UTF-8; an ending and a number are still to come.
    private const int MaxSlugBytes = 60, MaxStemBytes = 160;
    private const int HeaderBytes = 4096;       // of a file, more than one of ours has before its pixels
    private const string Overlay = "overlay";

    private static readonly string[] _overlayEndings = [".png", ".jpg", ".webp"];

    // What stands between a prompt and the ending, or in a prompt's place.
    private static readonly string[] _marks =
    [
        .. new[] { ResultKind.Binary, ResultKind.CutOut, ResultKind.Heatmap, ResultKind.Labels }
            .Select(SaveOptions.NameOf),
    ];

    private readonly HashSet<string> _pictures = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The files for a picture.</summary>
    /// <param name="picture">Its path, or - for standard input.</param>
    /// <param name="prompts">All that are looked for.</param>
    /// <param name="place">The folder in the output's; empty for that itself.</param>
    public ResultNames For(string picture, IReadOnlyList<string> prompts, string place = "")
    {
        string file = picture == PictureList.StandardInput ? "stdin" : Path.GetFileName(picture);
        string stem = Path.GetFileNameWithoutExtension(file);
        bool isTaken = _pictures.Contains(Path.Combine(place, Short(stem)));
        string name = Unique(Path.Combine(place, Short(isTaken ? file : stem)), _pictures);

        return Of(Path.Combine(folder, name), file, prompts, ending);
    }

    /// <summary>The files for a picture whose names begin with this, whatever others there are.</summary>
    /// <param name="stem">The path that they all begin with.</param>
    /// <param name="file">The picture's name.</param>
    /// <param name="prompts">All that are looked for.</param>
    /// <param name="ending">The one that was asked for; null for what is usual.</param>
    public static ResultNames Of(string stem, string file, IReadOnlyList<string> prompts, string? ending)
    {
        HashSet<string> taken = new(StringComparer.OrdinalIgnoreCase) { Overlay };
        foreach (string mark in _marks) taken.Add(mark);
        string[] slugs = [.. prompts.Select(prompt => Unique(Slug(prompt), taken))];
        return new(stem, slugs, PictureNames.IsJpeg(file), ending);
    }

    /// <summary>Whether a file is one that was written for a picture beside it.</summary>
    /// <remarks>
    /// It is named like one, and lies beside an overlay of its picture, or says what kind of result it is, or is grey,
    /// as masks are: other files that are named so are pictures.
    /// </remarks>
    /// <param name="path">Of the file.</param>
    /// <param name="siblings">The paths of all files there; capitals do not matter.</param>
    public static bool IsResult(string path, IReadOnlySet<string> siblings)
    {
        string file = Path.GetFileName(path), place = path[..^file.Length];
        bool isMarked = _marks.Contains(Path.GetExtension(Path.GetFileNameWithoutExtension(file)).TrimStart('.'));
        for (int dot = file.IndexOf('.'); dot >= 0; dot = file.IndexOf('.', dot + 1))
        {
            string picture = place + file[..dot];
            int last = file.LastIndexOf('.');
            if (last == dot || !IsPicture(picture, siblings)) continue;
            if (isMarked || _overlayEndings.Any(ending => siblings.Contains($"{picture}.{Overlay}{ending}")))
                return true;
            if (IsSlug(file[(dot + 1)..last]) && IsMask(path)) return true;
        }
        return false;
    }

    /// <summary>Letters and digits of any script, the rest as single hyphens.</summary>
    internal static string Slug(string prompt)
    {
        StringBuilder slug = new();
        foreach (char c in prompt.ToLowerInvariant())
        {
            if (char.IsLetterOrDigit(c)) slug.Append(c);
            else if (slug.Length > 0 && slug[^1] != '-') slug.Append('-');
            if (slug.Length == MaxSlugBytes) break;
        }
        string trimmed = Start(slug.ToString(), MaxSlugBytes).Trim('-');
        return trimmed.Length > 0 ? trimmed : "prompt";
    }

    /// <summary>The same name if it is not too long, otherwise its start and a number made of all of it.</summary>
    private static string Short(string name)
    {
        if (Encoding.UTF8.GetByteCount(name) <= MaxStemBytes) return name;
        const int DigestBytes = 4;
        string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name))[..DigestBytes]);
        return $"{Start(name, MaxStemBytes - 2 * DigestBytes - 1)}-{digest}";
    }

    /// <summary>Whether results whose names begin so are those of a file there.</summary>
    private static bool IsPicture(string stem, IReadOnlySet<string> siblings)
    {
        if (PictureNames.Read.Prepend("").Any(ending => siblings.Contains(stem + ending))) return true;
        string name = Path.GetFileName(stem);
        bool mayBeShort = Encoding.UTF8.GetByteCount(name) > MaxStemBytes - Rune.ReplacementChar.Utf8SequenceLength - 1;
        return mayBeShort && siblings.Select(Path.GetFileName).Any(file => PictureNames.IsRead(file!)
            && (Short(file!) == name || Short(Path.GetFileNameWithoutExtension(file)!) == name));
    }

    private static bool IsSlug(string text)
        => text.Length > 0 && text.All(c => c == '-' || (char.IsLetterOrDigit(c) && c == char.ToLowerInvariant(c)));

    private static bool IsMask(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            byte[] start = new byte[HeaderBytes];
            return PictureFile.MayBeMask(start.AsSpan(0, file.ReadAtLeast(start, start.Length, false)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>As many whole letters as fit.</summary>
    private static string Start(string text, int bytes)
    {
        int length = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bytes -= rune.Utf8SequenceLength;
            if (bytes < 0) break;
            length += rune.Utf16SequenceLength;
        }
        return text[..length];
    }

    private static string Unique(string name, HashSet<string> taken)
    {
        string unique = name;
        for (int n = 2; !taken.Add(unique); n++) unique = $"{name}-{n}";
        return unique;
    }
}
