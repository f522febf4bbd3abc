using ClipSeg.Imaging;

namespace ClipSeg.Prompts;

/// <summary>An expression, and a prompt for each of its phrases: in words, or whatever else stands for them.</summary>
internal sealed record CombinedPrompt(PromptExpression Expression, IReadOnlyList<Prompt> Leaves)
{
    /// <summary>What tables and files call it.</summary>
    public string Name => Expression.ToString();

    /// <summary>Whether a text was too long, so that the model did not read its end.</summary>
    public bool Truncated => Leaves.Any(leaf => leaf.Truncated);
}

/// <summary>Several expressions on one picture, whose prompts are each asked for once.</summary>
internal sealed class CombinedPrompts
{
    private readonly IReadOnlyList<int[]> _leafOf;

    public CombinedPrompts(IReadOnlyList<CombinedPrompt> prompts)
    {
        Prompts = prompts;
        List<Prompt> leaves = [.. prompts.SelectMany(prompt => prompt.Leaves).Distinct()];
        Leaves = leaves;
        _leafOf = [.. prompts.Select(prompt => prompt.Leaves.Select(leaf => leaves.IndexOf(leaf)).ToArray())];
    }

    public IReadOnlyList<CombinedPrompt> Prompts { get; }

    /// <summary>What the network is asked for.</summary>
    public IReadOnlyList<Prompt> Leaves { get; }

    /// <summary>A mask for each prompt.</summary>
    /// <param name="masks">One for each of <see cref="Leaves"/>.</param>
    public Mask[] Combine(IReadOnlyList<Mask> masks)
        => [.. Prompts.Select((prompt, i) => prompt.Expression.Combine([.. _leafOf[i].Select(leaf => masks[leaf])]))];
}
