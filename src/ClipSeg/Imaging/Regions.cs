using System.Runtime.InteropServices;

namespace ClipSeg.Imaging;

/// <summary>The connected pixels of one kind in a mask, as runs along its rows.</summary>
internal sealed class Regions
{
    private readonly List<Run> _runs = [];
    private readonly List<Component> _found = [];

    /// <param name="set">Whether pixels above 0.5 are looked at, or the others.</param>
    /// <param name="diagonal">Whether pixels that share only a corner are connected.</param>
    public Regions(Mask mask, bool set, bool diagonal)
    {
        int reach = diagonal ? 1 : 0, above = 0;
        for (int y = 0; y < mask.Height; y++)
        {
            ReadOnlySpan<float> row = mask.Values.AsSpan(y * mask.Width, mask.Width);
            int first = _runs.Count, touching = above;
            for (int x = 0; x < row.Length;)
            {
                int start = x;
                while (x < row.Length && row[x] > 0.5f == set) x++;
                if (x == start)
                {
                    x++;
                    continue;
                }
                _runs.Add(new(y, start, x, _runs.Count));
                while (touching < first && _runs[touching].End + reach <= start) touching++;
                for (int i = touching; i < first && _runs[i].Start < x + reach; i++) Join(i, _runs.Count - 1);
            }
            above = first;
        }
        Number();
    }

    /// <summary>In the order of their first pixels, row by row.</summary>
    public IReadOnlyList<Component> Found => _found;

    /// <summary>The first pixel of each run, row by row from the left, and the number of its region.</summary>
    public IEnumerable<(int X, int Y, int Region)> RunStarts => _runs.Select(run => (run.Start, run.Y, run.Region));

    /// <summary>Sets the pixels of the chosen regions to 1.</summary>
    public void Fill(Mask mask, Func<Component, bool> chosen)
    {
        bool[] fills = [.. _found.Select(chosen)];
        foreach (Run run in _runs)
            if (fills[run.Region]) mask.Values.AsSpan(run.Y * mask.Width + run.Start, run.End - run.Start).Fill(1);
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
