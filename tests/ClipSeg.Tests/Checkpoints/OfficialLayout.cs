using System.Text.RegularExpressions;
using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Numerics;

namespace ClipSeg.Tests.Checkpoints;

/// <summary>
/// Writes a model of Hugging Face's layout under the authors' names: what <see cref="KeyMap"/> reads, backwards.
/// </summary>
internal static partial class OfficialLayout
{
    // In this order; a later one works on what the earlier ones made.
    private static readonly (string From, string To)[] _names =
    [
        ("clip.text_model.embeddings.token_embedding.weight", "clip_model.token_embedding.weight"),
        ("clip.text_model.embeddings.position_embedding.weight", "clip_model.positional_embedding"),
        ("clip.text_model.encoder.layers.", "clip_model.transformer.resblocks."),
        ("clip.text_model.final_layer_norm.", "clip_model.ln_final."),
        ("clip.text_projection.weight", "clip_model.text_projection"),
        ("clip.visual_projection.weight", "clip_model.visual.proj"),
        ("clip.vision_model.embeddings.patch_embedding.weight", "clip_model.visual.conv1.weight"),
        ("clip.vision_model.embeddings.class_embedding", "clip_model.visual.class_embedding"),
        ("clip.vision_model.embeddings.position_embedding.weight", "clip_model.visual.positional_embedding"),
        ("clip.vision_model.pre_layrnorm.", "clip_model.visual.ln_pre."),
        ("clip.vision_model.post_layernorm.", "clip_model.visual.ln_post."),
        ("clip.vision_model.encoder.layers.", "clip_model.visual.transformer.resblocks."),
        ("clip.logit_scale", "clip_model.logit_scale"),
        ("decoder.transposed_convolution.", "trans_conv."),
        ("decoder.layers.", "blocks."),
        ("decoder.", ""),
    ];

    /// <summary>Writes every tensor of a folder's model.safetensors as one file.</summary>
    public static void Write(string path, string folder)
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        List<StoredTensor> tensors = [];
        foreach ((string key, StoredTensor tensor) in file.Tensors)
        {
            if (Part().IsMatch(key)) continue;      // k and v go with q
            string name = key;
            foreach ((string from, string to) in _names) name = name.StartsWith(from) ? to + name[from.Length..] : name;
            Tensor value = tensor.ToTensor();
            if (name.EndsWith("proj") && value.Rank == 2 || name.EndsWith("text_projection")) value = Transpose(value);
            if (key.Contains("q_proj"))
            {
                Tensor[] parts = [.. "qkv".Select(c => file.Tensors[key.Replace("q_proj", $"{c}_proj")].ToTensor())];
                value = new([.. parts.SelectMany(p => p.Data.ToArray())], [3 * value[0], .. value.Shape[1..]]);
                name = name.Replace("q_proj.", "in_proj_");
            }
            tensors.Add(StoredTensor.Of(name.StartsWith("clip_model") ? InClip(name) : InDecoder(name), value));
        }
        SafeTensorsWriter.Write(path, tensors);
    }

    private static string InClip(string name) => name.Replace("layer_norm", "ln_").Replace("mlp.fc1", "mlp.c_fc")
        .Replace("mlp.fc2", "mlp.c_proj").Replace("self_attn", "attn");

    private static string InDecoder(string name)
        => name.Replace("layer_norm", "norm").Replace("mlp.fc", "linear");

    private static Tensor Transpose(Tensor x)
    {
        Tensor y = Tensor.Empty(x[1], x[0]);
        Kernels.Transpose(x.Data, x[0], x[1], x[1], y.Data, x[0]);
        return y;
    }

    [GeneratedRegex(@"\.[kv]_proj\.")]
    private static partial Regex Part();
}
