using ClipSeg.Scenes.Artwork;

namespace ClipSeg.Scenes;

/// <summary>Where an object lies, alone or with respect to another; clear cases only.</summary>
internal static class SceneRelation
{
    private const float Margin = 0.15f;         // of the picture's side: a clear difference
    private const float Slack = 0.02f;          // a difference that nobody would call one
    private const float Outer = 0.36f;          // on the left: the centre is within this share of the side

    /// <summary>Place phrases, and which way each looks: along x or y, towards 0 or the far side.</summary>
    public static ReadOnlySpan<string> Places => _places;

    public static ReadOnlySpan<string> Predicates => _predicates;

    private static readonly string[] _places = ["on the left", "on the right", "at the top", "at the bottom"];
    private static readonly string[] _predicates = ["next to", "above", "below", "to the left of", "to the right of"];

    /// <summary>Whether the object is at this place of the picture, the only one of its kind.</summary>
    public static bool IsAt(int place, SceneObject a, int side) => Along(place, a, side) < Outer * side;

    /// <summary>Whether one object is clearly nearer to this place than another.</summary>
    public static bool IsNearer(int place, SceneObject a, SceneObject b, int side)
        => Along(place, b, side) - Along(place, a, side) > Margin * side;

    /// <summary>Whether a is, say, above b.</summary>
    public static Truth Holds(int predicate, SceneObject a, SceneObject b, int side)
    {
        float right = b.CentreX - a.CentreX, down = b.CentreY - a.CentreY;
        return predicate switch
        {
            0 => Near(a, b, side),
            1 => Beyond(down, right, side),
            2 => Beyond(-down, right, side),
            3 => Beyond(right, down, side),
            _ => Beyond(-right, down, side),
        };
    }

    private static float Along(int place, SceneObject a, int side) => place switch
    {
        0 => a.CentreX,
        1 => side - a.CentreX,
        2 => a.CentreY,
        _ => side - a.CentreY,
    };

    private static Truth Beyond(float ahead, float aside, int side)
    {
        if (ahead < Slack * side) return Truth.No;
        return ahead > Margin * side && MathF.Abs(aside) < ahead ? Truth.Yes : Truth.Doubtful;
    }

    private static Truth Near(SceneObject a, SceneObject b, int side)
    {
        int gapX = Math.Max(a.Left, b.Left) - Math.Min(a.Right, b.Right);
        int gapY = Math.Max(a.Top, b.Top) - Math.Min(a.Bottom, b.Bottom);
        if (MathF.Max(gapX, gapY) > 0.22f * side) return Truth.No;

        // Boxes that overlap a lot: one lies on the other rather than beside it. Centres far apart for the objects'
        // size: a thin slanted thing reaches into a box whose object is elsewhere.
        float overlap = (float)Math.Max(0, -gapX) * Math.Max(0, -gapY), smaller = MathF.Min(Area(a), Area(b));
        float dx = a.CentreX - b.CentreX, dy = a.CentreY - b.CentreY, reach = a.Size + b.Size;
        bool close = MathF.Max(gapX, gapY) < 0.05f * side && dx * dx + dy * dy < 0.7f * reach * reach;
        return close && overlap < 0.4f * smaller ? Truth.Yes : Truth.Doubtful;
    }

    private static float Area(SceneObject a) => (a.Right - a.Left + 1f) * (a.Bottom - a.Top + 1);
}
