using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using ClipSeg.Numerics;

namespace ClipSeg.Peers;

/// <summary>ClipSeg as one of the engines; requests and answers are those of bench/peers/engine.mjs.</summary>
internal sealed class PeerServer : IDisposable
{
    private Segmenter? _segmenter;
    private string _file = "";
    private float[] _pixels = [];

    /// <summary>Answers requests, a line of JSON each, until the input ends.</summary>
    public void Run(TextReader input, TextWriter output)
    {
        while (input.ReadLine() is { } line)
        {
            string answer;
            try
            {
                using JsonDocument request = JsonDocument.Parse(line);
                answer = Answer(request.RootElement);
            }
            catch (Exception e)
            {
                answer = $$"""{"error":"{{JsonEncodedText.Encode(e.Message)}}"}""";
            }
            output.WriteLine(answer);
            output.Flush();
        }
    }

    public void Dispose() => _segmenter?.Dispose();

    private string Answer(JsonElement request)
    {
        if (request.GetProperty("command").GetString() == "load")
        {
            Load(request);
            return $$"""{"version":"ClipSeg in .NET {{Environment.Version}}"}""";
        }
        if (_segmenter is null) throw new InvalidOperationException("There is no model yet.");
        string file = request.GetProperty("pixels").GetString()!;
        if (_file != file)
            (_file, _pixels) = (file, MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(file)).ToArray());

        using TensorScope scope = new();
        long start = Stopwatch.GetTimestamp();
        Tensor[] logits = Segment(request);
        double time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        if (request.TryGetProperty("output", out JsonElement output))
        {
            using FileStream stream = File.Create(output.GetString()!);
            foreach (Tensor one in logits) stream.Write(MemoryMarshal.AsBytes(one.Data));
        }
        return FormattableString.Invariant($$"""{"ms":{{time}}}""");
    }

    private void Load(JsonElement request)
    {
        string name = request.GetProperty("precision").GetString()!;
        Precision precision = name switch
        {
            "f32" => Precision.Float32,
            "bf16" => Precision.BFloat16,
            "int8" => Precision.Int8,
            _ => throw new ArgumentException($"Precision is '{name}', expected f32, bf16 or int8."),
        };
        _segmenter?.Dispose();
        _segmenter = Segmenter.Load(request.GetProperty("folder").GetString()!, new()
        {
            Precision = precision,
            Threads = request.GetProperty("threads").GetInt32(),
        });
    }

    /// <summary>Texts once, each picture once, and the decoder for each picture with all texts.</summary>
    private Tensor[] Segment(JsonElement request)
    {
        int pictures = request.GetProperty("pictures").GetInt32();
        int height = request.GetProperty("height").GetInt32(), width = request.GetProperty("width").GetInt32();
        int[][] ids = [.. request.GetProperty("ids").EnumerateArray()
            .Select(sequence => sequence.EnumerateArray().Select(id => id.GetInt32()).ToArray())];

        (Model.ClipSegModel model, int patch) = (_segmenter!.Model, _segmenter.Model.Config.PatchSize);
        using Compute.Entry entry = _segmenter.Compute.Enter();
        using TensorScope scope = new();
        Tensor texts = model.Text.Embed(ids);                                                       // [P, E]
        Tensor[] logits = new Tensor[pictures];
        for (int i = 0; i < pictures; i++)
        {
            using TensorScope one = new();
            Tensor pixels = Tensor.Empty(1, 3, height, width);
            _pixels.AsSpan(i * pixels.Length, pixels.Length).CopyTo(pixels.Data);
            Tensor[] activations = model.Vision.Activations(pixels);                                // [1, T, C] each
            Tensor map = model.Decoder.Forward(activations, texts, height / patch, width / patch);  // [P, H, W]
            logits[i] = scope.Keep(one.Keep(map));
        }
        return logits;
    }
}
