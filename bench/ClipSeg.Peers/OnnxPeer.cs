using Microsoft.ML.OnnxRuntime;

namespace ClipSeg.Peers;

/// <summary>ONNX Runtime, with the graphs of clipseg export --onnx: the whole one, or the parts.</summary>
/// <param name="tuned">Whether it has the session options that help, instead of its own.</param>
internal sealed class OnnxPeer(bool tuned) : IPeer
{
    private readonly Dictionary<string, InferenceSession> _sessions = [];
    private readonly RunOptions _run = new();

    public string Load(string folder, string precision, int threads)
    {
        using SessionOptions options = new() { IntraOpNumThreads = threads };
        if (tuned)
        {
            options.AddSessionConfigEntry("session.set_denormal_as_zero", "1");
            options.AddSessionConfigEntry("session.dynamic_block_base", "4");
            options.AddFreeDimensionOverrideByName("image_batch", 1);
        }
        string[] names = File.Exists(Path.Combine(folder, "model.onnx")) ? ["model"] : ["vision", "text", "decoder"];
        foreach (string name in names) _sessions[name] = new(Path.Combine(folder, $"{name}.onnx"), options);
        return $"ONNX Runtime {OrtEnv.Instance().GetVersionString()} in .NET {Environment.Version}";
    }

    public IReadOnlyList<float[]> Segment(float[] pixels, PeerWork work, bool each)
        => _sessions.ContainsKey("model") ? Whole(pixels, work, each) : Parts(pixels, work);

    public void Dispose()
    {
        foreach (InferenceSession session in _sessions.Values) session.Dispose();
        _run.Dispose();
    }

    private List<float[]> Whole(float[] pixels, PeerWork work, bool each)
    {
        (OrtValue Ids, OrtValue Attention)[] texts =
            each ? [.. work.Ids.Select(ids => Texts([ids]))] : [Texts(work.Ids)];
        List<float[]> results = [];
        for (int i = 0; i < work.Pictures; i++)
        {
            using OrtValue picture = Picture(pixels, i, work.Side);
            foreach ((OrtValue ids, OrtValue attention) in texts)
            {
                results.Add(
                    Logits("model", ["pixel_values", "input_ids", "attention_mask"], [picture, ids, attention]));
            }
        }
        foreach ((OrtValue ids, OrtValue attention) in texts)
        {
            ids.Dispose();
            attention.Dispose();
        }
        return results;
    }

    /// <summary>Texts once, each picture once, and the decoder for each picture with all texts.</summary>
    private List<float[]> Parts(float[] pixels, PeerWork work)
    {
        (OrtValue ids, OrtValue attention) = Texts(work.Ids);
        attention.Dispose();
        using IDisposableReadOnlyCollection<OrtValue> texts =
            _sessions["text"].Run(_run, ["input_ids"], [ids], ["conditional"]);
        ids.Dispose();
        List<float[]> results = [];
        IReadOnlyList<string> read = _sessions["vision"].OutputNames;           // the activations, and the grid
        for (int i = 0; i < work.Pictures; i++)
        {
            using OrtValue picture = Picture(pixels, i, work.Side);
            using IDisposableReadOnlyCollection<OrtValue> activations =
                _sessions["vision"].Run(_run, ["pixel_values"], [picture], read);
            results.Add(Logits("decoder", [.. read, "conditional"], [.. activations, texts[0]]));
        }
        return results;
    }

    private float[] Logits(string session, string[] names, OrtValue[] inputs)
    {
        using IDisposableReadOnlyCollection<OrtValue> outputs = _sessions[session].Run(_run, names, inputs, ["logits"]);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }

    private static OrtValue Picture(float[] pixels, int i, int side)
    {
        int length = 3 * side * side;
        return OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance, pixels.AsMemory(i * length, length), [1, 3, side, side]);
    }

    /// <summary>Prompts as one batch: sequences are filled up with their last token, which ends them.</summary>
    private static (OrtValue Ids, OrtValue Attention) Texts(int[][] ids)
    {
        int length = ids.Max(sequence => sequence.Length);
        long[] values = new long[ids.Length * length], attention = new long[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            int[] sequence = ids[i / length];
            values[i] = sequence[Math.Min(i % length, sequence.Length - 1)];
            attention[i] = i % length < sequence.Length ? 1 : 0;
        }
        long[] shape = [ids.Length, length];
        return (OrtValue.CreateTensorValueFromMemory(values, shape),
            OrtValue.CreateTensorValueFromMemory(attention, shape));
    }
}
