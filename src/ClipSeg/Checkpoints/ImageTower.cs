using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Numerics;

namespace ClipSeg.Checkpoints;

/// <summary>
/// A vision transformer that learned from pictures and labels, to stand where CLIP's vision tower does: the paper's
/// baseline ViTSeg. Its file has timm's names (vit_base_patch16_384) or Hugging Face's (ViTModel).
/// </summary>
/// <remarks>
/// training-and-evaluation.md §1.8. It has no embedding in common with texts: as in the paper, a random projection
/// that is never trained stands for one, so that pictures as prompts say nothing.
/// </remarks>
internal sealed class ImageTower : IDisposable
{
    private const string Tower = "clip.vision_model.", Layers = Tower + "encoder.layers.";
    private const string Projection = "clip.visual_projection.weight", Weights = "model.safetensors";
    private const string Patches = Tower + "embeddings.patch_embedding.weight";
    private const string Positions = Tower + "embeddings.position_embedding.weight";
    private const string Query = "attn.qkv.", ClassToken = "class_embedding";
    private const int HeadWidth = 64;               // of every ViT that is published
    private const float TimmEps = 1e-6f, HuggingFaceEps = 1e-12f;

    // Whole names or beginnings of them; the first that fits counts. What is for labels alone has none.
    private static readonly (string From, string To)[] _names =
    [
        ("cls_token", Tower + "embeddings.class_embedding"),
        ("pos_embed", Positions),
        ("patch_embed.proj.", Tower + "embeddings.patch_embedding."),
        ("norm.", Tower + "post_layernorm."),
        ("blocks.", Layers),
        ("embeddings.cls_token", Tower + "embeddings.class_embedding"),
        ("embeddings.position_embeddings", Positions),
        ("embeddings.patch_embeddings.projection.", Tower + "embeddings.patch_embedding."),
        ("layernorm.", Tower + "post_layernorm."),
        ("encoder.layer.", Layers),
    ];

    private static readonly (string From, string To)[] _inLayers =
    [
        ("norm1.", "layer_norm1."), ("norm2.", "layer_norm2."), ("attn.proj.", "self_attn.out_proj."),
        ("layernorm_before.", "layer_norm1."), ("layernorm_after.", "layer_norm2."),
        ("attention.attention.query.", "self_attn.q_proj."), ("attention.attention.key.", "self_attn.k_proj."),
        ("attention.attention.value.", "self_attn.v_proj."), ("attention.output.dense.", "self_attn.out_proj."),
        ("intermediate.dense.", "mlp.fc1."), ("output.dense.", "mlp.fc2."),
    ];

