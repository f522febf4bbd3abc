using System.Runtime.InteropServices;

namespace ClipSeg.Imaging;

/// <summary>The connected pixels of one kind in a mask, as runs along its lines: rows, or columns.</summary>
internal sealed class Regions
{
    private readonly List<Run> _runs = [];
    private readonly List<Component> _found = [];
    private readonly int _reach;

    // Where the runs of the line above begin, those of this line, and the first above that may touch the next one.
    private int _above, _first, _touching;
    private int _line = -1;

    /// <param name="set">Whether pixels above the level are looked at, or the others.</param>
    /// <param name="diagonal">Whether pixels that share only a corner are connected.</param>
    public Regions(Mask mask, bool set, bool diagonal, float level = 0.5f)
        : this(diagonal)
    {
        byte[] row = new byte[mask.Width];
        byte looked = set ? (byte)1 : (byte)0;
        for (int y = 0; y < mask.Height; y++)
        {
            SetPixels.Find(mask.Values.AsSpan(y * mask.Width, mask.Width), level, row);
            for (int start = 0; start < row.Length;)
            {
                int before = row.AsSpan(start).IndexOf(looked);
                if (before < 0) break;
                start += before;
                int length = row.AsSpan(start).IndexOfAnyExcept(looked);
                int end = length < 0 ? row.Length : start + length;
                Add(y, start, end);
                start = end;
            }
        }
        Number();
    }

    private Regions(bool diagonal) => _reach = diagonal ? 1 : 0;

    /// <summary>The connected pixels that are 1, with x and y exchanged: lines are columns.</summary>
    public static Regions OfColumns(CocoRle runs)
    {
        Regions regions = new(diagonal: true);
        long at = 0;
        for (int i = 0; i < runs.Counts.Count; at += runs.Counts[i++])
        {
            long end = i % 2 == 1 ? at + runs.Counts[i] : at;
            for (long top = at; top < end;)
            {
                int column = (int)(top / runs.Height);
                long bottom = Math.Min(end, (column + 1L) * runs.Height);
                regions.Add(column, (int)(top % runs.Height), (int)(bottom - (long)column * runs.Height));
                top = bottom;
            }
        }
        regions.Number();
        return regions;
    }

    /// <summary>In the order of their first pixels, line by line.</summary>
    public IReadOnlyList<Component> Found => _found;

    /// <summary>Each run, line by line, up to its end and without that, and the number of its region.</summary>
    public IEnumerable<(int Line, int Start, int End, int Region)> Runs
        => _runs.Select(run => (run.Y, run.Start, run.End, run.Region));

    /// <summary>Sets the pixels of the chosen regions to 1.</summary>
    public void Fill(Mask mask, Func<Component, bool> chosen)
    {
        bool[] fills = [.. _found.Select(chosen)];
        foreach (Run run in _runs)
            if (fills[run.Region]) mask.Values.AsSpan(run.Y * mask.Width + run.Start, run.End - run.Start).Fill(1);
    }

    /// <summary>Adds a run behind all others, and joins it with those of the line before that touch it.</summary>
    private void Add(int line, int start, int end)
    {
        if (line != _line)
        {
            (_above, _first) = (line == _line + 1 ? _first : _runs.Count, _runs.Count);
            (_touching, _line) = (_above, line);
        }
        _runs.Add(new(line, start, end, _runs.Count));
        while (_touching < _first && _runs[_touching].End + _reach <= start) _touching++;
        for (int i = _touching; i < _first && _runs[i].Start < end + _reach; i++) Join(i, _runs.Count - 1);
    }

    private void Join(int a, int b)
    {
        Span<Run> runs = CollectionsMarshal.AsSpan(_runs);
        (a, b) = (Root(runs, a), Root(runs, b));
        runs[Math.Max(a, b)].Region = Math.Min(a, b);
    }

    private static int Root(Span<Run> runs, int i)
    {
        while (runs[i].Region != i) i = runs[i].Region = runs[runs[i].Region].Region;
        return i;
    }

    /// <summary>From trees of runs, whose parents come before them, to numbers of regions.</summary>
    private void Number()
    {
        Span<Run> runs = CollectionsMarshal.AsSpan(_runs);
        for (int i = 0; i < runs.Length; i++)
        {
            Run run = runs[i];
            Component here = new(run.Start, run.Y, run.End - run.Start, 1, run.End - run.Start);
            if (run.Region == i)
            {
                runs[i].Region = _found.Count;
                _found.Add(here);
            }
            else
            {
                int region = runs[i].Region = runs[run.Region].Region;
                _found[region] = Union(_found[region], here);
            }
        }
    }

    private static Component Union(Component a, Component b)
    {
        int x = Math.Min(a.X, b.X), y = Math.Min(a.Y, b.Y);
        int right = Math.Max(a.X + a.Width, b.X + b.Width), bottom = Math.Max(a.Y + a.Height, b.Y + b.Height);
        return new(x, y, right - x, bottom - y, a.Area + b.Area);
    }

    /// <summary>Pixels from Start up to, not including, End.</summary>
    /// <param name="region">While runs are joined, another run of its region, or itself; its number afterwards.</param>
    private struct Run(int y, int start, int end, int region)
    {
        public readonly int Y = y, Start = start, End = end;
        public int Region = region;
    }
}
