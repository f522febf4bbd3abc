using System.Globalization;
using System.Text;
using ClipSeg.Jobs;

namespace ClipSeg.Cli.Jobs;

/// <summary>Jobs for people, a line each, or for programs, an object each.</summary>
internal static class StatusTable
{
    public static void Write(Terminal terminal, IReadOnlyList<JobStatus> jobs, bool json)
    {
        if (json)
        {
            foreach (JobStatus job in jobs)
                terminal.WriteLine(Encoding.UTF8.GetString(JobsJson.Of(job, JobsJson.Line.JobStatus)));
            return;
        }
        TextTable table = new("job", "state", ">done", ">of", ">failed", ">dead", "prompts");
        foreach (JobStatus job in jobs)
        {
            table.Add(job.Id, job.State.ToString().ToLowerInvariant(), Text(job.Done), Text(job.Pictures),
                Text(job.Failed), job.Dead is { } dead ? Text(dead) : "?", string.Join(", ", job.Prompts));
        }
        terminal.Write(table);

        static string Text(int number) => number.ToString("N0", CultureInfo.InvariantCulture);
    }
}
