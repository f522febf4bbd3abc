using System.CommandLine;
using System.Globalization;
using ClipSeg.Checkpoints;
using ClipSeg.Model;

namespace ClipSeg.Cli;

/// <summary><c>clipseg show</c>: what a model is.</summary>
internal sealed class ShowCommand
{
    private const string Examples = """
        clipseg show CIDAS/clipseg-rd64-refined
        clipseg show rd64-uni.pth --clip ViT-B-16.pt
        """;

    private readonly Argument<string> _source =
        new("MODEL") { Description = "A folder, a file, or the name of a pulled model." };

    private readonly ModelOptions _files = new();
    private readonly Terminal _terminal;

    private ShowCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        ShowCommand show = new(terminal);
        ExampleCommand command =
            new("show", "Say what a model is: sizes, layers, head, preprocessing, licence.", Examples) { show._source };
        show._files.AddFilesTo(command);
        command.SetAction(show.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        using Segmenter model = _files.Load(parsed.GetValue(_source)!, parsed, _terminal);
        _terminal.Write(Describe(model));
        return CommandLine.Done;
    }

    private static TextTable Describe(Segmenter model)
    {
        (Checkpoint checkpoint, ClipSegConfig c) = (model.Checkpoint!, model.Model.Config);
        TextTable table = new("", "");
        table.Add("model", checkpoint.Path);
        string inferred = checkpoint.ConfigIsInferred ? ", config worked out from the weights" : "";
        table.Add("kind", checkpoint.Kind + inferred);
        table.Add("weights", Weights(checkpoint));
        table.Add("stored as", Types(checkpoint));
        table.Add("vision tower", (c.Vision.ImageOnly ? "no CLIP's, of pictures alone, " : "") + Tower(c.Vision)
            + $", patches of {c.PatchSize} px, made for {c.ImageSize} px");
        table.Add("text tower", Tower(c.Text) + $", {c.VocabularySize} tokens, texts of up to {c.MaxTokens}");
        table.Add("embedding", $"{c.EmbeddingWidth} wide");
        table.Add("decoder", (c.DecoderType == DecoderType.ClipDeconv
            ? $"CLIP-Deconv, {c.ReduceWidth} wide, "
            : $"{c.ExtractLayers.Count} blocks {c.ReduceWidth} wide, {c.DecoderHeads} heads, ")
            + $"reads vision blocks {string.Join(", ", c.ExtractLayers)}");
        table.Add("head", c.RefinedHead ? "refined (three convolutions)" : "plain (one transposed convolution)");
        table.Add("preprocessing",
            Steps(model.Preprocessing) + (checkpoint.PreprocessingIsDefault ? " (defaults: no file says it)" : ""));
        table.Add("licence", Licence.NameOf(checkpoint.File) ?? "no file says it");
        return table;
    }

    private static string Tower(EncoderConfig tower)
        => $"{tower.Layers} blocks {tower.Width} wide, {tower.Heads} heads";

    private static string Weights(Checkpoint checkpoint)
    {
        return Format(
            $"{Count(""):N0} (vision {Count("clip.vis"):N0}, text {Count("clip.text"):N0}, decoder {Count("dec"):N0})");

        long Count(string prefix) => checkpoint.Tensors.Values
            .Where(t => t.Name.StartsWith(prefix, StringComparison.Ordinal)).Sum(t => (long)t.Length);
    }

    private static string Types(Checkpoint checkpoint) => string.Join(", ", checkpoint.Tensors.Values
        .GroupBy(t => t.Type).OrderByDescending(g => g.Count())
        .Select(g => $"{g.Key.ToString().ToLowerInvariant()} ({g.Count()} tensors)"));

    private static string Steps(Preprocessing p) => Format(
        $"{p.Width} x {p.Height}, {$"{p.Filter}".ToLowerInvariant()}, mean {List(p.Mean)}, deviation {List(p.Std)}");

    private static string List(IReadOnlyList<float> values)
        => string.Join("/", values.Select(v => v.ToString(CultureInfo.InvariantCulture)));

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
