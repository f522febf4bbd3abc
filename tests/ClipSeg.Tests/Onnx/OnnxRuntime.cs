using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ClipSeg.Numerics;
using ClipSeg.Onnx;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;

namespace ClipSeg.Tests.Onnx;

/// <summary>A test that ONNX Runtime has a part in, skipped where Node.js or its package is missing.</summary>
public sealed class OnnxTheoryAttribute : TheoryAttribute
{
    public OnnxTheoryAttribute()
    {
        if (OnnxRuntime.Missing is { } what)
            Skip = $"needs {what}: npm install --ignore-scripts --no-package-lock, in the folder tests";
    }
}

/// <summary>Runs models by ONNX Runtime, through the Node.js package of its makers.</summary>
internal sealed class OnnxRuntime : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<Run> _runs = [];
    private int _files;

    /// <summary>What is not installed; null if all is.</summary>
    public static string? Missing { get; } = FindMissing();

    /// <summary>Writes a model for a run; returns its path.</summary>
    public string Save(OnnxGraph graph)
    {
        string path = NewFile();
        using FileStream stream = File.Create(path);
        graph.Write(stream);
        return path;
    }

    public Value Of(Tensor x) => new("float32", x.Shape.ToArray(), Store(MemoryMarshal.AsBytes(x.Data)));

    public Value Of(long[] values, params int[] shape)
        => new("int64", shape, Store(MemoryMarshal.AsBytes(values.AsSpan())));

    /// <summary>Plans a run; what it makes can be an input of those planned after it.</summary>
    public void Plan(string model, Dictionary<string, Value> inputs, Dictionary<string, Value> outputs)
        => _runs.Add(new(model, inputs, outputs));

    /// <summary>A value that a run will make.</summary>
    public Value Future(string type, params int[] shape) => new(type, shape, NewFile());

    /// <summary>Runs what was planned, in order, and checks the shapes of what comes out.</summary>
    public void Execute()
    {
        string job = NewFile();
        File.WriteAllText(job, Describe());
        string script = Path.Combine(Fixtures.Root, "tests", "ClipSeg.Tests", "Onnx", "run.mjs");
        using Process node = Process.Start(new ProcessStartInfo("node", [script, job])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = node.StandardError.ReadToEndAsync();
        string output = node.StandardOutput.ReadToEnd();
        node.WaitForExit();
        Assert.True(node.ExitCode == 0, errors.Result);

        string[] shapes = output.TrimEnd('\n').Split('\n');
        Assert.Equal(_runs.Count, shapes.Length);
        for (int i = 0; i < shapes.Length; i++)
        {
            using JsonDocument run = JsonDocument.Parse(shapes[i]);
            foreach ((string name, Value value) in _runs[i].Outputs)
            {
                int[] shape = [.. run.RootElement.GetProperty(name).EnumerateArray().Select(size => size.GetInt32())];
                Assert.Equal(value.Shape, shape);
            }
        }
    }

    /// <summary>A value of type float32 that a run made.</summary>
    public static Tensor Read(Value value)
        => new(MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(value.File)).ToArray(), value.Shape);

    public void Dispose() => _folder.Dispose();

    private static string? FindMissing()
    {
        string package = Path.Combine(Fixtures.Root, "tests", "node_modules", "onnxruntime-node", "package.json");
        if (!File.Exists(package)) return "onnxruntime-node";
        try
        {
            using Process node =
                Process.Start(new ProcessStartInfo("node", ["--version"]) { RedirectStandardOutput = true })!;
            node.StandardOutput.ReadToEnd();
            node.WaitForExit();
            return null;
        }
        catch (Win32Exception)
        {
            return "Node.js";
        }
    }

    private string Describe()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartArray();
            foreach (Run run in _runs)
            {
                json.WriteStartObject();
                json.WriteString("model", run.Model);
                json.WriteStartObject("inputs");
                foreach ((string name, Value value) in run.Inputs)
                {
                    json.WriteStartObject(name);
                    json.WriteString("type", value.Type);
                    json.WriteString("file", value.File);
                    json.WriteStartArray("dims");
                    foreach (int size in value.Shape) json.WriteNumberValue(size);
                    json.WriteEndArray();
                    json.WriteEndObject();
                }
                json.WriteEndObject();
                json.WriteStartObject("outputs");
                foreach ((string name, Value value) in run.Outputs) json.WriteString(name, value.File);
                json.WriteEndObject();
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private string Store(ReadOnlySpan<byte> bytes)
    {
        string path = NewFile();
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private string NewFile() => _folder.At($"{_files++}");

    /// <summary>An input or output: bare elements in a file.</summary>
    public sealed record Value(string Type, int[] Shape, string File);

    private sealed record Run(string Model, Dictionary<string, Value> Inputs, Dictionary<string, Value> Outputs);
}
