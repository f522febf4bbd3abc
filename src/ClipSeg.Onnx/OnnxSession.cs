using ClipSeg.Formats;
using ClipSeg.Numerics;
using Microsoft.ML.OnnxRuntime;
using OrtElement = Microsoft.ML.OnnxRuntime.Tensors.TensorElementType;

namespace ClipSeg.Onnx;

/// <summary>A graph that ONNX Runtime has opened. Safe to use from several threads.</summary>
internal sealed class OnnxSession : IDisposable
{
    private readonly string _path;
    private readonly InferenceSession _session;
    private readonly Lock? _turn;       // DirectML runs a session on one thread at a time

    /// <exception cref="CheckpointException">There is no such file, or ONNX Runtime cannot open it.</exception>
    public OnnxSession(string path, OnnxOptions options)
    {
        if (!File.Exists(path))
        {
            throw new CheckpointException(
                $"There is no file '{path}': export the model to ONNX in parts anew.");
        }
        _path = path;
        _turn = options.Provider == OnnxProvider.DirectMl ? new() : null;
        using SessionOptions session = OnnxProviders.Open(options);
        try
        {
            _session = new(path, session);
        }
        catch (OnnxRuntimeException e)
        {
            throw new CheckpointException($"ONNX Runtime cannot open '{path}': {e.Message}", e);
        }
    }

    /// <summary>An input of float32, copied.</summary>
    public static OrtValue Input(Tensor x)
    {
        OrtValue value = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, OrtElement.Float, Array.ConvertAll(x.Shape.ToArray(), n => (long)n));
        x.Data.CopyTo(value.GetTensorMutableDataAsSpan<float>());
        return value;
    }

    /// <summary>An input of int64, which stays the caller's and must not change until the run is over.</summary>
    public static OrtValue Input(long[] values, params long[] shape)
        => OrtValue.CreateTensorValueFromMemory(values, shape);

    /// <summary>Runs the graph; returns its outputs of float32 in the order asked for.</summary>
    /// <remarks>Stops when the <see cref="Compute"/> of this thread is told to.</remarks>
    /// <param name="inputs">By name; disposed when it has run.</param>
    /// <param name="outputs">Names, and the shapes that they must have.</param>
    /// <exception cref="CheckpointException">The graph fails, or answers with something else: it is another model's.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public Tensor[] Run(Dictionary<string, OrtValue> inputs, params IReadOnlyList<OnnxOutput> outputs)
    {
        CancellationToken cancel = Compute.Cancellation;
        _turn?.Enter();
        try
        {
            using RunOptions options = new();
            using CancellationTokenRegistration registration = cancel.Register(() => options.Terminate = true);
            using IDisposableReadOnlyCollection<OrtValue> values =
                _session.Run(options, inputs, [.. outputs.Select(o => o.Name)]);
            return [.. outputs.Select((output, i) => Read(values[i], output))];
        }
        catch (OnnxRuntimeException e)
        {
            cancel.ThrowIfCancellationRequested();
            throw new CheckpointException($"ONNX Runtime cannot run '{_path}': {e.Message}", e);
        }
        finally
        {
            _turn?.Exit();
            foreach (OrtValue input in inputs.Values) input.Dispose();
        }
    }

    public void Dispose() => _session.Dispose();

    private Tensor Read(OrtValue value, OnnxOutput output)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        if (info.ElementDataType != OrtElement.Float || !info.Shape.SequenceEqual(output.Shape))
        {
            throw new CheckpointException($"'{_path}' answers with {output.Name} of {info.ElementDataType} "
                + $"[{string.Join(", ", info.Shape)}], expected Float [{string.Join(", ", output.Shape)}]: "
                + "it does not belong to its config.json.");
        }
        Tensor y = Tensor.Empty(Array.ConvertAll(output.Shape, n => (int)n));
        value.GetTensorDataAsSpan<float>().CopyTo(y.Data);
        return y;
    }
}

/// <summary>What is asked of a graph.</summary>
/// <param name="Name">Of the output.</param>
/// <param name="Shape">What it must be.</param>
internal sealed record OnnxOutput(string Name, params long[] Shape);
