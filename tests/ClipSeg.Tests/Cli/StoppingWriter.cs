namespace ClipSeg.Tests.Cli;

/// <summary>An error stream that stops the program when a line begins with certain words.</summary>
internal sealed class StoppingWriter(string line, CancellationTokenSource stop) : StringWriter
{
    public override void WriteLine(string? value)
    {
        if (value!.StartsWith(line, StringComparison.Ordinal)) stop.Cancel();
    }
}
