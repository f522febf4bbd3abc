using System.CommandLine;
using ClipSeg.Checkpoints;
using ClipSeg.Cli.Segmenting;
using ClipSeg.Imaging;
using ClipSeg.Jobs;
using ClipSeg.Numerics;

namespace ClipSeg.Cli.Jobs;

/// <summary><c>clipseg jobs submit</c>: the pictures of a store into the queue.</summary>
internal sealed class SubmitCommand
{
    private const string Examples = """
        clipseg jobs submit s3://bucket/photos "a crack" "rust" --store s3://bucket --broker amqp://queue.example.org
        clipseg jobs submit photos "a crack" --save mask,overlay --store /mnt/shared
        clipseg jobs submit photos "a crack" --model CIDAS/clipseg-rd64-refined --precision bf16 --shard 16
        clipseg jobs watch $(clipseg jobs submit photos "a crack")
        """;

    private readonly Argument<string> _pictures = new("PICTURES")
    {
        Description = "A folder in the store, with all below it: as an address, or from the store on. A dot is all of "
            + "it.",
    };

    private readonly Argument<string[]> _prompts = new("PROMPT")
    {
        Description = "What to find, in words.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<int?> _shard = new Option<int?>("--shard")
    {
        Description = "How many pictures a message is, 16 to 64: so many that a worker is busy for some seconds; by "
            + $"default {JobDesk.UsualShard}.",
        HelpName = "N",
    }.Between(JobDesk.LeastShard, ShardMessage.MostPictures);

    private readonly Option<float?> _minScore = new Option<float?>("--min-score")
    {
        Description = "What scores less than this, 0 to 1, counts as not found, and no mask of it is written.",
        HelpName = "S",
    }.Between(0, 1);

    private readonly Option<bool> _rle = new("--rle")
    {
        Description = "Say masks in the results as well, as COCO's compressed run lengths.",
    };

    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print an object of JSON, not the name alone.",
    };

    private readonly PlaceOptions _place = new(needsBroker: true);
    private readonly PromptOptions _words = new();
    private readonly ModelOptions _model = new();
    private readonly ComputeOptions _compute = new();
    private readonly SaveOptions _save = new();
    private readonly Terminal _terminal;

    private SubmitCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        SubmitCommand submit = new(terminal);
        ExampleCommand command = new("submit",
            "Put the pictures of a store into the queue, and print the job's name. The same job again is the same "
            + "job: what is missing is put there, and what was called off goes on.", Examples)
        {
            submit._pictures, submit._prompts,
        };
        submit._place.AddTo(command);
        submit._words.AddWordsTo(command);
        submit._model.AddNameTo(command);
        submit._model.AddSizeTo(command);
        submit._model.AddFineTo(command);
        submit._compute.AddPrecisionTo(command);
        submit._save.AddTo(command);
        foreach (Option option in (Option[])[submit._minScore, submit._rle, submit._shard, submit._json])
            command.Options.Add(option);
        command.SetAction(submit.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        JobWishes wishes = Wishes(parsed);
        string prefix = Store.Prefix(_place.Address(parsed, _terminal), parsed.GetValue(_pictures)!);
        int shard = parsed.GetValue(_shard) ?? JobDesk.UsualShard;
        Submission? submission = null;
        _terminal.Advance("Submitting", advance => submission = _place.AtDesk(parsed, _terminal,
            desk => desk.Submit(wishes, prefix, shard, advance, _terminal.Stop), make: true));
        (JobRecord job, bool isNew, int published) = submission!;
        _terminal.WriteLine(parsed.GetValue(_json)
            ? Json.Of(new(job.Id, job.Pictures, job.Shards, published, isNew), Json.Line.SubmitResult) : job.Id);
        if (published == 0 && !isNew)
        {
            _terminal.Warn(
                "Nothing to do: the same job was submitted before. 'clipseg jobs status' says how far it is.");
        }
        return CommandLine.Done;
    }

    private JobWishes Wishes(ParseResult parsed)
    {
        string name = _model.Name(parsed, _terminal);
        string[] prompts = parsed.GetValue(_prompts)!;
        if (prompts.Any(string.IsNullOrWhiteSpace)) throw new UsageException("A prompt is empty: say what to find.");
        PromptOptions.OfWords(prompts, _words.Nots(parsed), _words.Template(parsed));
        string? background = _save.BackgroundWord(parsed);
        SaveWishes save = _save.Read(parsed, [ResultKind.Mask]);
        if (save.Kinds.Contains(ResultKind.Labels) && prompts.Length > byte.MaxValue)
        {
            throw new UsageException(
                $"--save labels is for up to {byte.MaxValue} prompts, there are {prompts.Length}.");
        }
        using Checkpoint model = Checkpoint.Open(ModelOptions.Locate(name, _terminal));
        return new()
        {
            Model = new(Path.Exists(name) ? Path.GetFileName(Path.TrimEndingDirectorySeparator(name)) : name,
                _terminal.Wait($"Reading {name}", () => ModelHash.Of(model))),
            Prompts = prompts,
            Nots = _words.Nots(parsed),
            Template = _words.Template(parsed),
            Precision = PrecisionNames.Of(_compute.PrecisionOf(parsed)),
            Size = _model.Size(parsed),
            Fine = _model.Fine(parsed),
            Save = save.Kinds,
            Ending = save.Ending,
            Quality = save.Quality,
            Background = background,
            Edits = save.Edits,
            MinScore = parsed.GetValue(_minScore),
            Rle = parsed.GetValue(_rle),
        };
    }
}

/// <summary>What <c>clipseg jobs submit --json</c> prints.</summary>
/// <param name="Job">The job's name.</param>
/// <param name="Published">How many messages were put into the queue now.</param>
/// <param name="New">Whether it is the first time.</param>
internal sealed record SubmitResult(string Job, int Pictures, int Shards, int Published, bool New);
