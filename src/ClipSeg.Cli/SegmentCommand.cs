using System.CommandLine;
using ClipSeg.Cli.Segmenting;
using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Prompts;

namespace ClipSeg.Cli;

/// <summary><c>clipseg segment</c>: pictures and prompts in, masks, cut-outs and overlays out.</summary>
internal sealed class SegmentCommand
{
    private const string StandardOutput = "-";
    private const string Examples = """
        clipseg segment photo.jpg "a cup" "the wooden table"
        clipseg segment photo.jpg "a cup" --save cutout --background white
        clipseg segment holiday/ -r -p "a kite" --json > found.jsonl
        clipseg segment photo.jpg 'face AND NOT (hair OR hat)' "a cup" --not "a plate"
        clipseg segment photo.jpg --support mug.jpg --support-mask mug-mask.png
        clipseg segment photo.jpg "a mug" --support mug.jpg --support-mask mug-mask.png --mix 0.5
        clipseg segment holiday/ --prompts words.txt -o masks
        clipseg segment - "a cup" --save cutout -o - < photo.jpg > cup.png
        clipseg segment --frames rgb24 640x480 --fps 25 -p "a cup" -o - < raw > overlays
        """;

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "The folder to write to, or - for one picture on standard output.",
        HelpName = "DIR",
        DefaultValueFactory = _ => "out",
    };

    private readonly Option<float?> _minScore = new Option<float?>("--min-score")
    {
        Description = "What scores less than this, 0 to 1, counts as not found, and no mask of it is written; by "
            + "default the model's own limit, and all masks. The exit code is 4 if nothing is found, in any picture.",
        HelpName = "S",
    }.Between(0, 1);

    private readonly Option<string?> _saveLogits = new("--save-logits")
    {
        Description = "Write the raw logits [prompts, height, width] at the model's resolution, as NumPy's .npy.",
        HelpName = "FILE",
    };

    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print a line of JSON for each picture when it is done, and nothing else.",
    };

    private readonly Option<bool> _rle = new("--rle")
    {
        Description = "Say masks in JSON as well, as COCO's compressed run lengths.",
    };

    private readonly Option<string?> _coco = new("--coco")
    {
        Description = "Write a COCO file with a category for each prompt.",
        HelpName = "FILE",
    };

    private readonly Option<float?> _cocoPolygons = new Option<float?>("--coco-polygons")
    {
        Description = "In it, polygons that are up to N pixels off, instead of run lengths, which are exact.",
        HelpName = "N",
    }.Between(0, 1000);

    private readonly FollowOptions _follow = new();
    private readonly FrameOptions _frames = new();
    private readonly PictureArguments _pictures = new();
    private readonly PromptOptions _prompts = new();
    private readonly ModelOptions _model = new();
    private readonly SaveOptions _save = new();
    private readonly Terminal _terminal;

    private SegmentCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        SegmentCommand segment = new(terminal);
        ExampleCommand command = new("segment",
            "Find what prompts name or show. Writes a soft mask for each prompt and an overlay with all of them, or "
            + "whatever --save asks for.",
            Examples);
        segment._pictures.AddTo(command);
        segment._prompts.AddTo(command);
        segment._model.AddTo(command);
        segment._model.AddFineTo(command);
        command.Options.Add(segment._output);
        segment._save.AddTo(command);
        foreach (Option option in (Option[])[segment._minScore, segment._saveLogits, segment._json, segment._rle,
            segment._coco, segment._cocoPolygons])
        {
            command.Options.Add(option);
        }
        segment._follow.AddTo(command);
        segment._frames.AddTo(command);
        command.SetAction(segment.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        string folder = parsed.GetValue(_output)!;
        bool isPiped = folder == StandardOutput, json = parsed.GetValue(_json), watch = _follow.Watches(parsed);
        string? results = isPiped ? null : folder, coco = parsed.GetValue(_coco);
        (PictureList pictures, IReadOnlyList<string> texts) = _pictures.Read(
            parsed, results, _terminal.OpenInput, mayBeNone: watch || _frames.AreAsked(parsed));
        PromptRequest request = _prompts.Read(parsed, texts);
        FrameWishes? frames = _frames.Read(parsed);
        SaveWishes wishes = _save.Read(parsed,
            frames is not null ? [ResultKind.Overlay] : isPiped ? [ResultKind.Mask] : SaveOptions.Usual);
        bool many = pictures.Count > 1 || watch || frames is not null;
        Check(parsed, wishes, many, request.Count);
        _follow.Check(parsed, pictures, isPiped);
        if (frames is not null)
            FrameOptions.Check(wishes, request.Count, pictures.Count, isPiped, parsed.GetValue(_minScore) is not null);
        using Stream? pipe = isPiped ? Pipe(wishes, frames is null ? pictures.Count : 1, request.Count, json) : null;
        if (pictures.PassedOver is { } others) _terminal.Warn($"Passed over: {others}.");

        using Segmenter segmenter = _model.Load(parsed, _terminal);
        CombinedPrompts prompts = _terminal.Wait("Reading the prompts", () => request.Make(segmenter));
        segmenter.Trim();       // no more texts come
        foreach (Prompt prompt in prompts.Leaves.Where(p => p.Truncated))
            _terminal.Warn($"Prompt '{prompt.Name}' is too long for the model, which reads only its beginning.");

        string[] names = [.. prompts.Prompts.Select(p => p.Name)];
        bool resume = _follow.Resumes(parsed);
        using Journal? journal = !resume && (!many || isPiped) ? null
            : Journal.Open(folder, _follow.Settings(parsed, names, _model.Name(parsed, _terminal)), resume);
        using RunReport? report = _follow.OpenReport(parsed);
        using CocoWriter? writer = coco is null ? null : new(coco, names, parsed.GetValue(_cocoPolygons));
        PictureWork work = new(segmenter, prompts, wishes, many)
        {
            NotFoundBelow = parsed.GetValue(_minScore) ?? segmenter.NotFoundBelow,
            OnlyFound = parsed.GetValue(_minScore) is not null,
            Fine = _model.Fine(parsed),
            Parts = json || journal is not null || report is not null,
            Rle = parsed.GetValue(_rle) || coco is not null,
            LogitsFile = parsed.GetValue(_saveLogits),
            Piped = isPiped,
        };
        if (frames is not null)
        {
            using Stream input = _terminal.OpenInput()
                ?? throw new UsageException("--frames reads frames from standard input, and nothing is piped into it.");
            bool found = new FrameRun(work, frames, wishes.Kinds[0], names.Length) { Report = report }
                .Run(input, pipe!, _terminal.Stop);
            return found ? CommandLine.Done : CommandLine.NothingFound;
        }
        return new PictureRun(_terminal, work, new(folder, wishes.Ending), names)
        {
            Printed = new(_terminal, json),
            Pipe = pipe,
            Journal = journal,
            Report = report,
            Coco = writer,
            Watched = watch ? new(pictures.Folders, _pictures.IsRecursive(parsed), results) : null,
        }.Run(pictures);
    }

    private void Check(ParseResult parsed, SaveWishes wishes, bool many, int prompts)
    {
        if (parsed.GetValue(_saveLogits) is not null && many)
            throw new UsageException("--save-logits is for one picture, there are several.");
        if (parsed.GetValue(_rle) && !parsed.GetValue(_json))
            throw new UsageException("--rle is for --json, which is not there.");
        if (parsed.GetValue(_cocoPolygons) is not null && parsed.GetValue(_coco) is null)
            throw new UsageException("--coco-polygons is for --coco, which is not there.");
        if (wishes.Kinds.Contains(ResultKind.Labels) && prompts > byte.MaxValue)
            throw new UsageException($"--save labels is for up to {byte.MaxValue} prompts, there are {prompts}.");
    }

    private Stream Pipe(SaveWishes wishes, int pictures, int prompts, bool json)
    {
        if (json) throw new UsageException("-o - and --json both write to standard output.");
        if (wishes.Kinds.Count != 1)
            throw new UsageException($"-o - writes one picture: name one kind with --save, not {wishes.Kinds.Count}.");
        ResultKind kind = wishes.Kinds[0];
        if (pictures != 1 || (prompts != 1 && Rendering.IsOfPrompt(kind)))
        {
            throw new UsageException($"-o - writes one {SaveOptions.NameOf(kind)}, of one picture and one prompt; "
                + $"there are {pictures} pictures and {prompts} prompts.");
        }
        return _terminal.OpenOutput()
            ?? throw new UsageException("-o - writes a picture to standard output, which is the screen: add > FILE.");
    }
}
