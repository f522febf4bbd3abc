using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Peers;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;

namespace ClipSeg.Tests.Peers;

/// <summary>The engines that bench-peers compares speak the same language and compute the same.</summary>
public sealed class PeerServerTests : IDisposable
{
    private static readonly string _program =
        Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "ClipSeg.Peers.exe" : "ClipSeg.Peers");
    private static readonly PeerEngine[] _onnx = [.. PeerEngine.Onnx(_program).Where(e => e.Precision == "float32")];
    private static readonly PeerEngine _transformers =
        PeerEngine.InNode(Path.Combine(Fixtures.Root, "bench", "peers")).First(e => e.Precision == "float32");

    private static readonly PeerEngine _pytorch =
        PeerEngine.InPython(Path.Combine(Fixtures.Root, "bench", "peers"));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Clipseg_answers_with_the_logits_of_the_reference()
    {
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllText(Fixtures.At("model", "mini.cases.json")));
        Tensor pixels = FixtureTensors.Read("model/mini.cases.safetensors", "native.pixels");
        Tensor expected = FixtureTensors.Read("model/mini.cases.safetensors", "native.logits");
        File.WriteAllBytes(_folder.At("pixels"), MemoryMarshal.AsBytes(pixels.Data).ToArray());

        string[] answers = Serve(
            Load(Fixtures.At("model", "mini"), "f32"),
            $$"""
            {"command":"segment","pixels":"{{_folder.At("pixels")}}","pictures":1,"side":{{pixels[2]}},"each":false,
            "ids":{{cases.RootElement.GetProperty("input_ids").GetRawText()}},
            "output":"{{_folder.At("logits")}}"}
            """);

        Assert.Contains("\"version\"", answers[0]);
        using JsonDocument answer = JsonDocument.Parse(answers[1]);
        Assert.True(answer.RootElement.GetProperty("ms").GetDouble() > 0);
        Close.All(expected.Data, MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(_folder.At("logits"))), 1e-4f);
    }

    [Theory]
    [InlineData("{\"command\":\"segment\",\"pixels\":\"x\"}", "")]
    [InlineData("{", "")]
    [InlineData("{\"command\":\"load\",\"folder\":\"nowhere\",\"precision\":\"f7\",\"threads\":1}", "f7")]
    [InlineData("{\"command\":\"load\",\"folder\":\"no\\\"where\",\"precision\":\"f32\",\"threads\":1}", "no\"where")]
    public void Requests_that_cannot_be_answered_are_answered_with_an_error(string request, string expected)
    {
        using JsonDocument answer = JsonDocument.Parse(Assert.Single(Serve(request)));
        Assert.Contains(expected, answer.RootElement.GetProperty("error").GetString());
    }

    [Fact]
    public void Onnx_runtime_computes_the_same_logits_as_clipseg() => CheckLogits(_onnx);

    [PeersFact]
    public void Transformers_computes_the_same_logits_as_clipseg() => CheckLogits(_transformers);

    [PyTorchFact]
    public void PyTorch_computes_the_same_logits_as_clipseg() => CheckLogits(_pytorch);

    private void CheckLogits(params PeerEngine[] engines)
    {
        PeerModel model = PeerModel.Prepare(_folder.At("toy"), Fixtures.At("model", "mini"), _ => { });
        PeerWork work = model.Work(pictures: 2, prompts: 3, side: 64);
        Serve(
            Load(Path.Combine(model.Folder, "clipseg"), "f32"),
            $$"""
            {"command":"segment","pixels":"{{work.Pixels}}","pictures":2,"side":64,"each":false,
            "ids":{{JsonSerializer.Serialize(work.Ids)}},"output":"{{_folder.At("ours")}}"}
            """);
        byte[] expected = File.ReadAllBytes(_folder.At("ours"));
        Assert.Equal(2 * 3 * 64 * 64 * sizeof(float), expected.Length);

        foreach (PeerEngine engine in engines)
        {
            using PeerProcess process = new(engine, model.Folder, threads: 1);
            foreach (bool each in (bool[])[false, true])
            {
                Assert.True(process.Segment(work, each, _folder.At("theirs")) > 0);
                Close.All(MemoryMarshal.Cast<byte, float>(expected),
                    MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(_folder.At("theirs"))), 1e-4f);
            }
        }
    }

    /// <summary>What the programs of a cold start do, ours and ONNX Runtime's, from a picture to a mask.</summary>
    [Fact]
    public void A_cold_start_of_either_engine_makes_the_same_mask()
    {
        PeerModel model = PeerModel.Prepare(_folder.At("toy"), Fixtures.At("model", "mini"), _ => { });
        FullSize.Picture(80).Save(_folder.At("picture.png"));
        List<Image> masks = [];
        foreach (PeerEngine engine in (PeerEngine[])[PeerEngine.Ours("f32", _program), _onnx[0]])
        {
            (string name, string[] command) =
                Assert.Single(PeerCold.WaysOf(engine, "", model, _folder.At("picture.png"), threads: 1));
            PeerCold cold = PeerCold.Run(name, command, model);
            Assert.True(cold is { Milliseconds: > 0, ProcessorMilliseconds: > 0 });
            masks.Add(Image.Load(Path.Combine(model.Folder, "cold", "mask.png")));
        }
        Assert.Equal((80, 80), (masks[0].Width, masks[0].Height));
        Assert.All(masks[0].Pixels.Zip(masks[1].Pixels), p => Assert.InRange(p.First - p.Second, -1, 1));
    }

    [Fact]
    public void A_run_measures_every_engine_in_every_scenario_and_skips_by_name_what_does_not_start()
        => CheckRun("ONNX Runtime", _onnx);

    [PeersFact]
    public void A_run_measures_transformers() => CheckRun("Transformers.js", _transformers);

    [PyTorchFact]
    public void A_run_measures_pytorch() => CheckRun("PyTorch", _pytorch);

    [Fact]
    public void A_run_measures_only_what_it_is_asked_for()
        => Assert.Equal(["ten"], Run(["ten"], _onnx[..1]).Series.Select(s => s.Scenario).Distinct());

    private void CheckRun(string version, params PeerEngine[] engines)
    {
        PeerEngine absent = engines[0] with { Name = "absent", Program = [_folder.At("no-program")], IsSplit = true };
        PeerResults results = Run([], [.. engines, absent]);

        Assert.Equal(["one-48", "ten", "many", "one-64", "cold"], results.Series.Select(s => s.Scenario).Distinct());
        Assert.All(results.Series, s => Assert.All(s.Milliseconds, ms => Assert.True(ms > 0)));
        Assert.All(results.Series, s => Assert.True((s.Difference ?? 0) < 1e-4));
        Assert.Equal(4, results.Series.First().Milliseconds.Count);        // two rounds, two of a turn
        Assert.All(results.Series.Where(s => s.Scenario == "cold"),
            s => Assert.All(s.PeakMegabytes, megabytes => Assert.InRange(megabytes, 10, 2000)));
        Assert.StartsWith("absent: ", Assert.Single(results.Skipped));
        Assert.Contains(results.Versions, v => v.StartsWith(version));
    }

    private PeerResults Run(string[] only, PeerEngine[] engines) => new PeerRun(new()
    {
        Engines = engines,
        Clipseg = "",
        Work = _folder.At("work"),
        Box = "",
        Toy = Fixtures.At("model", "mini"),
        Threads = 1,
        Rounds = 2,
        Only = only,
        Quick = true,
    }, _ => { }).Measure();

    [Fact]
    public void An_engine_without_its_model_says_so()
    {
        PeerEngine engine = _onnx[0];
        PeerException e = Assert.Throws<PeerException>(() => new PeerProcess(engine, _folder.At("none"), 1));
        Assert.Contains(engine.Name, e.Message);
    }

    private string[] Serve(params string[] requests)
    {
        using PeerServer server = new(new OwnPeer());
        using StringWriter output = new() { NewLine = "\n" };
        server.Run(new StringReader(string.Join('\n', requests.Select(r => r.ReplaceLineEndings("")))), output);
        return output.ToString().TrimEnd('\n').Split('\n');
    }

    private static string Load(string folder, string precision)
        => $$"""{"command":"load","folder":"{{folder}}","precision":"{{precision}}","threads":1}""";
}

/// <summary>A test that Transformers.js has a part in, skipped where it is not installed.</summary>
public sealed class PeersFactAttribute : FactAttribute
{
    public PeersFactAttribute()
    {
        string package = Path.Combine(Fixtures.Root, "bench", "peers", "node_modules", "@huggingface", "transformers");
        if (!Directory.Exists(package))
            Skip = "needs Transformers.js: npm install --ignore-scripts --no-package-lock, in the folder bench/peers";
    }
}

/// <summary>A test that PyTorch has a part in, skipped where Python does not have it.</summary>
public sealed class PyTorchFactAttribute : FactAttribute
{
    private static readonly Lazy<bool> _isThere = new(() =>
    {
        try
        {
            using Process python = Process.Start(new ProcessStartInfo(PeerEngine.Python, ["-c", "import torch, PIL"])
            {
                RedirectStandardError = true,
            })!;
            python.WaitForExit();
            return python.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    });

    public PyTorchFactAttribute()
    {
        if (!_isThere.Value) Skip = "needs PyTorch: Debian's python3-torch and python3-pil";
    }
}
