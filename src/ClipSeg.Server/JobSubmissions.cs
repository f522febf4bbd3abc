using System.Text;
using ClipSeg.Jobs;
using Microsoft.AspNetCore.Http;

namespace ClipSeg.Server;

/// <summary>Jobs that are being submitted: it goes on when who asked for it has gone, and is not done twice at
/// once.</summary>
/// <remarks>A list of a million pictures takes longer than a request may, and so does a queue that is full.</remarks>
internal sealed class JobSubmissions(JobDesk desk, CancellationToken stopping)
{
    private const int MostAtOnce = 4;       // each has its list of pictures in memory

    private readonly Dictionary<string, Task<Submission>> _running = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>Submits a job, or waits for the same that is being submitted.</summary>
    /// <param name="prefix">Where the pictures are: ends in a slash, or is empty for the whole store.</param>
    /// <exception cref="RequestException">Too many others are.</exception>
    public Task<Submission> Submit(JobWishes wishes, string prefix, int shardSize)
    {
        string wanted = Encoding.UTF8.GetString(JobsJson.Of(wishes, JobsJson.Line.JobWishes));
        string key = $"{shardSize} {prefix}\n{wanted}";
        lock (_lock)
        {
            if (_running.TryGetValue(key, out Task<Submission>? same)) return same;
            if (_running.Count == MostAtOnce)
            {
                throw new RequestException($"{MostAtOnce} other jobs are being submitted; come back later.",
                    StatusCodes.Status503ServiceUnavailable)
                { RetryAfter = Turns.RetryAfter };
            }
            return _running[key] = Task.Run(() => Run(key, wishes, prefix, shardSize), stopping);
        }
    }

    private async Task<Submission> Run(string key, JobWishes wishes, string prefix, int shardSize)
    {
        try
        {
            return await desk.Submit(wishes, prefix, shardSize, null, stopping);
        }
        finally
        {
            lock (_lock) _running.Remove(key);
        }
    }
}
