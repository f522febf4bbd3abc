using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Text;

namespace ClipSeg.Prompts;

/// <summary>Makes prompts from words and from pictures. Safe to use from several threads.</summary>
/// <remarks>The vectors of texts are remembered: a prompt for many pictures is encoded once.</remarks>
internal sealed class PromptEncoder
{
    private const int MaxRemembered = 4096;     // 8 MB of vectors
    private const int MaxTextsAtOnce = 64;

    private readonly IEngine _engine;
    private readonly Preprocessing _preprocessing;
    private readonly Lazy<ClipTokenizer> _tokenizer;
    private readonly Dictionary<string, Prompt> _remembered = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <param name="engine">Runs the network.</param>
    /// <param name="preprocessing">For support pictures.</param>
    /// <param name="tokenizer">Called once, when the first text comes.</param>
    public PromptEncoder(IEngine engine, Preprocessing preprocessing, Func<ClipTokenizer> tokenizer)
    {
        (_engine, _preprocessing) = (engine, preprocessing);
        _tokenizer = new(() => CheckFits(tokenizer()));
    }

    /// <summary>The same, reading support pictures at another size.</summary>
    public PromptEncoder At(Preprocessing preprocessing) => new(_engine, preprocessing, () => _tokenizer.Value);

    /// <summary>A prompt in words, under the name of the phrase.</summary>
    /// <param name="template">A sentence with <c>{}</c> where the phrase goes.</param>
    public Prompt Text(string phrase, string template = "{}")
        => Text(phrase, [template]);

    /// <summary>The average of the phrase in each of the templates (<see cref="PromptTemplates"/>).</summary>
    public Prompt Text(string phrase, IReadOnlyList<string> templates)
    {
        ArgumentNullException.ThrowIfNull(phrase);
        return Prompt.Average(Texts([.. templates.Select(t => PromptTemplates.Apply(t, phrase))])).Rename(phrase);
    }

    /// <summary>A prompt for each text, in their order.</summary>
    public Prompt[] Texts(IReadOnlyList<string> texts)
    {
        if (texts.Any(text => text is null)) throw new ArgumentException("A text is null.", nameof(texts));
        Prompt?[] prompts = new Prompt?[texts.Count];
        lock (_lock)
        {
            for (int i = 0; i < prompts.Length; i++) prompts[i] = _remembered.GetValueOrDefault(texts[i]);
        }

        string[] missing = [.. texts.Where((_, i) => prompts[i] is null).Distinct(StringComparer.Ordinal)];
        if (missing.Length == 0) return prompts!;
        Dictionary<string, Prompt> made = new(missing.Length, StringComparer.Ordinal);
        foreach (string[] some in missing.Chunk(MaxTextsAtOnce))
        {
            foreach (Prompt prompt in Embed(some)) made.Add(prompt.Name, prompt);
        }
        lock (_lock)
        {
            if (_remembered.Count + made.Count > MaxRemembered) _remembered.Clear();
            foreach (Prompt prompt in made.Values.Take(MaxRemembered)) _remembered[prompt.Name] = prompt;
        }
        for (int i = 0; i < prompts.Length; i++) prompts[i] ??= made[texts[i]];
        return prompts!;
    }

    /// <summary>A prompt that shows what to look for.</summary>
    /// <param name="support">A picture of it.</param>
    /// <param name="mask">Where it is in the picture, of the same size; null to show all of the picture.</param>
    /// <param name="engineering">What makes it stand out; <see cref="VisualPrompt.Default"/> if null.</param>
    /// <exception cref="ArgumentException">The mask is empty or of another size, or there is none to engineer
    /// with.</exception>
    public Prompt Image(Image support, Mask? mask = null, VisualPrompt? engineering = null)
    {
        using TensorScope scope = new();
        Tensor pixels = _preprocessing.Apply(support);                                  // [1, 3, H, W]
        if (mask is not null)
        {
            pixels = Engineer(pixels, support, mask, engineering);
            pixels = pixels.Reshape(1, 3, pixels[1], pixels[2]);                        // [1, 3, S, S]
        }
        else if (engineering is not null)
        {
            throw new ArgumentException(
                "A visual prompt is made from a picture and a mask; there is no mask.", nameof(mask));
        }
        return new("picture", _engine.EmbedPictures(pixels).Data);
    }

