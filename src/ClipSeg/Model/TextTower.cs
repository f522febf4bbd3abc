using ClipSeg.Numerics;

namespace ClipSeg.Model;

/// <summary>CLIP's text transformer.</summary>
/// <remarks>Checkpoint scopes: <c>clip.text_model</c> and <c>clip.text_projection</c>.</remarks>
internal sealed class TextTower
{
    /// <summary>In old configs, "the end token is the largest id of the sequence" (formats.md §0, trap 4).</summary>
    internal const int LegacyEndToken = 2;

    private readonly ClipSegConfig _config;
    private readonly Parameter _tokenEmbedding;
    private readonly Parameter _positionEmbedding;
    private readonly EncoderLayer[] _layers;
    private readonly LayerNorm _finalLayerNorm;
    private readonly Linear _textProjection;

    /// <param name="clip">The scope <c>clip</c>.</param>
    public TextTower(Weights clip, ClipSegConfig c)
    {
        _config = c;
        int width = c.Text.Width;
        Weights w = clip.Scope("text_model"), embeddings = w.Scope("embeddings");
        _tokenEmbedding = embeddings.Get("token_embedding.weight", Role.TokenEmbedding, 1, c.VocabularySize, width);
        _positionEmbedding = embeddings.Get("position_embedding.weight", Role.PositionEmbedding, 1, c.MaxTokens, width);
        _layers = [.. Enumerable.Range(0, c.Text.Layers)
            .Select(i => new EncoderLayer(w.Scope($"encoder.layers.{i}"), c.Text))];
        _finalLayerNorm = new(w.Scope("final_layer_norm"), width, c.Text.LayerNormEps);
        _textProjection =
            new(clip.Scope("text_projection"), Role.Projection, width, c.EmbeddingWidth, bias: false);
    }

    /// <summary>
    /// CLIP's text embedding: token ids, start and end included → [B, E], not normalised. What follows the end token is
    /// ignored: tokens only see those before them.
    /// </summary>
    /// <exception cref="ArgumentException">A sequence is longer than the table of positions, or has no end
    /// token.</exception>
    public Tensor Embed(IReadOnlyList<int[]> ids)
    {
        int[] ends = [.. ids.Select(EndOf)];
        int length = ends.Max() + 1;
        if (length > _config.MaxTokens)
            throw new ArgumentException($"A prompt has {length} tokens, this model reads at most {_config.MaxTokens}.");
        int[][] used = new int[ids.Count][];
        for (int b = 0; b < used.Length; b++)
        {
            used[b] = new int[length];
            ids[b].AsSpan(0, ends[b] + 1).CopyTo(used[b]);          // the rest, id 0, is never seen
        }

        using TensorScope scope = new();
        Tensor x = Tensor.Embedding(_tokenEmbedding, used);         // [B, T, C]
        x = x.AddPositions(_positionEmbedding);                     // [B, T, C]
        foreach (EncoderLayer layer in _layers)
        {
            using TensorScope block = new();
            x = block.Keep(layer.Forward(x, causal: true));
        }
        x = _finalLayerNorm.Forward(x.Pick(ends));                  // [B, C]
        return scope.Keep(_textProjection.Forward(x));              // [B, E]
    }

    private int EndOf(int[] ids)
    {
        if (ids.Length == 0) throw new ArgumentException("A prompt has no tokens; it needs at least start and end.");
        int end = _config.EndToken == LegacyEndToken ? ids.IndexOf(ids.Max()) : ids.IndexOf(_config.EndToken);
        return end >= 0 ? end : throw new ArgumentException($"A prompt lacks the end token, id {_config.EndToken}.");
    }
}
