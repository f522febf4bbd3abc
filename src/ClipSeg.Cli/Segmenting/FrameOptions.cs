using System.CommandLine;
using System.Globalization;
using ClipSeg.Imaging;

namespace ClipSeg.Cli.Segmenting;

/// <summary>The options that make video frames the input: raw ones come in, raw results go out.</summary>
internal sealed class FrameOptions
{
    private const string Format = "rgb24";
    private const float UsualFps = 25;

    // Those that have a frame for each frame.
    private static readonly ResultKind[] _kinds =
    [
        ResultKind.Overlay, ResultKind.Mask, ResultKind.Binary, ResultKind.CutOut, ResultKind.Heatmap,
        ResultKind.Labels,
    ];

    private readonly Option<string[]> _frames = new("--frames")
    {
        Description = $"Read raw video frames from standard input, {Format} of this size, and write a raw frame for "
            + "each with -o -: overlays and heat maps as rgb24, masks and labels as gray, cut-outs as rgba, or on a "
            + "background as rgb24.",
        HelpName = $"{Format} WxH",
        Arity = new ArgumentArity(2, 2),
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<float?> _fps = new Option<float?>("--fps")
    {
        Description = $"Frames a second; by default {UsualFps}.",
        HelpName = "N",
    }.Between(0.01f, 1000);

    private readonly Option<float?> _smooth = new Option<float?>("--smooth")
    {
        Description = "Against flicker: what a frame shows fades in those that follow, to a third after S seconds.",
        HelpName = "S",
    }.Between(0, 60);

    public void AddTo(Command command)
    {
        command.Options.Add(_frames);
        command.Options.Add(_fps);
        command.Options.Add(_smooth);
    }

    public bool AreAsked(ParseResult parsed) => parsed.GetValue(_frames) is { Length: > 0 };

    /// <summary>What was asked for; null if no frames were.</summary>
    /// <exception cref="UsageException">Options contradict each other.</exception>
    public FrameWishes? Read(ParseResult parsed)
    {
        float? fps = parsed.GetValue(_fps), smooth = parsed.GetValue(_smooth);
        if (!AreAsked(parsed))
        {
            if (fps is null && smooth is null) return null;
            throw new UsageException($"{(fps is null ? "--smooth" : "--fps")} is for --frames, which is not there.");
        }
        string[] words = parsed.GetValue(_frames)!;
        string[] sides = words[1].Split('x');
        if (words[0] != Format || sides.Length != 2 || !TryParse(sides[0], out int width)
            || !TryParse(sides[1], out int height))
        {
            throw new UsageException($"--frames is '{words[0]} {words[1]}', expected {Format} and a size: "
                + $"{Format} 640x480.");
        }
        PictureFile.CheckSize(width, height, "--frames");
        // 1 / e is about a third.
        double kept = smooth is > 0 ? Math.Exp(-1 / ((fps ?? UsualFps) * smooth.Value)) : 0;
        return new(width, height, fps ?? UsualFps, (float)kept);
    }

    /// <exception cref="UsageException">Frames cannot be written so.</exception>
    public static void Check(SaveWishes wishes, int prompts, int pictures, bool isPiped, bool isJudged)
    {
        if (pictures > 0) throw new UsageException("--frames reads frames from standard input, no pictures beside.");
        if (!isPiped) throw new UsageException("--frames writes frames to standard output: add -o - > FILE.");
        if (isJudged) throw new UsageException("--min-score does not go with --frames: every frame has a result.");
        if (wishes.Kinds is not [var kind] || !_kinds.Contains(kind))
        {
            throw new UsageException("--frames writes one kind of frames: name one with --save, out of "
                + $"{string.Join(", ", _kinds.Select(SaveOptions.NameOf))}.");
        }
        if (prompts != 1 && Rendering.IsOfPrompt(kind))
        {
            throw new UsageException($"--save {SaveOptions.NameOf(kind)} of frames is for one prompt, there are "
                + $"{prompts}; overlays and labels show several.");
        }
    }

    private static bool TryParse(string text, out int number)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}

/// <summary>The frames that come.</summary>
/// <param name="Width">In pixels.</param>
/// <param name="Height">In pixels.</param>
/// <param name="Fps">Frames a second.</param>
/// <param name="Kept">How much of the last result stays in the next, 0 to 1.</param>
internal sealed record FrameWishes(int Width, int Height, float Fps, float Kept);
