using System.Buffers;
using System.Numerics.Tensors;
using ClipSeg.Imaging;
using ClipSeg.Numerics;

namespace ClipSeg.Prompts;

/// <summary>Prompts that combine: <c>"face" AND NOT ("hair" OR "hat")</c>.</summary>
/// <remarks>
/// On probabilities a AND b is the smaller, a OR b the larger, NOT a is 1 - a. <c>a * 2</c> doubles the odds of a:
/// p becomes 2 p / (1 - p + 2 p). <c>grow(a, 8)</c> and <c>shrink(a, 8)</c> are <see cref="Mask.Grow"/> and
/// <see cref="Mask.Shrink"/> by 8 pixels of the picture: 0 or 1 everywhere. NOT binds more tightly than AND, AND more
/// than OR. A phrase is in quotes, or bare words; a text without quotes, without the words AND, OR and NOT in capitals
/// and without <c>grow(</c> and <c>shrink(</c> is one phrase, whatever else is in it. In quotes, a quote is \" and a
/// backslash \\.
/// </remarks>
public sealed class PromptExpression
{
    private const int Block = 4096;     // pixels that are worked on at once, so that they stay in the cache

    private readonly string _text;
    private readonly PromptNode _root;
    private readonly IReadOnlyList<PromptNode> _moves;

    private PromptExpression(string text, PromptParser parsed)
        => (_text, _root, _moves, Phrases) = (text, parsed.Root, parsed.Moves, parsed.Phrases);

    /// <summary>What is to be segmented: each phrase once, in the order of the text; at least one.</summary>
    public IReadOnlyList<string> Phrases { get; }

    /// <summary>Whether it is one phrase and nothing else.</summary>
    internal bool IsPhrase => _root.Operation == PromptOperation.Phrase;

    /// <summary>Reads an expression, or a plain phrase.</summary>
    /// <param name="text">May come from a stranger: an expression has at most 2,000 characters, 32 phrases, 32 levels
    /// and 8 parts that grow or shrink.</param>
    /// <exception cref="PromptSyntaxException">It is none; the exception points at the place.</exception>
    public static PromptExpression Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new(text.Trim(), PromptParser.Parse(text));
    }

    /// <summary>A phrase, even if it looks like an expression.</summary>
    public static PromptExpression Phrase(string phrase)
    {
        ArgumentNullException.ThrowIfNull(phrase);
        return new(phrase, PromptParser.Plain(phrase));
    }

    /// <summary>This, but none of the others: <c>this AND NOT (a OR b)</c>.</summary>
    /// <param name="others">May be empty: then it is this.</param>
    /// <exception cref="PromptSyntaxException">Together they are larger than an expression may be.</exception>
    public PromptExpression Without(IReadOnlyList<PromptExpression> others)
    {
        if (others.Count == 0) return this;
        string any = string.Join(" OR ", others.Select(other => other.Operand));
        return Parse($"{Operand} AND NOT {(others.Count > 1 ? $"({any})" : any)}");
    }

    /// <summary>The probability of the expression for every pixel.</summary>
    /// <param name="masks">One for each of <see cref="Phrases"/>, of one size; they stay as they are.</param>
    /// <returns>For a single phrase its mask itself, otherwise a new one.</returns>
    /// <exception cref="ArgumentException">There are more or fewer masks, or of unlike sizes.</exception>
    public Mask Combine(IReadOnlyList<Mask> masks)
    {
        ArgumentNullException.ThrowIfNull(masks);
        if (masks.Count != Phrases.Count)
            throw new ArgumentException($"Expected {Phrases.Count} masks, one for each phrase; got {masks.Count}.");
        (int width, int height) = Mask.CommonSize(masks);
        Mask[] known = [.. masks, .. new Mask[_moves.Count]];
        foreach (PromptNode move in _moves)
        {
            Mask inner = Evaluate(move.Parts[0], known, width, height);
            known[Known(move)!.Value] = move.Operation == PromptOperation.Grow
                ? inner.Grow(move.Number)
                : inner.Shrink(move.Number);
        }
        return Evaluate(_root, known, width, height);
    }

    /// <summary>A phrase as it is, an expression as text that <see cref="Parse"/> reads.</summary>
    public override string ToString() => IsPhrase ? Phrases[0] : _text;

    private string Operand => IsPhrase ? Quoted(Phrases[0]) : $"({_text})";

    private static string Quoted(string phrase)
        => $"\"{string.Concat(phrase.Select(c => PromptParser.IsEscaped(c) ? $"\\{c}" : $"{c}"))}\"";

    /// <summary>Where the mask of a node is, if there is one: of phrases, and of what grows or shrinks.</summary>
    private int? Known(PromptNode node) => node.Operation switch
    {
        PromptOperation.Phrase => node.Index,
        PromptOperation.Grow or PromptOperation.Shrink => Phrases.Count + node.Index,
        _ => null,
    };

    private Mask Evaluate(PromptNode node, Mask[] known, int width, int height)
    {
        if (Known(node) is { } index) return known[index];
        float[] values = GC.AllocateUninitializedArray<float>(width * height);
        Workers.Split((values.Length + Block - 1) / Block, 16, (first, last) =>
        {
            for (int start = first * Block; start < Math.Min(last * Block, values.Length); start += Block)
                Fill(node, known, start, values.AsSpan(start, Math.Min(Block, values.Length - start)));
        });
        return new(width, height, values);
    }

    /// <summary>Fills in a block of pixels, from the one numbered <paramref name="start"/>.</summary>
    private void Fill(PromptNode node, Mask[] known, int start, Span<float> values)
    {
        ReadOnlySpan<float> first = ValuesOf(node.Parts[0], known, start, values);
        switch (node.Operation)
        {
            case PromptOperation.Not:
                TensorPrimitives.Subtract(1, first, values);
                break;
            case PromptOperation.Weigh:
                for (int i = 0; i < values.Length; i++) values[i] = Weigh(first[i], node.Number);
                break;
            default:
                first.CopyTo(values);
                Join(node, known, start, values);
                break;
        }
    }

    /// <summary>The smallest or the largest of all parts, of which the first is in the values already.</summary>
    private void Join(PromptNode node, Mask[] known, int start, Span<float> values)
    {
        float[] room = ArrayPool<float>.Shared.Rent(values.Length);
        for (int i = 1; i < node.Parts.Count; i++)
        {
            ReadOnlySpan<float> part = ValuesOf(node.Parts[i], known, start, room.AsSpan(0, values.Length));
            if (node.Operation == PromptOperation.All) TensorPrimitives.Min(values, part, values);
            else TensorPrimitives.Max(values, part, values);
        }
        ArrayPool<float>.Shared.Return(room);
    }

    /// <summary>A block of a node's values: of its mask if it has one, else worked out in the room given.</summary>
    private ReadOnlySpan<float> ValuesOf(PromptNode node, Mask[] known, int start, Span<float> room)
    {
        if (Known(node) is { } index) return known[index].Values.AsSpan(start, room.Length);
        Fill(node, known, start, room);
        return room;
    }

    private static float Weigh(float p, float weight) => weight * p / (1 - p + weight * p);
}
