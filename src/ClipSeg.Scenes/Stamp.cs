using System.Buffers;
using ClipSeg.Numerics;
using ClipSeg.Scenes.Artwork;

namespace ClipSeg.Scenes;

/// <summary>How an object lies in the picture; the scale is scene pixels for each of the artwork's.</summary>
internal readonly record struct Pose(float Scale, float Cos, float Sin, bool Mirrored, float CentreX, float CentreY)
{
    private const float MostTilted = 0.28f;         // tan of half the angle: 31 degrees
    private const float TumbledShare = 0.15f;       // of objects, which may lie up to a quarter turn either way

    /// <summary>A random pose whose longer side has this many pixels of the scene.</summary>
    public static Pose Next(Sprite sprite, float longSide, float x, float y, ref RandomStream random)
    {
        // Cosine and sine by the half-angle formulas: only products and quotients, which every platform rounds alike.
        float most = random.Chance(TumbledShare) ? 1 : MostTilted, t = random.Between(-most, most), d = 1 + t * t;
        float scale = longSide / Math.Max(sprite.Width, sprite.Height);
        return new(scale, (1 - t * t) / d, 2 * t / d, random.Chance(0.5f), x, y);
    }
}

/// <summary>A mild change of colour and brightness, in 1/256.</summary>
internal readonly record struct Tint(uint Red, uint Green, uint Blue)
{
    public static Tint Next(ref RandomStream random)
    {
        float light = random.Between(0.8f, 1.12f);
        return new(Gain(light, ref random), Gain(light, ref random), Gain(light, ref random));
    }

    private static uint Gain(float light, ref RandomStream random)
        => (uint)(256 * light * random.Between(0.93f, 1.07f));
}

/// <summary>Where the light comes from, and how much of it an object takes from what lies behind.</summary>
/// <param name="X">How far the shadow falls, as a share of the object's longer side.</param>
/// <param name="Y">As X; positive is down.</param>
/// <param name="Softness">The shadow's detail is 2^Softness times coarser than the object's.</param>
/// <param name="Strength">0 is none, 1 black.</param>
internal sealed record Shadow(float X, float Y, int Softness, float Strength)
{
    public static Shadow Next(ref RandomStream random) => new(random.Between(-0.15f, 0.15f),
        random.Between(0, 0.15f), 2 + random.Next(3), random.Between(0.15f, 0.6f));
}

/// <summary>A sprite, turned and scaled, as it will cover the picture. Returns its memory when disposed.</summary>
internal sealed class Stamp : IDisposable
{
    private const int One = 1 << 16;

    private readonly uint[] _pixels;

    /// <param name="coarser">Draws from a copy that is 2^coarser times smaller than it should be: a blur.</param>
    public Stamp(Sprite sprite, Pose pose, int size, int coarser = 0)
    {
        float w = sprite.Width * pose.Scale / 2, h = sprite.Height * pose.Scale / 2;
        float reachX = MathF.Abs(pose.Cos) * w + MathF.Abs(pose.Sin) * h + 1;
        float reachY = MathF.Abs(pose.Sin) * w + MathF.Abs(pose.Cos) * h + 1;
        X = Math.Clamp((int)(pose.CentreX - reachX), 0, size);
        Y = Math.Clamp((int)(pose.CentreY - reachY), 0, size);
        Width = Math.Clamp((int)(pose.CentreX + reachX) + 1, X, size) - X;
        Height = Math.Clamp((int)(pose.CentreY + reachY) + 1, Y, size) - Y;
        _pixels = ArrayPool<uint>.Shared.Rent(Math.Max(1, Width * Height));
        _pixels.AsSpan(0, Width * Height).Clear();
        Sample(sprite, pose, coarser);
    }

    public int X { get; }

    public int Y { get; }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Pixels that are at least half opaque.</summary>
    public int Solid { get; private set; }

    public ReadOnlySpan<uint> Row(int y) => _pixels.AsSpan(y * Width, Width);

    public static bool IsSolid(uint pixel) => pixel >= 128u << 24;

    public void Dispose() => ArrayPool<uint>.Shared.Return(_pixels);

    private void Sample(Sprite sprite, Pose pose, int coarser)
    {
        SpriteLevel level = sprite.Level((1 << coarser) / pose.Scale, out int shift);
        float step = 1 / (pose.Scale * (1 << shift)), stepX = pose.Mirrored ? -step : step;
        int ux = (int)(pose.Cos * stepX * One), uy = (int)(pose.Sin * stepX * One);
        int vx = (int)(-pose.Sin * step * One), vy = (int)(pose.Cos * step * One);
        float dx = X + 0.5f - pose.CentreX, dy = Y + 0.5f - pose.CentreY;

        // + 0.5: the border's pixel in front, and half a pixel back to the first centre.
        float u0 = (pose.Cos * dx + pose.Sin * dy) * stepX + sprite.Width / 2f / (1 << shift) + 0.5f;
        float v0 = (pose.Cos * dy - pose.Sin * dx) * step + sprite.Height / 2f / (1 << shift) + 0.5f;
        int u = (int)(u0 * One), v = (int)(v0 * One);
        for (int y = 0; y < Height; y++, u += uy, v += vy)
        {
            (int first, int last) = (0, Width - 1);
            Clip(u, ux, (level.Width + 1) * One, ref first, ref last);
            Clip(v, vx, (level.Height + 1) * One, ref first, ref last);
            Span<uint> row = _pixels.AsSpan(y * Width, Width);
            for (int x = first; x <= last; x++)
            {
                row[x] = level.Sample(u + x * ux, v + x * vx);
                if (IsSolid(row[x])) Solid++;
            }
        }
    }

    // Keeps the x for which 0 <= start + x * step < limit.
    private static void Clip(int start, int step, int limit, ref int first, ref int last)
    {
        if (step < 0) (start, step) = (limit - 1 - start, -step);
        if (step == 0)
        {
            if (start < 0 || start >= limit) last = first - 1;
            return;
        }
        if (start < 0) first = Math.Max(first, (int)((-(long)start + step - 1) / step));
        last = Math.Min(last, start >= limit ? -1 : (int)((limit - 1L - start) / step));
    }
}
