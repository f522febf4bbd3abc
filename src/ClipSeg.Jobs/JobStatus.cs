namespace ClipSeg.Jobs;

/// <summary>How far a job is, by its receipts.</summary>
/// <param name="Id">The job's.</param>
/// <param name="Prompts">What is looked for.</param>
/// <param name="State">In a word.</param>
/// <param name="Pictures">All of them.</param>
/// <param name="Done">Those with a receipt.</param>
/// <param name="Failed">Those of them that could not be read.</param>
/// <param name="Dead">Those without, whose workers died so often that the broker put them aside; null if it was not
/// asked.</param>
internal sealed record JobStatus(
    string Id, IReadOnlyList<string> Prompts, JobState State, int Pictures, int Done, int Failed, int? Dead)
{
    /// <summary>Whether nothing will change any more by itself.</summary>
    public bool IsFinal => State is not (JobState.Submitting or JobState.Running);
}

internal enum JobState
{
    /// <summary>Not all messages are in the queue: somebody is putting them there, or was stopped.</summary>
    Submitting,

    /// <summary>Messages wait, or are worked on.</summary>
    Running,

    /// <summary>Every picture has a receipt.</summary>
    Done,

    /// <summary>Somebody called it off.</summary>
    Cancelled,

    /// <summary>What has no receipt was put aside: it is to be retried.</summary>
    Dead,
}
