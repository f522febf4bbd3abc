namespace ClipSeg.Prompts;

/// <summary>A text that is no <see cref="PromptExpression"/>; the message says what was found and expected.</summary>
public sealed class PromptSyntaxException : ArgumentException
{
    private const int Before = 50, After = 25;      // characters of the text that are shown around the place
    private const string Cut = "...";

    internal PromptSyntaxException(string problem, string text, int position) : base(problem)
    {
        Position = position;
        int start = position > Before ? position - Before : 0, end = Math.Min(text.Length, position + After);
        string shown = string.Concat(text[start..end].Select(c => char.IsControl(c) ? ' ' : c));
        string cut = start > 0 ? Cut : "";
        Pointer = $"{cut}{shown}{(end < text.Length ? Cut : "")}\n{new string(' ', cut.Length + position - start)}^";
    }

    /// <summary>Where in the text the problem is: of a character from 0, or the text's length at its end.</summary>
    public int Position { get; }

    /// <summary>Two lines: the text around the problem, and a caret under it.</summary>
    public string Pointer { get; }
}
