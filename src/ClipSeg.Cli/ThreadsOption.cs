using System.CommandLine;
using ClipSeg.Numerics;

namespace ClipSeg.Cli;

/// <summary><c>--threads</c>, of every command that computes.</summary>
internal sealed class ThreadsOption
{
    private readonly Option<int?> _threads = new Option<int?>("--threads")
    {
        Description = "How many processors to use; by default all.",
        HelpName = "N",
    }.Between(1, 1024);

    public void AddTo(Command command) => command.Options.Add(_threads);

    public void Apply(ParseResult parsed)
    {
        if (parsed.GetValue(_threads) is { } threads) Workers.Count = threads;
    }
}
