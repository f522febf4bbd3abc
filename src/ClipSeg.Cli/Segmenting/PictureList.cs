using System.Collections;
using ClipSeg.Imaging;

namespace ClipSeg.Cli.Segmenting;

/// <summary>A picture to work on.</summary>
/// <param name="Path">As it was named, or <see cref="PictureList.StandardInput"/>.</param>
/// <param name="Place">The folder below the one that was named in which it lies; empty for that itself.</param>
internal sealed record PictureSource(string Path, string Place = "");

/// <summary>
/// The pictures to work on, each once, in the order of the command line, and how many files were passed over.
/// </summary>
/// <remarks>
/// In a folder, and where a wildcard begins with an asterisk, hidden files, folders, what is not named like a picture
/// and what this program wrote earlier is passed over.
/// </remarks>
/// <param name="recursive">Whether folders in folders are looked into.</param>
/// <param name="results">A folder that is not looked into, as it is where results go; null for none.</param>
internal sealed class PictureList(bool recursive = false, string? results = null) : IReadOnlyCollection<PictureSource>
{
    /// <summary>What standard input is called.</summary>
    public const string StandardInput = "-";

    private readonly string? _results = results is null ? null : Path.GetFullPath(results);
    private readonly List<PictureSource> _pictures = [];
    private readonly List<string> _folders = [];
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _passedOver = new(StringComparer.Ordinal);

    public int Count => _pictures.Count;

    /// <summary>A folder or wildcard without a picture; null if there was none such.</summary>
    public string? Empty { get; private set; }

    /// <summary>"folders (1), hidden files (2)"; null if nothing was passed over.</summary>
    public string? PassedOver
        => _passedOver.Count == 0 ? null : string.Join(", ", _passedOver.Select(p => $"{p.Key} ({p.Value})"));

    /// <summary>The folders that were named.</summary>
    public IReadOnlyList<string> Folders => _folders;

    /// <summary>Adds a file, a folder's pictures, or standard input.</summary>
    public void Add(string path)
    {
        if (!Directory.Exists(path))
        {
            AddOne(new(path));
            return;
        }
        _folders.Add(path);
        int before = Count;
        AddFolder(path, "");
        if (Count == before) NoteEmpty(path);
    }

    /// <summary>Adds what matches a wildcard; false if nothing does.</summary>
    public bool AddMatches(string wildcard)
    {
        string[] found = [.. Wildcard.Find(wildcard)];
        if (found.Length == 0) return false;
        int before = Count;
        AddPictures(found, "");
        if (Count == before) NoteEmpty(wildcard);
        return true;
    }

    public IEnumerator<PictureSource> GetEnumerator() => _pictures.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private void AddFolder(string path, string place)
    {
        AddPictures(Directory.GetFileSystemEntries(path), place);
        if (!recursive) return;
        DirectoryInfo[] inner = new DirectoryInfo(path).GetDirectories();
        foreach (DirectoryInfo folder in inner.OrderBy(f => f.Name, StringComparer.Ordinal))
        {
            // A link may lead in a circle.
            bool isInner = !folder.Name.StartsWith('.') && folder.LinkTarget is null && folder.FullName != _results;
            if (isInner) AddFolder(Path.Combine(path, folder.Name), Path.Combine(place, folder.Name));
        }
    }

    private void AddPictures(string[] paths, string place)
    {
        HashSet<string> names = new(paths, StringComparer.OrdinalIgnoreCase);
        foreach (string path in paths.Order(StringComparer.Ordinal))
        {
            if (Reason(path, names) is not { } reason) AddOne(new(path, place));
            else if (!recursive || !Directory.Exists(path)) PassOver(reason);
        }
    }

    private void NoteEmpty(string source)
    {
        PassOver("folders without pictures");
        Empty ??= source;
    }

    private void PassOver(string reason) => _passedOver[reason] = _passedOver.GetValueOrDefault(reason) + 1;

    private void AddOne(PictureSource picture)
    {
        string path = picture.Path;
        if (_known.Add(path == StandardInput ? path : Path.GetFullPath(path))) _pictures.Add(picture);
    }

    /// <summary>Why a file is passed over; null if it is not.</summary>
    private static string? Reason(string path, HashSet<string> siblings)
    {
        if (Path.GetFileName(path).StartsWith('.')) return "hidden files";
        if (Directory.Exists(path)) return "folders";
        if (!PictureNames.IsRead(path)) return "files not named like pictures";
        return OutputNames.IsResult(path, siblings) ? "results of this program" : null;
    }
}
