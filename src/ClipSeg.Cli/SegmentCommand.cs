using System.CommandLine;
using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Prompts;

namespace ClipSeg.Cli;

/// <summary><c>clipseg segment</c>: pictures and prompts in, masks and overlays out.</summary>
internal sealed class SegmentCommand
{
    private const string Examples = """
        clipseg segment photo.jpg "a cup" "the wooden table"
        clipseg segment photo.jpg --support mug.jpg --support-mask mug-mask.png
        clipseg segment photo.jpg "a mug" --support mug.jpg --support-mask mug-mask.png --mix 0.5
        clipseg segment holiday/ --prompts words.txt -o masks --json > found.json
        """;

    private static readonly string[] _pictureNames = [".png", ".jpg", ".jpeg", ".gif", ".bmp"];

    private readonly Argument<string> _image = new("IMAGE") { Description = "A picture, or a folder of pictures." };

    private readonly Option<string[]> _moreImages = new("--image", "-i")
    {
        Description = "More pictures or folders.",
        HelpName = "IMAGE",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "The folder to write to.",
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

    private readonly Option<bool> _json =
        new("--json") { Description = "Print the results as JSON, and nothing else." };

    private readonly ModelOptions _model = new();
    private readonly PromptOptions _prompts = new();
    private readonly Terminal _terminal;

    private SegmentCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        SegmentCommand segment = new(terminal);
        ExampleCommand command = new("segment",
            "Find what prompts name or show. Writes a soft mask for each prompt and an overlay with all of them.",
            Examples);
        command.Arguments.Add(segment._image);
        segment._prompts.AddTo(command);
        command.Options.Add(segment._moreImages);
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
        List<string> pictures = Pictures([parsed.GetValue(_image)!, .. parsed.GetValue(_moreImages) ?? []]);
        string? logitsFile = parsed.GetValue(_saveLogits);
        if (logitsFile is not null && pictures.Count > 1)
            throw new ArgumentException($"--save-logits is for one picture, there are {pictures.Count}.");
        PromptRequest request = _prompts.Read(parsed);

        using Segmenter segmenter = _model.Load(parsed, _terminal);
        IReadOnlyList<Prompt> prompts = _terminal.Wait("Reading the prompts", () => request.Make(segmenter));
        foreach (Prompt prompt in prompts.Where(p => p.Truncated))
            _terminal.Warn($"Prompt '{prompt.Name}' is too long for the model, which reads only its beginning.");

        SegmentReport report = new(parsed.GetValue(_threshold) ?? 0.5f, prompts);
        OutputNames names = new(parsed.GetValue(_output)!);
        _terminal.ForEach("Segmenting", pictures, path =>
        {
            Image picture;
            try
            {
                picture = Image.Load(path);
            }
            catch (Exception e) when (pictures.Count > 1 && CommandLine.IsBadFile(e))
            {
                _terminal.Warn(e.Message);
                report.AddUnread(path, e.Message);
                return;
            }
            report.Add(Segment(segmenter, path, picture, report, names, logitsFile));
        });

        if (parsed.GetValue(_json)) report.WriteJson(_terminal.Output);
        else _terminal.Write(report.ToTable());
        return report.HasUnread ? CommandLine.BadFile : CommandLine.Done;
    }

    private SegmentedPicture Segment(
        Segmenter segmenter, string path, Image picture, SegmentReport report, OutputNames names, string? logitsFile)
    {
        using TensorScope scope = new();
        EncodedImage encoded = segmenter.Encode(picture);
        Tensor logits = segmenter.Logits(encoded, report.Prompts);
        if (logitsFile is not null) NpyFile.Write(logitsFile, logits);

        _terminal.Stop.ThrowIfCancellationRequested();
        Mask[] masks = segmenter.Masks(encoded, logits);
        string[] labels = [.. report.Prompts.Select(p => p.Name)];
        PictureNames files = names.For(path, labels);
        for (int i = 0; i < masks.Length; i++) masks[i].Save(files.Masks[i]);
        Overlay.Draw(picture, masks, labels, report.Threshold).Save(files.Overlay);
        return new(path, picture.Width, picture.Height, files,
            [.. masks.Select(mask => MaskSummary.Of(mask, report.Threshold))]);
    }

    private static List<string> Pictures(IReadOnlyList<string> paths)
    {
        List<string> pictures = [];
        foreach (string path in paths)
        {
            if (!Directory.Exists(path))
            {
                pictures.Add(path);
                continue;
            }
            string[] inside = [.. Directory.GetFiles(path)
                .Where(file => _pictureNames.Contains(Path.GetExtension(file).ToLowerInvariant()))
                .Order(StringComparer.Ordinal)];
            if (inside.Length == 0)
                throw new FileNotFoundException(
                    $"Folder '{path}' holds no picture ({string.Join(", ", _pictureNames)}).");
            pictures.AddRange(inside);
        }
        return pictures;
    }
}
