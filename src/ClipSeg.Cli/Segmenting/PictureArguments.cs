using System.CommandLine;
using System.Text.RegularExpressions;
using ClipSeg.Imaging;
using ClipSeg.Text;

namespace ClipSeg.Cli.Segmenting;

/// <summary>Pictures and prompts as somebody types them, in one list: which word is which.</summary>
internal sealed partial class PictureArguments
{
    private readonly Argument<string[]> _words = new("PICTURE|PROMPT")
    {
        Description = "Pictures: files, folders, wildcards, or - for standard input. "
            + "Every other word is a prompt: what to find.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string[]> _prompts = new("--prompt", "-p")
    {
        Description = "What to find, in words. With this option all words without one are pictures.",
        HelpName = "TEXT",
    };

    private readonly Option<string?> _file = new("--prompts")
    {
        Description = "A text file with a prompt on each line.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _list = new("--list")
    {
        Description = "A text file with a picture on each line, or - for such lines on standard input.",
        HelpName = "FILE",
    };

    private readonly Option<bool> _recursive = new("--recursive", "-r")
    {
        Description = "Look into folders in folders; results lie in folders of the same names.",
    };

    public void AddTo(Command command)
    {
        command.Arguments.Add(_words);
        command.Options.Add(_prompts);
        command.Options.Add(_file);
        command.Options.Add(_list);
        command.Options.Add(_recursive);
    }

    /// <summary>Whether folders in folders are looked into.</summary>
    public bool IsRecursive(ParseResult parsed) => parsed.GetValue(_recursive);

    /// <summary>Tells pictures from prompts.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="results">The folder where results go, which holds no pictures.</param>
    /// <param name="openInput">Opens standard input; null if a person would have to type.</param>
    /// <param name="mayBeNone">Whether no picture is no mistake: some may come, or frames instead.</param>
    /// <exception cref="UsageException">A word can be neither.</exception>
    /// <exception cref="IOException">A picture does not exist, or there is none.</exception>
    public PicturesAndPrompts Read(
        ParseResult parsed, string? results, Func<Stream?> openInput, bool mayBeNone = false)
    {
        string[] words = parsed.GetValue(_words) ?? [], named = parsed.GetValue(_prompts) ?? [];
        PictureList pictures = new(IsRecursive(parsed), results);
        List<string> prompts = [];
        foreach (string word in words)
        {
            if (!TryAdd(word, pictures, mustBePicture: named.Length > 0)) prompts.Add(word);
        }
        prompts.AddRange(named);
        if (parsed.GetValue(_list) is { } list)
        {
            foreach (string path in ReadList(list, openInput)) pictures.Add(path);
        }
        if (parsed.GetValue(_file) is { } file)
        {
            IReadOnlyList<string> lines = PromptFile.Read(file);
            if (lines.Count == 0) throw new InvalidDataException($"{file} holds no prompt.");
            prompts.AddRange(lines);
        }
        if (prompts.Any(string.IsNullOrWhiteSpace))
            throw new UsageException("A prompt is empty: say what to find.");
        if (pictures.Count == 0 && !mayBeNone)
        {
            string known = string.Join(", ", PictureNames.Read);
            if (pictures.Empty is { } source)
                throw new FileNotFoundException($"'{source}' holds no picture ({known}).");
            throw new UsageException("No picture: name a file, a folder, a wildcard, or - for standard input."
                + (prompts.Count > 0 ? $" '{prompts[0]}' is none, and was taken for a prompt." : ""));
        }
        return new(pictures, prompts);
    }

    /// <summary>A path on each line; one that does not exist is an error of that picture, later.</summary>
    private static IEnumerable<string> ReadList(string list, Func<Stream?> openInput)
    {
        bool isInput = list == PictureList.StandardInput;
        using Stream stream = !isInput ? File.OpenRead(list) : openInput()
            ?? throw new UsageException("--list - reads names from standard input, and nothing is piped into it.");
        using StreamReader lines = new(stream);
        while (lines.ReadLine() is { } line)
        {
            if (line.Length == 0) continue;
            if (line == PictureList.StandardInput)
                throw new UsageException("--list names '-', standard input; it has to hold paths of files.");
            yield return line;
        }
    }

    /// <summary>Adds a word to the pictures, if it means some.</summary>
    private static bool TryAdd(string word, PictureList pictures, bool mustBePicture)
    {
        if (string.IsNullOrWhiteSpace(word)) return false;
        if (Address().IsMatch(word))
            throw new UsageException($"'{word}' is an address; this program opens files only: download it first.");
        if (word == PictureList.StandardInput || Path.Exists(word))
        {
            pictures.Add(word);
            return true;
        }
        bool isWildcard = word.AsSpan().ContainsAny('*', '?');
        if (isWildcard && pictures.AddMatches(word)) return true;
        if (!mustBePicture && !LooksLikePath(word)) return false;
        string lacks = isWildcard ? "No file matches" : "There is no picture";
        string remedy = mustBePicture ? "" : " If it is what to find, say so with --prompt.";
        throw new FileNotFoundException($"{lacks} '{word}'.{remedy}");
    }

    private static bool LooksLikePath(string word)
        => word.AsSpan().ContainsAny('/', '\\') || PictureNames.HasExtensionOfPictures(word)
            || (word.Contains('*') && !word.Contains(' '));

    [GeneratedRegex(@"^[a-z][a-z0-9+.-]+://", RegexOptions.IgnoreCase)]
    private static partial Regex Address();
}

/// <summary>What the words of a command line mean.</summary>
internal sealed record PicturesAndPrompts(PictureList Pictures, IReadOnlyList<string> Prompts);
