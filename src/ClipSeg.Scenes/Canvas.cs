using ClipSeg.Imaging;
using ClipSeg.Scenes.Artwork;

namespace ClipSeg.Scenes;

/// <summary>A scene while it is being drawn: the picture, and which object every pixel shows.</summary>
internal sealed class Canvas(Image picture)
{
    public Image Picture => picture;

    /// <summary>[height, width]: 0 is background, i + 1 object i.</summary>
    public byte[] Labels { get; } = new byte[picture.Width * picture.Height];

    /// <summary>How many pixels of every object, by label, the stamp would hide.</summary>
    public void CountCovered(Stamp stamp, Span<int> covered)
    {
        for (int y = 0; y < stamp.Height; y++)
        {
            ReadOnlySpan<byte> labels = Labels.AsSpan((stamp.Y + y) * picture.Width + stamp.X, stamp.Width);
            ReadOnlySpan<uint> row = stamp.Row(y);
            for (int x = 0; x < row.Length; x++)
                if (Stamp.IsSolid(row[x])) covered[labels[x]]++;
        }
    }

    /// <summary>
    /// Puts the stamp in front of everything else; where it is at least half opaque it takes the pixel's label.
    /// </summary>
    public void Draw(Stamp stamp, byte label, Tint tint)
    {
        for (int y = 0; y < stamp.Height; y++)
        {
            int first = (stamp.Y + y) * picture.Width + stamp.X;
            Span<byte> labels = Labels.AsSpan(first, stamp.Width);
            Span<byte> pixels = picture.Pixels.AsSpan(first * 3, stamp.Width * 3);
            ReadOnlySpan<uint> row = stamp.Row(y);
            for (int x = 0; x < row.Length; x++)
            {
                uint p = row[x], alpha = p >> 24;
                if (alpha == 0) continue;
                if (Stamp.IsSolid(p)) labels[x] = label;
                uint rest = 255 - alpha;
                Span<byte> rgb = pixels.Slice(x * 3, 3);
                rgb[0] = (byte)(Math.Min(alpha, (p & 255) * tint.Red >> 8) + rgb[0] * rest / 255);
                rgb[1] = (byte)(Math.Min(alpha, (p >> 8 & 255) * tint.Green >> 8) + rgb[1] * rest / 255);
                rgb[2] = (byte)(Math.Min(alpha, (p >> 16 & 255) * tint.Blue >> 8) + rgb[2] * rest / 255);
            }
        }
    }

    /// <summary>Puts an object's shadow on everything that is there so far.</summary>
    public void Darken(Sprite sprite, Pose pose, Shadow shadow)
    {
        float side = Math.Max(sprite.Width, sprite.Height) * pose.Scale;
        Pose moved = pose with { CentreX = pose.CentreX + shadow.X * side, CentreY = pose.CentreY + shadow.Y * side };
        using Stamp stamp = new(sprite, moved, picture.Width, shadow.Softness);
        uint strength = (uint)(shadow.Strength * 256);
        for (int y = 0; y < stamp.Height; y++)
        {
            Span<byte> pixels = picture.Pixels.AsSpan(((stamp.Y + y) * picture.Width + stamp.X) * 3, stamp.Width * 3);
            ReadOnlySpan<uint> row = stamp.Row(y);
            for (int x = 0; x < row.Length; x++)
            {
                uint light = 256 - ((row[x] >> 24) * strength >> 8);
                if (light == 256) continue;
                foreach (ref byte value in pixels.Slice(x * 3, 3)) value = (byte)(value * light >> 8);
            }
        }
    }

    /// <summary>Measures every object where it is seen.</summary>
    public SceneObject[] Measure(List<Placed> placed)
    {
        Extent[] extents = [.. placed.Select(_ => new Extent())];
        for (int y = 0; y < picture.Height; y++)
        {
            for (int x = 0; x < picture.Width; x++)
            {
                int i = y * picture.Width + x;
                if (Labels[i] > 0) extents[Labels[i] - 1].Add(x, y, picture.Pixels.AsSpan(i * 3, 3));
            }
        }
        return [.. placed.Select((p, i) => extents[i].ToObject(p))];
    }

    private sealed class Extent
    {
        private readonly ColourShares _colours = new();
        private int _left = int.MaxValue, _top = int.MaxValue, _right = -1, _bottom = -1, _pixels;
        private long _sumX, _sumY;

        public void Add(int x, int y, ReadOnlySpan<byte> rgb)
        {
            (_left, _right) = (Math.Min(_left, x), Math.Max(_right, x));
            (_top, _bottom) = (Math.Min(_top, y), Math.Max(_bottom, y));
            (_sumX, _sumY, _pixels) = (_sumX + x, _sumY + y, _pixels + 1);
            _colours.Add(rgb);
        }

        public SceneObject ToObject(Placed placed) => new()
        {
            Concept = placed.Concept,
            Sprite = placed.Sprite,
            Pixels = _pixels,
            VisibleFraction = MathF.Min(1, _pixels / placed.Total),
            Left = _left,
            Top = _top,
            Right = _right,
            Bottom = _bottom,
            CentreX = _sumX / (float)_pixels,
            CentreY = _sumY / (float)_pixels,
            Colours = _colours,
        };
    }
}