    private readonly TensorFile _file;
    private readonly string _path;
    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);
    private readonly bool _timm;

    private ImageTower(string path, TensorFile file)
    {
        (_path, _file, _timm) = (path, file, file.Tensors.ContainsKey("pos_embed"));
        foreach ((string key, StoredTensor tensor) in file.Tensors)
            foreach (StoredTensor mapped in Map(key.StartsWith("vit.") ? key["vit.".Length..] : key, tensor))
                _tensors[mapped.Name] = mapped.Finite(path);
    }

    /// <summary>Opens a file of weights, or a folder with model.safetensors.</summary>
    /// <exception cref="CheckpointException">It is none, or is no vision transformer.</exception>
    public static ImageTower Open(string path)
    {
        TensorFile file = TensorFile.Open(Directory.Exists(path) ? Path.Combine(path, Weights) : path);
        try
        {
            ImageTower tower = new(path, file);
            tower.Shape(Patches, 4);
            tower.Shape(Positions, 2);
            return tower;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The config of a network with this vision tower in place of its own.</summary>
    /// <exception cref="CheckpointException">The tensors' shapes are none of a vision transformer.</exception>
    public ClipSegConfig In(ClipSegConfig clip)
    {
        int[] patches = Shape(Patches, 4), positions = Shape(Positions, 2);
        (int width, int patch) = (patches[0], patches[3]);
        int grid = (int)Math.Round(Math.Sqrt(positions[0] - 1));
        if (grid < 1 || (long)grid * grid != positions[0] - 1)
            throw new CheckpointException($"'{_path}': {positions[0]} positions are no square grid and a class token.");
        int layers = 0;
        while (_tensors.ContainsKey($"{Layers}{layers}.layer_norm1.weight")) layers++;
        return clip with
        {
            Vision = new()
            {
                Width = width,
                Layers = layers,
                Heads = Math.Max(1, width / HeadWidth),
                MlpWidth = Shape($"{Layers}0.mlp.fc1.weight", 2)[0],
                LayerNormEps = _timm ? TimmEps : HuggingFaceEps,
                ImageOnly = true,
            },
            PatchSize = patch,
            ImageSize = checked(grid * patch),
        };
    }

    /// <summary>The tensors of such a network.</summary>
    /// <param name="clip">Those of the other.</param>
    /// <param name="config">What <see cref="In(ClipSegConfig)"/> says.</param>
    /// <param name="seed">Of the random projection.</param>
    public IReadOnlyDictionary<string, StoredTensor> In(
        IReadOnlyDictionary<string, StoredTensor> clip, ClipSegConfig config, uint seed)
    {
        int[] shape = [config.EmbeddingWidth, config.Vision.Width];
        Tensor projection = new(new float[Tensor.Count(shape)], shape);
        Initialisation.Fill(projection.Data, Role.Projection, Part.Vision, config.Vision.Layers, config.Vision.Width,
            shape, Projection, seed);
        Dictionary<string, StoredTensor> all = clip.Where(t => !t.Key.StartsWith(Tower, StringComparison.Ordinal))
            .Concat(_tensors).ToDictionary(t => t.Key, t => t.Value, StringComparer.Ordinal);
        all[Projection] = StoredTensor.Of(Projection, projection);
        return all;
    }

    public void Dispose() => _file.Dispose();

    private static IEnumerable<StoredTensor> Map(string key, StoredTensor tensor)
    {
        if (Replace(key, _names) is not { } name) return [];
        if (!name.StartsWith(Layers, StringComparison.Ordinal))
            return [Without(tensor.Renamed(name), ones: name.EndsWith(ClassToken) ? 2 : name == Positions ? 1 : 0)];
        int at = name.IndexOf('.', Layers.Length) + 1;
        (string layer, string rest) = (name[..at], name[at..]);
        if (!rest.StartsWith(Query, StringComparison.Ordinal))
            return [tensor.Renamed(layer + (Replace(rest, _inLayers) ?? rest))];
        string part = rest[Query.Length..];
        if (tensor.Shape.Length == 0 || tensor.Shape[0] % 3 != 0 || tensor.Shape[0] == 0)
            throw new CheckpointException($"Tensor {BinaryFile.Quote(key)} has no rows for q, k and v.");
        int rows = tensor.Shape[0] / 3;
        return [.. ((string[])["q", "k", "v"]).Select(
            (letter, i) => tensor.Rows($"{layer}self_attn.{letter}_proj.{part}", i * rows, rows))];
    }

    /// <summary>Without the axes of length 1 in front.</summary>
    private static StoredTensor Without(StoredTensor tensor, int ones)
    {
        bool fits = tensor.Shape.Length > ones && !tensor.Shape[..ones].ContainsAnyExcept(1);
        return fits ? new(tensor.Name, tensor.Type, tensor.Shape[ones..], tensor.Read) : tensor;
    }

    private int[] Shape(string name, int axes) => !_tensors.TryGetValue(name, out StoredTensor? tensor)
        ? throw new CheckpointException($"'{_path}' is no vision transformer: it has neither timm's names, such as "
            + "'patch_embed.proj.weight', nor Hugging Face's.")
        : tensor.Shape.Length == axes ? tensor.Shape.ToArray()
        : throw new CheckpointException($"'{_path}': '{name}' has {tensor.Shape.Length} dimensions, expected {axes}.");

    private static string? Replace(string name, (string From, string To)[] table)
    {
        foreach ((string from, string to) in table)
        {
            if (from.EndsWith('.') ? name.StartsWith(from, StringComparison.Ordinal) : name == from)
                return to + name[from.Length..];
        }
        return null;
    }
}
