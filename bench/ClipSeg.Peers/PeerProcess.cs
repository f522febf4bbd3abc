using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ClipSeg.Peers;

/// <summary>An engine that runs: requests go to its standard input, answers come from its standard output.</summary>
internal sealed class PeerProcess : IDisposable
{
    private readonly Process _process;

    /// <exception cref="PeerException">It does not start, or cannot open the model.</exception>
    public PeerProcess(PeerEngine engine, string model, int threads)
    {
        Engine = engine;
        _process = Start(engine.Name, new(engine.Program[0], engine.Program.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        });
        try
        {
            Version = Ask(new()
            {
                ["command"] = "load",
                ["folder"] = Path.Combine(model, engine.Folder),
                ["precision"] = engine.Precision,
                ["threads"] = threads,
            }).GetProperty("version").GetString()!;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public PeerEngine Engine { get; }

    /// <summary>What the engine says it is.</summary>
    public string Version { get; }

    /// <summary>All the time that its threads have run.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <exception cref="PeerException">There is no such program.</exception>
    public static Process Start(string name, ProcessStartInfo program)
    {
        try
        {
            return Process.Start(program)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new PeerException($"{name}: {program.FileName} does not start ({e.Message}).");
        }
    }

    /// <summary>Does the work once, for a series: milliseconds by the engine's own clock, and processor time.</summary>
    public void Measure(PeerWork work, bool each, PeerSeries series)
    {
        TimeSpan before = ProcessorTime;
        series.Milliseconds.Add(Segment(work, each));
        series.ProcessorMilliseconds.Add((ProcessorTime - before).TotalMilliseconds);
    }

    /// <summary>Does the work once; returns milliseconds by the engine's own clock.</summary>
    /// <param name="each">Whether a whole graph runs once for each prompt, instead of once for all.</param>
    /// <param name="output">Where to write the logits, outside of the time.</param>
    public double Segment(PeerWork work, bool each, string? output = null)
    {
        JsonObject request = new()
        {
            ["command"] = "segment",
            ["pixels"] = work.Pixels,
            ["pictures"] = work.Pictures,
            ["side"] = work.Side,
            ["ids"] = JsonSerializer.SerializeToNode(work.Ids),
            ["each"] = each,
        };
        if (output is not null) request["output"] = output;
        return Ask(request).GetProperty("ms").GetDouble();
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10))) _process.Kill();
        _process.Dispose();
    }

    private JsonElement Ask(JsonObject request)
    {
        string? answer;
        try
        {
            _process.StandardInput.WriteLine(request.ToJsonString());
            answer = _process.StandardOutput.ReadLine();
        }
        catch (IOException)
        {
            answer = null;
        }
        if (answer is null) throw new PeerException($"{Engine.Name}: the process ended.");
        using JsonDocument json = JsonDocument.Parse(answer);
        return json.RootElement.TryGetProperty("error", out JsonElement error)
            ? throw new PeerException($"{Engine.Name}: {error.GetString()}")
            : json.RootElement.Clone();
    }
}

/// <summary>What an engine is asked for.</summary>
/// <param name="Pixels">A file of float32 [pictures, 3, side, side], normalised.</param>
/// <param name="Pictures">How many.</param>
/// <param name="Side">Of a picture.</param>
/// <param name="Ids">The tokens of each prompt.</param>
internal sealed record PeerWork(string Pixels, int Pictures, int Side, int[][] Ids);

/// <summary>An engine cannot be measured.</summary>
internal sealed class PeerException(string message) : Exception(message);
