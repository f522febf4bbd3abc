namespace ClipSeg.Cli;

/// <summary>A command line that cannot be. The message says which word of it, and what was expected.</summary>
internal sealed class UsageException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Hands words of the command line to the library, which may refuse them as arguments.</summary>
    /// <exception cref="UsageException">It did.</exception>
    public static T Check<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (ArgumentException e) when (e.ParamName is not null)
        {
            throw new UsageException(Text(e), e);
        }
    }

    /// <summary>The message without .NET's note on which of a method's parameters it is about.</summary>
    public static string Text(ArgumentException e) => e.Message.Replace($" (Parameter '{e.ParamName}')", "");
}
