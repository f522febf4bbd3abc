using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ClipSeg.Cli.Segmenting;
using ClipSeg.Files;
using ClipSeg.Imaging;
using ClipSeg.Jobs;

namespace ClipSeg.Cli.Jobs;

/// <summary><c>clipseg jobs fetch</c>: a job's results into a folder, as <c>clipseg segment -r</c> would have
/// them.</summary>
internal sealed class FetchCommand
{
    private const int AtOnce = 8;
    private const string Examples = """
        clipseg jobs fetch 4f1d2a90c3b85e67 -o out
        clipseg jobs fetch 4f1d2a90c3b85e67 --json > found.jsonl
        """;

    private readonly Argument<string> _id = JobsCommand.Id();

    private readonly Option<string?> _output = new("--output", "-o")
    {
        Description = "The folder to write files to; without one, results are printed alone.",
        HelpName = "DIR",
    };

    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print a line of JSON for each picture, and nothing else.",
    };

    private readonly PlaceOptions _place = new(needsBroker: false);
    private readonly Terminal _terminal;

    private FetchCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        FetchCommand fetch = new(terminal);
        ExampleCommand command = new("fetch",
            "Print what a job found, and fetch the files, under the names that 'clipseg segment' gives them. The exit "
            + "code is 1 if a picture could not be read or is not done.", Examples)
        {
            fetch._id, fetch._output, fetch._json,
        };
        fetch._place.AddTo(command);
        command.SetAction(fetch.Run);
        return command;
    }

    private int Run(ParseResult parsed) => _place.AtDesk(parsed, _terminal, async desk =>
    {
        string id = parsed.GetValue(_id)!;
        string? folder = parsed.GetValue(_output);
        JobRecord job = await desk.Find(id, _terminal.Stop);
        ResultNames[]? names = folder is null ? null : await Names(desk, job, folder);
        SegmentReport report = new(_terminal, parsed.GetValue(_json));
        int done = 0, failed = 0;
        await foreach (ReceiptLine line in desk.Results(id, _terminal.Stop))
        {
            done++;
            PictureResult result = JsonSerializer.Deserialize(line.Result, Json.Line.PictureResult)
                ?? throw new InvalidDataException($"The receipt of picture {line.Index} of job {id} is damaged.");
            if (result.Error is { } error)
            {
                failed++;
                _terminal.Warn(error);
            }
            else if (names is not null)
            {
                result = await Fetch(desk, id, line.Index, result, names[line.Index]);
            }
            report.Add(result);
        }
        if (done < job.Pictures)
        {
            _terminal.Warn(string.Create(CultureInfo.InvariantCulture,
                $"{job.Pictures - done:N0} of {job.Pictures:N0} pictures are not done: 'clipseg jobs status {id}'."));
        }
        return failed == 0 && done == job.Pictures ? CommandLine.Done : CommandLine.BadFile;
    });

    /// <summary>The files of each picture.</summary>
    private async Task<ResultNames[]> Names(JobDesk desk, JobRecord job, string folder)
    {
        OutputNames names = new(folder, job.Wishes.Ending);
        List<JobPicture> pictures = [];
        await foreach (JobPicture picture in desk.Manifest(job.Id, _terminal.Stop)) pictures.Add(picture);
        string common = Folder(pictures[0].Key);
        foreach (JobPicture picture in pictures)
        {
            while (!picture.Key.StartsWith(common, StringComparison.Ordinal)) common = Folder(common.TrimEnd('/'));
        }
        return [.. pictures.Select(p => names.For(p.Key, job.Wishes.Prompts,
            Folder(p.Key)[common.Length..].TrimEnd('/').Replace('/', Path.DirectorySeparatorChar)))];

        static string Folder(string key) => key[..(key.LastIndexOf('/') + 1)];
    }

    /// <summary>Fetches a picture's files, and says where they are now.</summary>
    private async Task<PictureResult> Fetch(
        JobDesk desk, string job, int index, PictureResult result, ResultNames names)
    {
        string stem = StoreKeys.Output(job, index);
        await Parallel.ForEachAsync(result.Files(), new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (key, _) =>
            {
                byte[] content = await desk.Fetch(key, PictureFile.MaxFileBytes, _terminal.Stop);
                OutputFile.Write(Local(key)!, content);
            });
        return result with
        {
            Overlay = Local(result.Overlay),
            Labels = Local(result.Labels),
            Prompts = result.Prompts is null ? null : [.. result.Prompts.Select(p => p with
            {
                Mask = Local(p.Mask),
                Binary = Local(p.Binary),
                CutOut = Local(p.CutOut),
                Heatmap = Local(p.Heatmap),
                Npy = Local(p.Npy),
            })],
        };

        // A receipt that names another's files is not believed.
        string? Local(string? key) => key is null ? null
            : key.StartsWith($"{stem}.", StringComparison.Ordinal) && !key[stem.Length..].Contains('/')
                ? names.Stem + key[stem.Length..]
                : throw new InvalidDataException($"The receipt of picture {index} of job {job} names '{key}', expected "
                    + $"a file that begins with '{stem}.'.");
    }
}
