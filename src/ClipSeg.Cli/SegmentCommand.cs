using System.CommandLine;
using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Prompts;

namespace ClipSeg.Cli;

/// <summary><c>clipseg segment</c>: pictures and prompts in, masks and overlays out.</summary>
internal sealed class SegmentCommand
{
    private const string StandardOutput = "-";
    private const string Examples = """
        clipseg segment photo.jpg "a cup" "the wooden table"
        clipseg segment holiday/*.jpg beach/ -p "a kite" --json > found.jsonl
        clipseg segment photo.jpg 'face AND NOT (hair OR hat)' "a cup" --not "a plate"
        clipseg segment photo.jpg --support mug.jpg --support-mask mug-mask.png
        clipseg segment photo.jpg "a mug" --support mug.jpg --support-mask mug-mask.png --mix 0.5
        clipseg segment holiday/ --prompts words.txt -o masks
        clipseg segment - "a cup" -o - < photo.jpg > mask.png
        """;

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "The folder to write to, or - for one mask on standard output.",
        HelpName = "DIR",
        DefaultValueFactory = _ => "out",
    };

    private readonly Option<float?> _threshold = new Option<float?>("--threshold", "-t")
    {
        Description = "The probability from which a pixel counts as found, 0 to 1; by default 0.5.",
        HelpName = "T",
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

    private readonly PictureArguments _pictures = new();
    private readonly PromptOptions _prompts = new();
    private readonly ModelOptions _model = new();
    private readonly Terminal _terminal;

    private SegmentCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        SegmentCommand segment = new(terminal);
        ExampleCommand command = new("segment",
            "Find what prompts name or show. Writes a soft mask for each prompt and an overlay with all of them.",
            Examples);
        segment._pictures.AddTo(command);
        segment._prompts.AddTo(command);
        segment._model.AddTo(command);
        command.Options.Add(segment._output);
        command.Options.Add(segment._threshold);
        command.Options.Add(segment._saveLogits);
        command.Options.Add(segment._json);
        command.SetAction(segment.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        (PictureList pictures, IReadOnlyList<string> texts) = _pictures.Read(parsed);
        PromptRequest request = _prompts.Read(parsed, texts);
        string? logitsFile = parsed.GetValue(_saveLogits);
        if (logitsFile is not null && pictures.Count > 1)
            throw new UsageException($"--save-logits is for one picture, there are {pictures.Count}.");
        string folder = parsed.GetValue(_output)!;
        bool json = parsed.GetValue(_json);
        using Stream? pipe = folder == StandardOutput ? Pipe(pictures.Count, request.Count, json) : null;
        if (pictures.PassedOver is { } others) _terminal.Warn($"Passed over: {others}.");

        using Segmenter segmenter = _model.Load(parsed, _terminal);
        CombinedPrompts prompts = _terminal.Wait("Reading the prompts", () => request.Make(segmenter));
        foreach (Prompt prompt in prompts.Leaves.Where(p => p.Truncated))
            _terminal.Warn($"Prompt '{prompt.Name}' is too long for the model, which reads only its beginning.");

        SegmentReport report = new(_terminal, json);
        OutputNames names = new(folder);
        float threshold = parsed.GetValue(_threshold) ?? 0.5f;
        bool allRead = true;
        _terminal.ForEach("Segmenting", [.. pictures], path =>
        {
            Image picture;
            try
            {
                picture = Read(path);
            }
            catch (Exception e) when (CommandLine.IsBadFile(e))
            {
                allRead = false;
                _terminal.Warn(e.Message);
                report.Add(new(path) { Error = e.Message });
                return;
            }

            using TensorScope scope = new();
            EncodedImage encoded = segmenter.Encode(picture, _terminal.Stop);
            Tensor logits = segmenter.Logits(encoded, prompts.Leaves, _terminal.Stop);
            _terminal.Stop.ThrowIfCancellationRequested();
            if (logitsFile is not null) NpyFile.Write(logitsFile, logits);
            Mask[] masks = prompts.Combine(segmenter.Masks(encoded, logits));
            if (pipe is not null) pipe.Write(masks[0].EncodePng());
            else report.Add(Save(path, picture, masks, prompts.Prompts, threshold, names));
        });
        return allRead ? CommandLine.Done : CommandLine.BadFile;
    }

    private Image Read(string path)
    {
        if (path != PictureList.StandardInput) return Image.Load(path);
        using Stream input = _terminal.OpenInput()
            ?? throw new UsageException("'-' reads a picture from standard input, and nothing is piped into it.");
        return Image.Load(input, "standard input");
    }

    private static PictureResult Save(string path, Image picture, Mask[] masks, IReadOnlyList<CombinedPrompt> prompts,
        float threshold, OutputNames names)
    {
        string[] labels = [.. prompts.Select(p => p.Name)];
        ResultNames files = names.For(path, labels);
        for (int i = 0; i < masks.Length; i++) masks[i].Save(files.Masks[i]);
        Overlay.Draw(picture, masks, labels, threshold).Save(files.Overlay);
        return new(path)
        {
            Width = picture.Width,
            Height = picture.Height,
            Threshold = threshold,
            Overlay = files.Overlay,
            Prompts = [.. masks.Select((mask, i) =>
                PromptResult.Of(labels[i], mask, threshold, files.Masks[i], prompts[i].Truncated))],
        };
    }

    private Stream Pipe(int pictures, int prompts, bool json)
    {
        if (json) throw new UsageException("-o - and --json both write to standard output.");
        if (pictures != 1 || prompts != 1)
        {
            throw new UsageException($"-o - writes one mask, of one picture and one prompt; there are {pictures} "
                + $"pictures and {prompts} prompts.");
        }
        return _terminal.OpenOutput()
            ?? throw new UsageException("-o - writes a picture to standard output, which is the screen: add > FILE.");
    }
}
