using System.Text;
using System.Text.Json;

namespace ClipSeg.Cli.Segmenting;

/// <summary>What a run has finished: a hidden file of JSON lines beside its results, which a later run can go on from.
/// </summary>
/// <remarks>
/// The first line says what was asked for, each of the others that all files of a picture are in their places. A line
/// that a kill has cut off does not count.
/// </remarks>
internal sealed class Journal : IDisposable
{
    public const string FileName = ".clipseg-journal.jsonl";

    private readonly FileStream _file;
    private readonly Dictionary<string, long> _offsets = new(StringComparer.Ordinal);

    private Journal(FileStream file) => _file = file;

    /// <summary>Begins one anew, or goes on with one that has the same settings.</summary>
    /// <param name="folder">Where the results are written.</param>
    /// <param name="settings">All that the results depend on.</param>
    /// <param name="resume">Whether to go on with one that is there.</param>
    /// <exception cref="UsageException">The one that is there has other settings.</exception>
    public static Journal Open(string folder, IReadOnlyDictionary<string, string> settings, bool resume)
    {
        Directory.CreateDirectory(folder);
        Journal journal = new(new(Path.Combine(folder, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite,
            FileShare.Read));
        try
        {
            if (!resume || !journal.Read(folder, settings))
            {
                journal._offsets.Clear();
                journal._file.SetLength(0);
                journal.Append(Json.Of(new(settings), Json.Line.JournalHead));
            }
            return journal;
        }
        catch
        {
            journal.Dispose();
            throw;
        }
    }

    /// <summary>What became of a picture, if it has not changed since and all its files are there.</summary>
    public PictureResult? Find(PictureStamp stamp)
    {
        if (!_offsets.TryGetValue(stamp.Path, out long offset)) return null;
        JournalEntry? entry;
        lock (_file)
        {
            _file.Position = offset;
            using StreamReader reader = new(_file, leaveOpen: true);
            entry = Json.Parse(reader.ReadLine()!, Json.Line.JournalEntry);
        }
        return entry is not null && entry.Stamp == stamp && entry.Result.Files().All(File.Exists) ? entry.Result : null;
    }

    /// <summary>Notes that all files of a picture are in their places.</summary>
    public void Add(PictureStamp stamp, PictureResult result)
        => Append(Json.Of(new(stamp, result), Json.Line.JournalEntry));

    public void Dispose() => _file.Dispose();

    private void Append(string line)
    {
        lock (_file)
        {
            _file.Seek(0, SeekOrigin.End);
            _file.Write(Encoding.UTF8.GetBytes(line + "\n"));
            _file.Flush();
        }
    }

    /// <summary>Where each picture's last line is; false if there is nothing to go on from.</summary>
    private bool Read(string folder, IReadOnlyDictionary<string, string> settings)
    {
        long whole = 0;
        bool hasHead = false;
        foreach ((long offset, string line) in Lines())
        {
            if (!hasHead)
            {
                JournalHead? head = Json.Parse(line, Json.Line.JournalHead);
                if (head is null) return false;
                Compare(folder, head.Settings, settings);
                hasHead = true;
            }
            else if (Json.Parse(line, Json.Line.JournalEntry) is { } entry)
            {
                _offsets[entry.Stamp.Path] = offset;
            }
            else
            {
                throw new InvalidDataException($"'{Path.Combine(folder, FileName)}' is damaged at byte {offset}: "
                    + "start without --resume, which begins it anew.");
            }
            whole = offset + Encoding.UTF8.GetByteCount(line) + 1;
        }
        _file.SetLength(whole);
        return hasHead;
    }

    /// <summary>The lines that have an end, with where they begin.</summary>
    private IEnumerable<(long Offset, string Line)> Lines()
    {
        _file.Position = 0;
        using MemoryStream line = new();
        byte[] buffer = new byte[1 << 16];
        long offset = 0;
        for (int read; (read = _file.Read(buffer)) > 0;)
        {
            for (int start = 0; start < read;)
            {
                int end = Array.IndexOf(buffer, (byte)'\n', start, read - start);
                line.Write(buffer, start, (end < 0 ? read : end) - start);
                if (end < 0) break;
                yield return (offset, Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length));
                offset += line.Length + 1;
                line.SetLength(0);
                start = end + 1;
            }
        }
    }

    private static void Compare(
        string folder, IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> now)
    {
        foreach (string name in before.Keys.Union(now.Keys))
        {
            (string? old, string? asked) = (before.GetValueOrDefault(name), now.GetValueOrDefault(name));
            if (old == asked) continue;
            throw new UsageException($"'{folder}' holds results of another command: {name} was {Shown(old)}, and is "
                + $"{Shown(asked)} now. Leave out --resume to start anew, or choose another folder with -o.");
        }
    }

    private static string Shown(string? value) => value is null ? "not given" : $"'{value}'";
}

/// <summary>A picture's file as it was when it was read.</summary>
/// <param name="Path">In full.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Modified">When it was last written, in ticks of UTC.</param>
internal sealed record PictureStamp(string Path, long Bytes, long Modified)
{
    /// <summary>That of a file; null if there is none.</summary>
    public static PictureStamp? Of(string path)
    {
        FileInfo file = new(path);
        return file.Exists ? new(file.FullName, file.Length, file.LastWriteTimeUtc.Ticks) : null;
    }
}

internal sealed record JournalHead(IReadOnlyDictionary<string, string> Settings);

internal sealed record JournalEntry(PictureStamp Stamp, PictureResult Result);
