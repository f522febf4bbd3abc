using System.Globalization;
using ClipSeg.Imaging;
using ClipSeg.Model;
using ClipSeg.Numerics;

namespace ClipSeg.Prompts;

/// <summary>
/// Another way to say where the object of a support picture is: CLIP reads the whole picture, but its attention is
/// limited by the mask.
/// </summary>
/// <param name="Scope">Which attention is limited.</param>
/// <param name="Layer">The block in which it is, 0-based; null for all.</param>
/// <param name="Exclude">
/// Whether patches off the object get no attention at all. The authors multiply their scores by 0, which does not
/// remove them (training-and-evaluation.md §3.3); so does this unless it is set.
/// </param>
public sealed record ClipMasking(AttentionMaskScope Scope, int? Layer = null, bool Exclude = false)
{
    private const string ClassToken = "cls_token";
    private const string Patches = "all";

    /// <summary>
    /// Reads the authors' names, <c>cls_token</c> and <c>all</c>, with <c>:LAYER</c> for one block only.
    /// </summary>
    /// <returns>Null if it is no such name.</returns>
    public static ClipMasking? Parse(string name)
    {
        string[] parts = name.Split(':', 2);
        AttentionMaskScope scope;
        if (parts[0] == ClassToken) scope = AttentionMaskScope.ClassToken;
        else if (parts[0] == Patches) scope = AttentionMaskScope.Patches;
        else return null;

        if (parts.Length == 1) return new(scope);
        return int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int layer)
            ? new(scope, layer)
            : null;
    }

    public override string ToString()
        => (Scope == AttentionMaskScope.ClassToken ? ClassToken : Patches) + (Layer is { } layer ? $":{layer}" : "");

    /// <summary>The mask [H, W] at one value per patch, by nearest neighbour.</summary>
    internal LayerMask At(Tensor mask, int gridHeight, int gridWidth)
    {
        Tensor keys = Tensor.Empty(1, gridHeight * gridWidth);
        Interpolation.Nearest(mask.Data, 1, mask[0], mask[1], keys.Data, gridHeight, gridWidth);
        return new(new(keys, Scope, Exclude), Layer);
    }
}
