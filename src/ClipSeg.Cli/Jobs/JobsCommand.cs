using System.CommandLine;

namespace ClipSeg.Cli.Jobs;

/// <summary><c>clipseg jobs</c>: more pictures than one machine should do.</summary>
internal static class JobsCommand
{
    public static Command Create(Terminal terminal)
        => new("jobs", "Have many machines segment the pictures of a store: each runs 'clipseg worker'.")
        {
            SubmitCommand.Create(terminal), StatusCommand.Create(terminal), WatchCommand.Create(terminal),
            CancelCommand.Create(terminal), RetryCommand.Create(terminal), FetchCommand.Create(terminal),
        };

    /// <summary>The argument that says which job.</summary>
    public static Argument<string> Id() => new("JOB") { Description = "What 'clipseg jobs submit' printed." };
}
