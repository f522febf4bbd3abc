using System.CommandLine;
using ClipSeg.Scenes.Artwork;

namespace ClipSeg.Cli;

/// <summary>The options of commands that draw scenes: where the artwork and the backgrounds are.</summary>
internal sealed class ArtworkOptions
{
    private readonly Option<string> _artwork = new("--artwork")
    {
        Description = "Emoji artwork, as scripts/get-data.cs fetches it.",
        HelpName = "DIR",
        DefaultValueFactory = _ => Path.Combine("data", "emoji"),
    };

    private readonly Option<string?> _photos = new("--photos")
    {
        Description = "A folder of photographs for half of the backgrounds.",
        HelpName = "DIR",
    };

    private readonly Option<string?> _styles = new("--styles")
    {
        Description = $"Art styles, with commas; by default all but {EmojiCatalogue.UnseenStyle}, kept for tests.",
        HelpName = "NAMES",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_styles);
        command.Options.Add(_artwork);
        command.Options.Add(_photos);
    }

    /// <param name="parsed">What was said.</param>
    /// <param name="training">Whether all of it is drawn again and again.</param>
    public EmojiCatalogue Catalogue(ParseResult parsed, bool training = false)
    {
        string folder = parsed.GetValue(_artwork)!;
        if (!Directory.Exists(folder))
            throw new IOException($"There is no artwork in '{folder}'. Fetch it with: dotnet run scripts/get-data.cs");
        string[] styles = parsed.GetValue(_styles)?.Split(
            ',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        return EmojiCatalogue.Load(folder, styles, training ? ArtworkCache.OfTraining : ArtworkCache.Usual);
    }

    /// <summary>For a command that draws no scenes this time: options that change nothing are mistakes.</summary>
    /// <param name="parsed">What was said.</param>
    /// <param name="only">The option that they go with.</param>
    /// <exception cref="UsageException">One of these options was given.</exception>
    public void Refuse(ParseResult parsed, string only)
    {
        foreach (Option option in (Option[])[_artwork, _photos])
        {
            if (parsed.GetResult(option) is { Implicit: false })
                throw new UsageException($"{option.Name} goes with {only} only.");
        }
    }

    public PhotoFolder? Photos(ParseResult parsed) => parsed.GetValue(_photos) is { } folder ? new(folder) : null;
}
