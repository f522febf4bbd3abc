using System.Security.Cryptography;
using System.Text;

namespace ClipSeg.Cli;

/// <summary>The files written for one picture.</summary>
internal sealed record ResultNames(string Overlay, IReadOnlyList<string> Masks);

/// <summary>
/// Names what is written, <c>IMAGE.PROMPT.png</c> and <c>IMAGE.overlay.png</c>, so that no two pictures and no two
/// prompts of one run share a file, and that every file system takes the names.
/// </summary>
internal sealed class OutputNames(string folder)
{
    // Of a file's name, 255 bytes in most file systems, in UTF-8; an ending and a number are still to come.
    private const int MaxSlugBytes = 60, MaxStemBytes = 160;
    private const string Overlay = "overlay";

    private static readonly string[] _overlayEndings = [".png", ".jpg"];

    private readonly HashSet<string> _pictures = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The files for a picture.</summary>
    public ResultNames For(string picture, IReadOnlyList<string> prompts)
    {
        string file = picture == PictureList.StandardInput ? "stdin" : Path.GetFileName(picture);
        string stem = Path.GetFileNameWithoutExtension(file);
        string name = Unique(Short(_pictures.Contains(Short(stem)) ? file : stem), _pictures);

        HashSet<string> taken = new(StringComparer.OrdinalIgnoreCase) { Overlay };
        string[] masks = [.. prompts.Select(prompt => At(Unique(Slug(prompt), taken), ".png"))];
        return new(At(Overlay, _overlayEndings[PictureNames.IsJpeg(file) ? 1 : 0]), masks);

        string At(string what, string ending) => Path.Combine(folder, $"{name}.{what}{ending}");
    }

    /// <summary>Whether a file is one that was written for a picture beside it.</summary>
    /// <param name="path">Of the file.</param>
    /// <param name="siblings">The paths of all files there; capitals do not matter.</param>
    public static bool IsResult(string path, IReadOnlySet<string> siblings)
    {
        string file = Path.GetFileName(path), place = path[..^file.Length];
        for (int dot = file.IndexOf('.'); dot >= 0; dot = file.IndexOf('.', dot + 1))
        {
            string picture = place + file[..dot];
            bool isPicture = PictureNames.Read.Prepend("").Any(ending => siblings.Contains(picture + ending));
            bool hasOverlay = _overlayEndings.Any(ending => siblings.Contains($"{picture}.{Overlay}{ending}"));
            if (hasOverlay && (isPicture || IsShort(file[..dot]))) return file.IndexOf('.', dot + 1) > 0;
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

    private static bool IsShort(string name)
        => Encoding.UTF8.GetByteCount(name) > MaxStemBytes - Rune.ReplacementChar.Utf8SequenceLength - 1;

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
