using System.Diagnostics;
using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Numerics;

namespace ClipSeg.Tests.Cli;

public sealed class FrameTests : IDisposable
{
    private const int Width = 60, Height = 40;

    private readonly CliRun _cli = new();
    private readonly Image[] _frames;

    public FrameTests()
    {
        Image scene = Image.Load(CliRun.Scene);
        _frames = [.. Enumerable.Range(0, 5).Select(i => scene.Crop(10 * i, 5 * i, Width, Height))];
    }

    public void Dispose() => _cli.Dispose();

    [Fact]
    public void Each_frame_becomes_an_overlay_in_order()
    {
        byte[] result = Run(0, "a dog", "-p", "a cat");
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        Assert.Equal(_frames.Length * Width * Height * 3, result.Length);
        for (int i = 0; i < _frames.Length; i++)
        {
            Mask[] masks = [.. segmenter.Segment(segmenter.Encode(_frames[i]), ["a dog", "a cat"])
                .Select(mask => mask.GuidedFilter(_frames[i]))];
            byte[] expected = Overlay.Draw(_frames[i], masks, (string[])["a dog", "a cat"]).Pixels;
            AssertNear(expected, result.AsSpan(i * expected.Length, expected.Length), 1);
        }
    }

    [Theory]
    [InlineData("mask", 1)]
    [InlineData("labels", 1)]
    [InlineData("cutout", 4)]
    [InlineData("heatmap", 3)]
    public void A_kind_has_its_raw_format(string kind, int channels)
    {
        byte[] result = Run(0, "a dog", "--save", kind);
        Assert.Equal(_frames.Length * Width * Height * channels, result.Length);
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        if (kind == "mask")
        {
            Mask mask = segmenter.Segment(_frames[1], "a dog").GuidedFilter(_frames[1]);
            byte[] expected = [.. mask.Values.Select(v => (byte)(v * 255 + 0.5f))];
            AssertNear(expected, result.AsSpan(Width * Height, Width * Height), 1);
        }
        if (kind == "cutout") Assert.Equal(_frames[0].Pixels[..3], result[..3]);
    }

    [Fact]
    public void Smoothing_mixes_the_last_results_in()
    {
        byte[] result = Run(0, "a dog", "--save", "mask", "--fps", "10", "--smooth", "0.2");
        float kept = MathF.Exp(-1 / (10 * 0.2f));
        using Segmenter segmenter = Segmenter.Load(CliRun.Mini);
        float[]? smooth = null;
        for (int i = 0; i < _frames.Length; i++)
        {
            Tensor logits = segmenter.Logits(segmenter.Encode(_frames[i]), [segmenter.Prompt("a dog")]);
            smooth = [.. logits.Data.ToArray().Select((v, k) => smooth is null ? v : v + kept * (smooth[k] - v))];
            Mask mask = Segmenter.Masks(new(smooth, logits.Shape), Width, Height)[0].GuidedFilter(_frames[i]);
            byte[] expected = [.. mask.Values.Select(v => (byte)(v * 255 + 0.5f))];
            AssertNear(expected, result.AsSpan(i * expected.Length, expected.Length), 1);
        }
    }

    [Fact]
    public void The_report_has_a_line_for_each_frame()
    {
        Run(0, "a dog", "--fps", "4", "--report", _cli.Folder.At("frames.jsonl"));
        string[] lines = File.ReadAllLines(_cli.Folder.At("frames.jsonl"));
        Assert.Equal(_frames.Length + 1, lines.Length);
        using JsonDocument third = JsonDocument.Parse(lines[2]);
        Assert.Equal(2, third.RootElement.GetProperty("frame").GetInt32());
        Assert.Equal(0.5, third.RootElement.GetProperty("seconds").GetDouble());
        Assert.True(third.RootElement.GetProperty("prompts")[0].GetProperty("score").GetDouble() > 0);
    }

