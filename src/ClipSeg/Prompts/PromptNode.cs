namespace ClipSeg.Prompts;

/// <summary>What a part of a <see cref="PromptExpression"/> does.</summary>
internal enum PromptOperation
{
    /// <summary>A leaf: the mask of a phrase.</summary>
    Phrase,

    /// <summary>What its part is not.</summary>
    Not,

    /// <summary>What all of its parts are.</summary>
    All,

    /// <summary>What any of its parts is.</summary>
    Any,

    /// <summary>Its part, with its odds multiplied.</summary>
    Weigh,

    /// <summary>Its part, grown by a radius.</summary>
    Grow,

    /// <summary>Its part, shrunk by a radius.</summary>
    Shrink,
}

/// <summary>A part of a <see cref="PromptExpression"/>.</summary>
/// <param name="Parts">None of a phrase, two or more of <c>All</c> and <c>Any</c>, otherwise one.</param>
/// <param name="Index">Which phrase, or which of the parts that grow or shrink, those inside of others first.</param>
/// <param name="Number">A weight, or a radius in pixels.</param>
internal sealed record PromptNode(
    PromptOperation Operation, IReadOnlyList<PromptNode> Parts, int Index = 0, float Number = 0)
{
    public bool Moves => Operation is PromptOperation.Grow or PromptOperation.Shrink;
}
