using ClipSeg.Model;
using ClipSeg.Numerics;
using Microsoft.ML.OnnxRuntime;

namespace ClipSeg.Onnx;

/// <summary>A network that ONNX Runtime runs, from the four graphs of <see cref="OnnxFolder"/>.</summary>
internal sealed class OnnxEngine : IEngine, IDisposable
{
    public const string VisionFile = "vision.onnx", PictureFile = "picture.onnx", TextFile = "text.onnx",
        DecoderFile = "decoder.onnx";

    private readonly OnnxSession _vision, _text, _decoder;
    private readonly Lazy<OnnxSession> _picture;        // holds the vision tower again, so only if it is needed

    /// <param name="folder">Where the graphs are.</param>
    /// <param name="config">Theirs.</param>
    /// <exception cref="Formats.CheckpointException">A graph is missing or damaged.</exception>
    public OnnxEngine(string folder, ClipSegConfig config, OnnxOptions options)
    {
        Config = config;
        List<OnnxSession> open = [];
        try
        {
            _vision = Open(VisionFile);
            _text = Open(TextFile);
            _decoder = Open(DecoderFile);
            _picture = new(() => Open(PictureFile));
        }
        catch
        {
            foreach (OnnxSession session in open) session.Dispose();
            throw;
        }

        OnnxSession Open(string name)
        {
            OnnxSession session = new(Path.Combine(folder, name), options);
            open.Add(session);
            return session;
        }
    }

    public ClipSegConfig Config { get; }

    public Tensor[] Activations(Tensor pixels)
    {
        long tokens = 1 + Patches(pixels);
        return _vision.Run(new() { ["pixel_values"] = OnnxSession.Input(pixels) },
            [.. Config.ExtractLayers.Select((_, i)
                => new OnnxOutput(OnnxModel.Activation(i), pixels[0], tokens, Config.Vision.Width))]);
    }

    public Tensor EmbedPictures(Tensor pixels, LayerMask? mask = null)
    {
        Dictionary<string, OrtValue> inputs = new() { ["pixel_values"] = OnnxSession.Input(pixels) };
        if (mask is not null)
        {
            (Tensor factor, Tensor bias) = Limits(mask.Mask);
            (inputs["attention_factor"], inputs["attention_bias"]) =
                (OnnxSession.Input(factor), OnnxSession.Input(bias));
        }
        if (mask?.Layer is { } layer)
        {
            Tensor blocks = Tensor.Zeros(Config.Vision.Layers);
            blocks.Data[layer] = 1;
            inputs["limited_blocks"] = OnnxSession.Input(blocks);
        }
        return _picture.Value.Run(inputs, [new("conditional", pixels[0], Config.EmbeddingWidth)])[0];
    }

    public Tensor EmbedTexts(IReadOnlyList<int[]> ids)
    {
        int length = ids.Max(row => row.Length);
        long[] padded = new long[ids.Count * length];       // what follows the end token is not seen
        for (int i = 0; i < ids.Count; i++) Array.ConvertAll(ids[i], id => (long)id).CopyTo(padded, i * length);
        return _text.Run(new() { ["input_ids"] = OnnxSession.Input(padded, ids.Count, length) },
            [new("conditional", ids.Count, Config.EmbeddingWidth)])[0];
    }

    public Tensor Decode(IReadOnlyList<Tensor> activations, Tensor conditionals, int height, int width)
    {
        Dictionary<string, OrtValue> inputs = new()
        {
            ["grid"] = OnnxSession.Input([height, width], 2),
            ["conditional"] = OnnxSession.Input(conditionals),
        };
        for (int i = 0; i < activations.Count; i++)
            inputs[OnnxModel.Activation(i)] = OnnxSession.Input(activations[i]);
        int scale = Config.RefinedHead ? Config.PatchSize / 4 * (Config.PatchSize / 4) : Config.PatchSize;
        return _decoder.Run(inputs, [new("logits", conditionals[0], height * scale, width * scale)])[0];
    }

    public void Dispose()
    {
        _vision.Dispose();
        _text.Dispose();
        _decoder.Dispose();
        if (_picture.IsValueCreated) _picture.Value.Dispose();
    }

    private int Patches(Tensor pixels) => pixels[2] / Config.PatchSize * (pixels[3] / Config.PatchSize);

    /// <summary>What scores are multiplied with, and what is added to them: [B, 1, T, T] each.</summary>
    private static (Tensor Factor, Tensor Bias) Limits(AttentionMask mask)
    {
        (int pictures, int tokens) = (mask.Keys[0], mask.Keys[1] + 1);
        Tensor factor = Tensor.Empty(pictures, 1, tokens, tokens), bias = Tensor.Zeros(pictures, 1, tokens, tokens);
        factor.Data.Fill(1);
        for (int b = 0; b < pictures; b++)
        {
            ReadOnlySpan<float> keys = mask.Keys.Data.Slice(b * (tokens - 1), tokens - 1);
            for (int row = 0; row < tokens; row++)
            {
                if ((row == 0) != (mask.Scope == AttentionMaskScope.ClassToken)) continue;
                int at = (b * tokens + row) * tokens + 1;       // the first patch
                for (int j = 0; j < keys.Length; j++)
                {
                    if (mask.Exclude && keys[j] == 0) bias.Data[at + j] = OnnxModel.Unseen;
                    else factor.Data[at + j] = keys[j];
                }
            }
        }
        return (factor, bias);
    }
}