    [Fact]
    public void What_cannot_be_frames_is_a_mistake()
    {
        Assert.Equal(Width * Height * 3 * 4, Run(1, "a dog", cut: 1).Length);      // the whole ones are there
        Assert.Contains("ends in frame 4 after 7,199 of its 7,200 bytes", _cli.Errors);
        Run(1, "a dog", cut: _frames.Length * Width * Height * 3);
        Assert.Contains("ends in frame 0", _cli.Errors);

        string[] frames = ["segment", "--frames", "rgb24", "60x40", "-m", CliRun.Mini];
        _cli.Pipe = new MemoryStream();
        _cli.AssertFailed(2, _cli.Run([.. frames, "-p", "a dog"]), "add -o -");
        _cli.AssertFailed(2, _cli.Run([.. frames, CliRun.Scene, "-p", "a dog", "-o", "-"]), "no pictures");
        _cli.AssertFailed(
            2, _cli.Run([.. frames, "-p", "a", "-p", "b", "--save", "mask", "-o", "-"]), "for one prompt");
        _cli.AssertFailed(2, _cli.Run([.. frames, "-p", "a", "--save", "npy", "-o", "-"]), "one kind of frames");
        _cli.AssertFailed(
            2, _cli.Run("segment", "--frames", "yuv420p", "60x40", "-p", "a", "-o", "-"), "expected rgb24");
        _cli.AssertFailed(2, _cli.Run("segment", CliRun.Scene, "a", "--fps", "25"), "--fps is for --frames");
    }

    /// <summary>The line of docs/cli.md, if ffmpeg is there.</summary>
    [Fact]
    public void Ffmpeg_feeds_frames_and_encodes_the_results()
    {
        if (!HasFfmpeg()) return;
        string video = _cli.Folder.At("in.mkv"), result = _cli.Folder.At("out.mkv"), raw = _cli.Folder.At("raw");
        Ffmpeg("-f", "lavfi", "-i", "testsrc=size=60x40:rate=10:duration=1", "-c:v", "ffv1", video);
        Ffmpeg("-i", video, "-f", "rawvideo", "-pix_fmt", "rgb24", raw);

        using MemoryStream output = new();
        (_cli.Input, _cli.Pipe) = (File.OpenRead(raw), output);
        Assert.Equal(0, _cli.Run("segment", "--frames", "rgb24", "60x40", "--fps", "10", "-p", "a dog", "-o", "-",
            "-m", CliRun.Mini));
        File.WriteAllBytes(raw, output.ToArray());
        Ffmpeg("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "60x40", "-r", "10", "-i", raw, "-c:v", "ffv1", result);

        string again = _cli.Folder.At("again");
        Ffmpeg("-i", result, "-f", "rawvideo", "-pix_fmt", "rgb24", again);
        Assert.Equal(10 * 60 * 40 * 3, new FileInfo(again).Length);
        AssertNear(output.ToArray(), File.ReadAllBytes(again), 3);     // ffv1 loses nothing but its colour space
    }

    private byte[] Run(int expected, string prompt, params string[] more) => Run(expected, prompt, 0, more);

    private byte[] Run(int expected, string prompt, int cut, params string[] more)
    {
        byte[] frames = [.. _frames.SelectMany(frame => frame.Pixels)];
        using MemoryStream output = new();
        (_cli.Input, _cli.Pipe) = (new MemoryStream(frames[..^cut]), output);
        Assert.Equal(expected, _cli.Run(["segment", "--frames", "rgb24", $"{Width}x{Height}", "-p", prompt, .. more,
            "-m", CliRun.Mini, "-o", "-"]));
        return output.ToArray();
    }

    private static void AssertNear(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, int most)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++) Assert.InRange(actual[i], expected[i] - most, expected[i] + most);
    }

    private static bool HasFfmpeg() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, "ffmpeg")));

    private static void Ffmpeg(params string[] args)
    {
        using Process ffmpeg = Process.Start(new ProcessStartInfo("ffmpeg", ["-v", "error", "-y", .. args]))!;
        Assert.True(ffmpeg.WaitForExit(60_000));
        Assert.Equal(0, ffmpeg.ExitCode);
    }
}
