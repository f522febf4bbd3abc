using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ClipSeg.Cli.Segmenting;
using ClipSeg.Jobs;
using ClipSeg.Tests.Cli;

namespace ClipSeg.Tests.Jobs;

/// <summary>A store with pictures, and the program around it: commands in process, workers in process or out of
/// it.</summary>
internal sealed class JobRun : IDisposable
{
    private static readonly string _program = Path.Combine(AppContext.BaseDirectory, "ClipSeg.Cli.dll"),
        _tests = Path.Combine(AppContext.BaseDirectory, "ClipSeg.Tests");

    private readonly Uri _broker;
    private readonly string? _model;
    private readonly List<Process> _workers = [];

    /// <param name="model">For the program, and the workers.</param>
    public JobRun(Uri broker, string? model)
    {
        (_broker, _model) = (broker, model);
        Directory.CreateDirectory(Cli.Folder.At("store", "photos"));
        Cli.Variables["CLIPSEG_BROKER"] = broker.AbsoluteUri;
        Cli.Variables["CLIPSEG_STORE"] = Store;
        if (model is not null) Cli.Variables["CLIPSEG_MODEL"] = model;
    }

    public CliRun Cli { get; } = new();

    public string Store => Cli.Folder.At("store");

    /// <summary>Other variables of workers' environments.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>Pictures of 64 pixels a side.</summary>
    public void AddPictures(int count, string folder = "photos")
        => BlockPictures.Write(Path.Combine(Store, folder), count, side: 64);

    /// <summary>Submits the pictures; returns the job's name.</summary>
    public string Submit(params string[] more)
    {
        int code = Cli.Run(["jobs", "submit", "photos", "a cup", "red", "--shard", "16", .. more]);
        Assert.True(code == 0, Cli.Errors);
        return Cli.Output.Trim();
    }

    public JobStatus Status(string job)
    {
        int code = Cli.Run("jobs", "status", job, "--json");
        Assert.True(code == 0, Cli.Errors);
        return JsonSerializer.Deserialize(Cli.Output, JobsJson.Line.JobStatus)!;
    }

    /// <summary>Works in this process until stopped; gives the exit code, and what was said.</summary>
    public async Task<(int Code, string Errors)> Work(CancellationToken stop, params string[] more)
    {
        using CliRun worker = new();
        foreach ((string name, string value) in Cli.Variables) worker.Variables[name] = value;
        string[] model = _model is null ? [] : ["--model", _model];
        int code = await Task.Run(() => worker.Run(stop, ["worker", "--threads", "1", .. model, .. more]));
        return (code, worker.Errors);
    }

    /// <summary>Starts a worker as a process of its own.</summary>
    public Process StartWorker()
    {
        // As the tests run, with their ASP.NET Core: the folder has no assembly twice.
        ProcessStartInfo start = new("dotnet",
        [
            "exec", "--runtimeconfig", $"{_tests}.runtimeconfig.json", "--depsfile", $"{_tests}.deps.json", _program,
            "worker", "--threads", "1",
        ])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["CLIPSEG_BROKER"] = _broker.AbsoluteUri;
        start.Environment["CLIPSEG_STORE"] = Store;
        start.Environment["HF_HUB_OFFLINE"] = "1";
        foreach ((string name, string value) in Variables) start.Environment[name] = value;
        if (_model is not null) start.ArgumentList.Add($"--model={_model}");
        Process worker = Process.Start(start)!;
        worker.ErrorDataReceived += (_, _) => { };
        worker.OutputDataReceived += (_, _) => { };
        worker.BeginErrorReadLine();
        worker.BeginOutputReadLine();
        _workers.Add(worker);
        return worker;
    }

    /// <summary>Sends a signal that .NET has no method for.</summary>
    public static void Signal(Process process, string signal)
    {
        using Process kill = Process.Start("kill",
            [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Asserts that every picture has one receipt, and that the files are those of one process.</summary>
    public void AssertSameAsOneProcess(string job, int pictures, int failed = 0)
    {
        JobStatus status = Status(job);
        Assert.Equal((JobState.Done, pictures, failed), (status.State, status.Done, status.Failed));
        int[] indices = [.. Directory.GetFiles(Path.Combine(Store, "jobs", job, "done"))
            .SelectMany(file => JsonSerializer.Deserialize(File.ReadAllBytes(file), JobsJson.Line.Receipt)!.Pictures)
            .Select(line => line.Index).Order()];
        Assert.Equal(Enumerable.Range(0, pictures), indices);

        AssertSameFiles(job, Store, pictures, failed);
    }

    /// <summary>Asserts that what is fetched is what one process makes of the same pictures.</summary>
    public void AssertSameFiles(string job, string folder, int pictures, int failed)
    {
        int code = failed > 0 ? 1 : 0;
        string fetched = Cli.Folder.At("fetched"), reference = Cli.Folder.At("reference");
        Assert.Equal(code, Cli.Run("jobs", "fetch", job, "-o", fetched, "--json"));
        string[] lines = Cli.Output.TrimEnd('\n').Split('\n');
        Assert.Equal(pictures, lines.Length);
        Assert.NotEqual(2, Cli.Run("segment", "-r", Path.Combine(folder, "photos"), "-p", "a cup", "-p", "red",
            "-o", reference, "--save", "mask", "--json", "--threads", "1"));
        string[] expected = Files(reference), actual = Files(fetched);
        Assert.Equal(expected, actual);
        Assert.Equal(2 * (pictures - failed), actual.Length);
        Assert.All(actual, file => Assert.Equal(
            File.ReadAllBytes(Path.Combine(reference, file)), File.ReadAllBytes(Path.Combine(fetched, file))));
        Assert.Equal(Cli.Output.TrimEnd('\n').Split('\n').Select(l => l.Replace(reference, "OUT")
            .Replace($"{folder}/", "")).Order(), lines.Select(l => l.Replace(fetched, "OUT")).Order());
    }

    public void Dispose()
    {
        foreach (Process worker in _workers)
        {
            if (!worker.HasExited) worker.Kill();
            worker.WaitForExit();
            worker.Dispose();
        }
        Cli.Dispose();
    }

    private static string[] Files(string folder) => [.. Directory
        .GetFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file))
        .Where(file => file != Journal.FileName).Order(StringComparer.Ordinal)];
}
