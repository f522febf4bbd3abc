using ClipSeg.Imaging;
using ClipSeg.Numerics;

namespace ClipSeg.Model;

/// <summary>Attention limited to an object inside CLIP's vision tower (training-and-evaluation.md §3.3).</summary>
/// <param name="Mask">What attention is multiplied with.</param>
/// <param name="Layer">The block it acts in, 0-based; null for all.</param>
internal sealed record LayerMask(AttentionMask Mask, int? Layer = null);

/// <summary>
/// CLIP's vision transformer; or one that was trained on pictures alone, which has a bias on its patches and no norm
/// before its blocks.
/// </summary>
/// <remarks>Checkpoint scopes: <c>clip.vision_model</c> and <c>clip.visual_projection</c>.</remarks>
internal sealed class VisionTower
{
    private readonly ClipSegConfig _config;
    private readonly Parameter _classEmbedding;
    private readonly Parameter _patchEmbedding;
    private readonly Parameter? _patchBias;
    private readonly Parameter _positionEmbedding;
    private readonly LayerNorm? _preLayrnorm;
    private readonly EncoderLayer[] _layers;
    private readonly LayerNorm _postLayernorm;
    private readonly Linear _visualProjection;
    private readonly Lock _cache = new();
    private (int Height, int Width, Parameter Positions)? _stretched;

    /// <param name="clip">The scope <c>clip</c>.</param>
    public VisionTower(Weights clip, ClipSegConfig c)
    {
        _config = c;
        (int width, float eps) = (c.Vision.Width, c.Vision.LayerNormEps);
        Weights w = clip.Scope("vision_model"), embeddings = w.Scope("embeddings");
        _classEmbedding = embeddings.Get("class_embedding", Role.ClassEmbedding, 1, width);
        _patchEmbedding = embeddings.Get("patch_embedding.weight", Role.Patches, 3 * c.PatchSize * c.PatchSize,
            width, 3, c.PatchSize, c.PatchSize);
        if (c.Vision.ImageOnly)
        {
            _patchBias = embeddings.Get(
                "patch_embedding.bias", Role.Bias, 3 * c.PatchSize * c.PatchSize, width);
        }
        _positionEmbedding = embeddings.Get(
            "position_embedding.weight", Role.PositionEmbedding, 1, c.Grid * c.Grid + 1, width);
        if (!c.Vision.ImageOnly) _preLayrnorm = new(w.Scope("pre_layrnorm"), width, eps);       // sic
        _layers = [.. Enumerable.Range(0, c.Vision.Layers)
            .Select(i => new EncoderLayer(w.Scope($"encoder.layers.{i}"), c.Vision))];
        _postLayernorm = new(w.Scope("post_layernorm"), width, eps);
        _visualProjection = new(clip.Scope("visual_projection"), Role.Projection, width, c.EmbeddingWidth, bias: false);
    }

    /// <summary>
    /// What the decoder reads: normalised pixels [B, 3, H, W] → for each of the config's extracted layers, shallow
    /// first, [B, 1 + GH * GW, C]. H and W are multiples of the patch size; blocks after the last extracted one are not
    /// run.
    /// </summary>
    public Tensor[] Activations(Tensor pixels) => Run(pixels, _config.ExtractLayers.Max() + 1, null).Activations;

    /// <summary>CLIP's image embedding: normalised pixels [B, 3, H, W] → [B, E], not normalised.</summary>
    public Tensor Embed(Tensor pixels, LayerMask? mask = null)
    {
        using TensorScope scope = new();
        Tensor x = Run(pixels, _layers.Length, mask).Last;                      // [B, T, C]
        return scope.Keep(Project(x));                                          // [B, E]
    }

    private Tensor Project(Tensor x)
        => _visualProjection.Forward(_postLayernorm.Forward(x.Pick(new int[x[0]])));

    /// <summary>Runs the first <paramref name="count"/> blocks.</summary>
    private (Tensor Last, Tensor[] Activations) Run(Tensor pixels, int count, LayerMask? mask)
    {
        int patch = _config.PatchSize;
        if (pixels.Rank != 4 || pixels[1] != 3 || pixels[2] % patch != 0 || pixels[3] % patch != 0
            || pixels.Length == 0)
            Throw.Shape("Vision tower", pixels.Shape, $"[B, 3, multiple of {patch}, multiple of {patch}]");

        using TensorScope scope = new();
        Tensor x = pixels.Patches(patch);                                       // [B, N, 3 * P * P]
        x = x.Linear(_patchEmbedding, _patchBias);                              // [B, N, C]
        x = x.Prepend(_classEmbedding);                                         // [B, 1 + N, C]
        x = x.AddPositions(Positions(pixels[2] / patch, pixels[3] / patch));         // [B, T, C]
        if (_preLayrnorm is not null) x = _preLayrnorm.Forward(x);              // [B, T, C]

        Tensor[] activations = new Tensor[_config.ExtractLayers.Count];
        for (int i = 0; i < count; i++)
        {
            using TensorScope block = new();
            x = block.Keep(_layers[i].Forward(x, mask: mask is null || (mask.Layer ?? i) != i ? null : mask.Mask));
            for (int s = 0; s < activations.Length; s++)
            {
                if (_config.ExtractLayers[s] == i) activations[s] = scope.Keep(x);
            }
        }
        return (scope.Keep(x), activations);
    }

    /// <summary>
    /// The position table for a grid: the one in the checkpoint, or it stretched as PyTorch's bicubic interpolation
    /// does, the class token's row as it is. The last one is remembered.
    /// </summary>
    private Parameter Positions(int height, int width)
    {
        int grid = _config.Grid, c = _config.Vision.Width;
        if (height == grid && width == grid) return _positionEmbedding;
        lock (_cache)
        {
            if (_stretched is { } known && known.Height == height && known.Width == width) return known.Positions;

            ReadOnlySpan<float> table = _positionEmbedding.Value.Data;          // [1 + G * G, C]
            float[] source = new float[c * grid * grid], target = new float[c * height * width];
            Kernels.Transpose(table[c..], grid * grid, c, c, source, grid * grid);
            Interpolation.Bicubic(source, c, grid, grid, target, height, width);
            float[] stretched = new float[(1 + height * width) * c];
            table[..c].CopyTo(stretched);
            Kernels.Transpose(target, c, height * width, height * width, stretched.AsSpan(c), c);
            Parameter positions = new(_positionEmbedding.Name, [1 + height * width, c],
                (first, y) => stretched.AsSpan((int)first, y.Length).CopyTo(y));
            _stretched = (height, width, positions);
            return positions;
        }
    }
}
