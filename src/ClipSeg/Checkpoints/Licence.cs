using System.Text;

namespace ClipSeg.Checkpoints;

/// <summary>What the files of a model say about its licence.</summary>
internal static class Licence
{
    private const int MaxBytes = 1 << 16;       // as much as is read of a card

    private static readonly string[] _cards = ["README.md", "MODEL_CARD.md"];
    private static readonly string[] _texts = ["LICENSE", "LICENSE.txt", "LICENSE.md"];

    // The first line of a licence's text, as far as it says which one it is.
    private static readonly (string Begins, string Name)[] _known =
    [
        ("MIT License", "mit"), ("The MIT License", "mit"), ("Apache License", "apache-2.0"),
        ("BSD 3-Clause License", "bsd-3-clause"), ("Creative Commons", "cc (see the text)"),
        ("GNU GENERAL PUBLIC LICENSE", "gpl"),
    ];

    public static bool IsFile(string name) => _texts.Contains(name) || _cards.Contains(name);

    /// <summary>Paths of the files that say it, which go with the model wherever it goes.</summary>
    public static IEnumerable<string> Of(Checkpoint checkpoint)
        => _texts.Concat(_cards).Select(checkpoint.File).OfType<string>();

    /// <summary>
    /// The name in the head of a model's card, else what the first line of a licence's text says; null without either.
    /// </summary>
    /// <param name="pathOf">The path of a file of the model; null if it has none of that name.</param>
    public static string? NameOf(Func<string, string?> pathOf)
    {
        foreach (string path in _cards.Select(pathOf).OfType<string>())
        {
            if (InCard(Read(path)) is { } name) return name;
        }
        foreach (string path in _texts.Select(pathOf).OfType<string>())
        {
            string first = Read(path).Split('\n').Select(line => line.Trim(' ', '#', '\r', '\t'))
                .FirstOrDefault(line => line.Length > 0) ?? "";
            (string Begins, string Name) known = Array.Find(
                _known, licence => first.StartsWith(licence.Begins, StringComparison.OrdinalIgnoreCase));
            return known.Name ?? $"see {path}";
        }
        return null;
    }

    /// <summary>A card begins with lines of YAML between two rules.</summary>
    private static string? InCard(string text)
    {
        string? name = null;
        bool head = false;
        foreach (string line in text.Split('\n').Select(line => line.TrimEnd()))
        {
            if (line == "---")
            {
                if (head) break;
                head = true;
            }
            else if (!head)
            {
                break;
            }
            else if (line.StartsWith("license:", StringComparison.Ordinal))
            {
                name ??= Value(line);
            }
            else if (line.StartsWith("license_name:", StringComparison.Ordinal))
            {
                name = Value(line);     // "license" is just "other" then
            }
        }
        return name is { Length: > 0 } ? name : null;

        static string Value(string line) => line[(line.IndexOf(':') + 1)..].Trim(' ', '"', '\'');
    }

    private static string Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        byte[] start = new byte[Math.Min(file.Length, MaxBytes)];
        file.ReadExactly(start);
        return Encoding.UTF8.GetString(start);
    }
}
