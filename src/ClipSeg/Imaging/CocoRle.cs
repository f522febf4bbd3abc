using System.Text;

namespace ClipSeg.Imaging;

/// <summary>
/// A binary mask as COCO writes it: how many pixels are 0, then 1, then 0 and so on, down the columns from the left.
/// </summary>
public sealed class CocoRle
{
    private const int GroupBits = 5, Sign = 0x10, More = 0x20, FirstLetter = '0';
    private const int MaxShift = 6 * GroupBits;     // seven groups hold every difference of two counts

    private readonly long[] _counts;

    /// <param name="width">In pixels, at least 1.</param>
    /// <param name="height">In pixels, at least 1.</param>
    /// <param name="counts">Begins with zeros (0 if the first pixel is set); together all pixels.</param>
    /// <exception cref="ArgumentException">The counts do not make a mask of this size.</exception>
    public CocoRle(int width, int height, IReadOnlyList<long> counts)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        long pixels = (long)width * height, sum = 0;
        if (pixels > Array.MaxLength) throw new ArgumentException($"A mask of {width}x{height} is too large.");
        for (int i = 0; i < counts.Count; i++)
        {
            if (counts[i] < 0 || counts[i] > pixels)
                throw new ArgumentException($"Run length {i} is {counts[i]}, expected 0 to {pixels}.");
            sum += counts[i];
        }
        if (sum != pixels)
        {
            throw new ArgumentException(
                $"The run lengths add up to {sum} pixels, expected {pixels} of a mask of {width}x{height}.");
        }
        (Width, Height, _counts) = (width, height, [.. counts]);
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Pixels of 0, of 1, of 0 and so on: COCO's uncompressed "counts".</summary>
    public IReadOnlyList<long> Counts => _counts;

    /// <summary>How many pixels are 1.</summary>
    public long Area
    {
        get
        {
            long area = 0;
            for (int i = 1; i < _counts.Length; i += 2) area += _counts[i];
            return area;
        }
    }

    /// <summary>The smallest box around the pixels that are 1, and how many those are; zeros for none.</summary>
    internal Component Box
    {
        get
        {
            long at = 0;
            int left = Width, right = -1, top = Height, bottom = -1;
            for (int i = 0; i < _counts.Length; at += _counts[i++])
            {
                if (i % 2 == 0 || _counts[i] == 0) continue;
                long last = at + _counts[i] - 1;
                (left, right) = (Math.Min(left, (int)(at / Height)), (int)(last / Height));
                // A run that goes on in the next column reaches the bottom of one and the top of the other.
                bool isInColumn = at / Height == last / Height;
                top = isInColumn ? Math.Min(top, (int)(at % Height)) : 0;
                bottom = isInColumn ? Math.Max(bottom, (int)(last % Height)) : Height - 1;
            }
            return right < 0 ? default : new(left, top, right - left + 1, bottom - top + 1, checked((int)Area));
        }
    }

    /// <summary>The runs of a mask's pixels, set (above 0.5) or not.</summary>
    public static CocoRle Of(Mask mask) => Of(mask, 0.5f);

    /// <summary>The same where another value parts the pixels.</summary>
    internal static CocoRle Of(Mask mask, float level)
    {
        byte[] set = new byte[mask.Values.Length];
        SetPixels.Find(mask.Values, level, set);
        List<long> counts = [];
        long run = 0;
        byte now = 0;
        for (int x = 0; x < mask.Width; x++)
        {
            for (int i = x; i < set.Length; i += mask.Width)
            {
                if (set[i] != now)
                {
                    counts.Add(run);
                    (run, now) = (0, set[i]);
                }
                run++;
            }
        }
        counts.Add(run);
        return new(mask.Width, mask.Height, counts);
    }

    /// <summary>
    /// Reads COCO's compressed "counts": five bits a character from the lowest up, with a sign at the end; from the
    /// fourth on, differences to the last but one.
    /// </summary>
    /// <exception cref="ArgumentException">The text is no such counts, or not of a mask of this size.</exception>
    public static CocoRle Parse(string text, int width, int height)
    {
        List<long> counts = [];
        for (int i = 0; i < text.Length;)
        {
            long value = 0;
            for (int shift = 0; ; shift += GroupBits)
            {
                if (i == text.Length) throw new ArgumentException("Compressed run lengths end within a number.");
                int group = text[i] - FirstLetter;
                if (group is < 0 or > (More << 1) - 1)
                    throw new ArgumentException($"Compressed run lengths have the character {text[i]} at {i}.");
                if (shift > MaxShift) throw new ArgumentException($"Compressed run lengths have a huge number at {i}.");
                i++;
                value |= (long)(group & (More - 1)) << shift;
                if ((group & More) != 0) continue;
                if ((group & Sign) != 0) value |= -1L << (shift + GroupBits);
                break;
            }
            counts.Add(counts.Count > 2 ? value + counts[^2] : value);
        }
        return new(width, height, counts);
    }

    /// <summary>COCO's compressed "counts", which <see cref="Parse"/> reads.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        for (int i = 0; i < _counts.Length; i++)
        {
            long value = i > 2 ? _counts[i] - _counts[i - 2] : _counts[i];
            bool more = true;
            while (more)
            {
                int group = (int)(value & (More - 1));
                value >>= GroupBits;
                more = value != ((group & Sign) != 0 ? -1 : 0);
                text.Append((char)(FirstLetter + (more ? group | More : group)));
            }
        }
        return text.ToString();
    }

    /// <summary>The binary mask of these runs.</summary>
    public Mask ToMask()
    {
        Mask mask = new(Width, Height);
        Fill(mask);
        return mask;
    }

    /// <summary>Each connected part of the pixels that are 1 (<see cref="Mask.Components"/>) as a mask of this size, in
    /// the order of their first pixels, column by column.</summary>
    internal IReadOnlyList<CocoRle> Parts()
    {
        Regions regions = Regions.OfColumns(this);
        List<long>[] counts = [.. regions.Found.Select(_ => new List<long>())];
        long[] ends = new long[counts.Length];
        foreach ((int column, int top, int bottom, int part) in regions.Runs)
        {
            long at = (long)column * Height + top;
            // A run that goes on in the next column is one.
            if (counts[part].Count > 0 && ends[part] == at) counts[part][^1] += bottom - top;
            else counts[part].AddRange([at - ends[part], bottom - top]);
            ends[part] = at + bottom - top;
        }
        long pixels = (long)Width * Height;
        for (int i = 0; i < counts.Length; i++)
            if (ends[i] < pixels) counts[i].Add(pixels - ends[i]);
        return [.. counts.Select(part => new CocoRle(Width, Height, part))];
    }

    /// <summary>Sets the pixels that are 1 and leaves the others.</summary>
    /// <param name="mask">Of this size.</param>
    internal void Fill(Mask mask)
    {
        int x = 0, y = 0;
        for (int i = 0; i < _counts.Length; i++)
        {
            for (long left = _counts[i]; left > 0;)
            {
                int here = (int)Math.Min(left, Height - y);
                if (i % 2 == 1)
                    for (int end = y + here, row = y; row < end; row++) mask[x, row] = 1;
                left -= here;
                y += here;
                if (y == Height) (x, y) = (x + 1, 0);
            }
        }
    }
}