    /// <summary>What CLIP would see of a support picture, for people to look at.</summary>
    /// <exception cref="ArgumentException">The mask is empty or of another size.</exception>
    public Image Engineer(Image support, Mask mask, VisualPrompt? engineering = null)
    {
        using TensorScope scope = new();
        return _preprocessing.Denormalize(Engineer(_preprocessing.Apply(support), support, mask, engineering));
    }

    /// <summary>A prompt that shows what to look for by limiting CLIP's attention to it.</summary>
    /// <exception cref="ArgumentException">The mask is empty or of another size, or there is no such block.</exception>
    public Prompt Image(Image support, Mask mask, ClipMasking masking)
    {
        if (masking.Layer is { } layer && layer >= _engine.Config.Vision.Layers)
            throw new ArgumentException(
                $"There is no block {layer}; the vision tower has 0..{_engine.Config.Vision.Layers - 1}.",
                nameof(masking));
        using TensorScope scope = new();
        int patch = _engine.Config.PatchSize;
        LayerMask limit = masking.At(
            Binary(mask, support), _preprocessing.Height / patch, _preprocessing.Width / patch);
        return new("picture", _engine.EmbedPictures(_preprocessing.Apply(support), limit).Data);
    }

    /// <summary>[1, 3, H, W] → [3, S, S], or without a crop → [3, H, W].</summary>
    private Tensor Engineer(Tensor pixels, Image support, Mask mask, VisualPrompt? engineering)
    {
        (int height, int width) = (_preprocessing.Height, _preprocessing.Width);
        VisualPrompt recipe = (engineering ?? VisualPrompt.Default) with { ImageSize = height };
        return recipe.Apply(pixels.Reshape(3, height, width), Binary(mask, support));
    }

    /// <summary>The mask's foreground at CLIP's size, [H, W].</summary>
    private Tensor Binary(Mask mask, Image support)
    {
        if (mask.Width != support.Width || mask.Height != support.Height)
        {
            throw new ArgumentException($"The mask is {mask.Width}x{mask.Height}, its picture "
                + $"{support.Width}x{support.Height}; they must be of one size.", nameof(mask));
        }
        if (!(mask.Values.Max() > 0))
            throw new ArgumentException("The mask is empty: it is black everywhere.", nameof(mask));
        return _preprocessing.Apply(mask.Foreground());
    }

    private IEnumerable<Prompt> Embed(string[] texts)
    {
        Tokens[] tokens = [.. texts.Select(Tokenize)];
        using TensorScope scope = new();
        Tensor embeddings = _engine.EmbedTexts([.. tokens.Select(t => t.Ids)]);          // [B, E]
        int width = embeddings[1];
        return [.. texts.Select((text, i)
            => new Prompt(text, embeddings.Data.Slice(i * width, width), tokens[i].Truncated))];
    }

    /// <summary>The tokenizer's files may allow longer texts than the network has positions for.</summary>
    private Tokens Tokenize(string text)
    {
        Tokens tokens = _tokenizer.Value.Encode(text);
        int limit = _engine.Config.MaxTokens;
        return tokens.Ids.Length <= limit
            ? tokens
            : new([.. tokens.Ids.AsSpan(0, limit - 1), _tokenizer.Value.EndToken], Truncated: true);
    }

    private ClipTokenizer CheckFits(ClipTokenizer tokenizer)
    {
        ClipSegConfig config = _engine.Config;
        if (tokenizer.VocabularySize > config.VocabularySize)
        {
            throw new CheckpointException($"The tokenizer has {tokenizer.VocabularySize} tokens, the network "
                + $"{config.VocabularySize}: they belong to different models.");
        }
        if (config.EndToken != TextTower.LegacyEndToken && config.EndToken != tokenizer.EndToken)
        {
            throw new CheckpointException(
                $"The tokenizer ends texts with token {tokenizer.EndToken}, the network reads up "
                + $"to token {config.EndToken}: they belong to different models.");
        }
        return tokenizer;
    }
}
