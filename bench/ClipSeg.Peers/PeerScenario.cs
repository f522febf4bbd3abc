namespace ClipSeg.Peers;

/// <summary>Work that engines are compared in.</summary>
/// <param name="Key">For the JSON.</param>
/// <param name="Title">For the tables.</param>
/// <param name="Pictures">How many, one after the other.</param>
/// <param name="Prompts">For each picture.</param>
/// <param name="Side">Of a picture, in pixels.</param>
/// <param name="IsLong">A run takes so long that fewer are made.</param>
internal sealed record PeerScenario(
    string Key, string Title, int Pictures, int Prompts, int Side, bool IsLong = false)
{
    /// <summary>How the name of a whole graph ends that runs once for all prompts.</summary>
    public const string AllAtOnce = ", all prompts in a run";

    /// <summary>The ways an engine can do it: its name, and whether whole graphs run once for each prompt.</summary>
    public IEnumerable<(string Name, bool Each)> WaysOf(PeerEngine engine)
    {
        bool once = Pictures == 1 && Prompts == 1;
        if (engine.IsSplit && once) yield break;                    // nothing is shared, so nothing is saved
        bool canRepeat = Prompts > 1 && engine.Name.StartsWith("onnxruntime") && !engine.IsSplit;
        if (canRepeat) yield return ($"{engine.Name}, a run for each prompt", true);
        yield return (canRepeat ? engine.Name + AllAtOnce : engine.Name, false);
    }

    /// <summary>All that a full-size model does.</summary>
    public static IEnumerable<PeerScenario> OfFullSize()
    {
        yield return One(352);
        yield return new("ten", "One picture of 352 x 352, ten prompts", 1, 10, 352, IsLong: true);
        yield return new("many", "32 pictures of 352 x 352, one prompt", 32, 1, 352, IsLong: true);
        foreach (int side in (int[])[224, 512, 704]) yield return One(side);
    }

    /// <summary>The model in the box, at its own size.</summary>
    public static IEnumerable<PeerScenario> OfBox(int side)
    {
        yield return new("box", $"The model in the box: one picture of {side} x {side}, one prompt", 1, 1, side);
        yield return new("box-ten", $"The model in the box: one picture of {side} x {side}, ten prompts", 1, 10, side);
    }

    /// <summary>A little of each kind, for a toy model.</summary>
    public static IEnumerable<PeerScenario> Quick()
    {
        yield return One(48);
        yield return new("ten", "One picture of 48 x 48, ten prompts", 1, 10, 48);
        yield return new("many", "Two pictures of 48 x 48, one prompt", 2, 1, 48, IsLong: true);
        yield return One(64);
    }

    private static PeerScenario One(int side)
        => new($"one-{side}", $"One picture of {side} x {side}, one prompt", 1, 1, side, IsLong: side > 512);
}
