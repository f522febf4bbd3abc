namespace ClipSeg.Cli.Segmenting;

/// <summary>The pictures that appear in folders, one after another, until somebody stops waiting.</summary>
/// <remarks>It looks again and again, which works on every disk and over every network.</remarks>
/// <param name="folders">With all that is in them, if it was said so.</param>
/// <param name="recursive">Whether folders in folders are looked into.</param>
/// <param name="results">A folder that is not looked into; null for none.</param>
internal sealed class WatchedFolders(IReadOnlyList<string> folders, bool recursive, string? results)
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(0.5);

    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>Says that a picture is not new.</summary>
    public void See(PictureSource picture) => _seen.Add(Path.GetFullPath(picture.Path));

    /// <summary>Each new picture once, as soon as its file has not changed from one look to the next.</summary>
    /// <param name="stops">Waiting ends with any of these.</param>
    public IEnumerable<PictureSource> Follow(params CancellationToken[] stops)
    {
        WaitHandle[] handles = [.. stops.Select(stop => stop.WaitHandle)];
        Dictionary<string, PictureStamp> changing = [];
        do
        {
            PictureList now = new(recursive, results);
            foreach (string folder in folders.Where(Directory.Exists)) now.Add(folder);
            foreach (PictureSource picture in now)
            {
                if (PictureStamp.Of(picture.Path) is not { } stamp || _seen.Contains(stamp.Path)) continue;
                bool isWhole = changing.GetValueOrDefault(stamp.Path) == stamp;
                changing[stamp.Path] = stamp;
                if (!isWhole) continue;
                changing.Remove(stamp.Path);
                _seen.Add(stamp.Path);
                yield return picture;
            }
        }
        while (WaitHandle.WaitAny(handles, _interval) == WaitHandle.WaitTimeout);
    }
}
