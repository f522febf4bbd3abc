using System.CommandLine;
using ClipSeg.Cli.Segmenting;
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
        """;

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "The folder to write to, or - for one picture on standard output.",
        HelpName = "DIR",
        DefaultValueFactory = _ => "out",
    };

    private readonly Option<float?> _minScore = new Option<float?>("--min-score")
    {
        Description = "What scores less than this, 0 to 1, counts as not found, and no mask of it is written; with it, "
            + "the exit code is 4 if nothing is found in any picture.",
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
        foreach (Option option in (Option[])[segment._minScore, segment._saveLogits, segment._json, segment._rle])
            command.Options.Add(option);
        command.SetAction(segment.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        string folder = parsed.GetValue(_output)!;
        bool isPiped = folder == StandardOutput, json = parsed.GetValue(_json);
        (PictureList pictures, IReadOnlyList<string> texts) = _pictures.Read(
            parsed, isPiped ? null : folder, _terminal.OpenInput);
        PromptRequest request = _prompts.Read(parsed, texts);
        SaveWishes wishes = _save.Read(parsed, isPiped ? [ResultKind.Mask] : SaveOptions.Usual);
        string? logitsFile = parsed.GetValue(_saveLogits);
        if (logitsFile is not null && pictures.Count > 1)
            throw new UsageException($"--save-logits is for one picture, there are {pictures.Count}.");
        if (parsed.GetValue(_rle) && !json) throw new UsageException("--rle is for --json, which is not there.");
        if (wishes.Kinds.Contains(ResultKind.Labels) && request.Count > byte.MaxValue)
            throw new UsageException($"--save labels is for up to {byte.MaxValue} prompts, there are {request.Count}.");
        using Stream? pipe = isPiped ? Pipe(wishes, pictures.Count, request.Count, json) : null;
        if (pictures.PassedOver is { } others) _terminal.Warn($"Passed over: {others}.");

        using Segmenter segmenter = _model.Load(parsed, _terminal);
        CombinedPrompts prompts = _terminal.Wait("Reading the prompts", () => request.Make(segmenter));
        foreach (Prompt prompt in prompts.Leaves.Where(p => p.Truncated))
            _terminal.Warn($"Prompt '{prompt.Name}' is too long for the model, which reads only its beginning.");

        using PictureWork work = new(segmenter, prompts, wishes, many: pictures.Count > 1)
        {
            MinScore = parsed.GetValue(_minScore),      // where a model's own would come in
            Fine = _model.Fine(parsed),
            Parts = json,
            Rle = parsed.GetValue(_rle),
            LogitsFile = logitsFile,
            Piped = isPiped,
        };
        return new PictureRun(_terminal, work, new(folder, wishes.Ending), [.. prompts.Prompts.Select(p => p.Name)])
        {
            Report = new(_terminal, json),
            Pipe = pipe,
        }.Run(pictures);
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
