using System.Text;

namespace ClipSeg.Cli;

/// <summary>The files written for one picture.</summary>
internal sealed record PictureNames(string Overlay, IReadOnlyList<string> Masks);

/// <summary>
/// Names what is written, <c>IMAGE.PROMPT.png</c> and <c>IMAGE.overlay.png</c>, so that no two pictures and no two
/// prompts of one run share a file.
/// </summary>
internal sealed class OutputNames(string folder)
{
    private const int MaxSlugLength = 60;

    private readonly HashSet<string> _pictures = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Creates the folder if there is none.</summary>
    public PictureNames For(string picture, IReadOnlyList<string> prompts)
    {
        Directory.CreateDirectory(folder);
        string stem = Path.GetFileNameWithoutExtension(picture);
        string name = _pictures.Contains(stem) ? Path.GetFileName(picture) : stem;
        name = Unique(name, _pictures);

        const string Overlay = "overlay";
        HashSet<string> taken = new(StringComparer.OrdinalIgnoreCase) { Overlay };
        string[] masks = [.. prompts.Select(prompt => At(Unique(Slug(prompt), taken)))];
        return new(At(Overlay), masks);

        string At(string what) => Path.Combine(folder, $"{name}.{what}.png");
    }

    /// <summary>Letters and digits of any script, the rest as single hyphens.</summary>
    internal static string Slug(string prompt)
    {
        StringBuilder slug = new();
        foreach (char c in prompt.ToLowerInvariant())
        {
            if (char.IsLetterOrDigit(c)) slug.Append(c);
            else if (slug.Length > 0 && slug[^1] != '-') slug.Append('-');
            if (slug.Length == MaxSlugLength) break;
        }
        string trimmed = slug.ToString().Trim('-');
        return trimmed.Length > 0 ? trimmed : "prompt";
    }

    private static string Unique(string name, HashSet<string> taken)
    {
        string unique = name;
        for (int n = 2; !taken.Add(unique); n++) unique = $"{name}-{n}";
        return unique;
    }
}
