using System.Globalization;
using System.Text.Json;
using ClipSeg.Files;
using ClipSeg.Formats;
using ClipSeg.Numerics;

namespace ClipSeg.Training;

/// <summary>One line of a training log.</summary>
/// <param name="Step">Steps taken so far.</param>
/// <param name="Loss">The mean over the steps since the last line.</param>
/// <param name="Rate">The learning rate of the last step.</param>
/// <param name="Seconds">Of training, over all resumptions.</param>
/// <param name="Score">Of validation, higher is better; null where none was due.</param>
internal sealed record LogLine(int Step, double Loss, double Rate, double Seconds, double? Score);

/// <summary>
/// The folder of a run: <c>state.safetensors</c> (weights, optimiser, step: what a resumed run needs),
/// <c>log.jsonl</c>, and two model folders, <c>last</c> and <c>best</c>. Every file is replaced whole.
/// </summary>
internal sealed class TrainingFolder
{
    private const string First = "optimizer.first.", Second = "optimizer.second.", StepsKey = "steps", RunKey = "run";

    private readonly string _state, _log;

    public TrainingFolder(string path)
    {
        Path = path;
        Directory.CreateDirectory(path);
        _state = System.IO.Path.Combine(path, "state.safetensors");
        _log = System.IO.Path.Combine(path, "log.jsonl");
    }

    public string Path { get; }

    /// <summary>Whether a run was started here.</summary>
    public bool HasState => File.Exists(_state);

    /// <summary>Where the model of the newest saved step is written.</summary>
    public string Last => System.IO.Path.Combine(Path, "last");

    /// <summary>Where the model with the best validation score is written.</summary>
    public string Best => System.IO.Path.Combine(Path, "best");

    /// <summary>Saves what a resumed run needs.</summary>
    /// <param name="run">What kind of run this is; <see cref="LoadState"/> wants the same.</param>
    public void SaveState(AdamW optimizer, string run)
    {
        List<StoredTensor> tensors = [];
        for (int i = 0; i < optimizer.Parameters.Count; i++)
        {
            Parameter p = optimizer.Parameters[i];
            tensors.Add(StoredTensor.Of(p.Name, p.Value));
            tensors.Add(StoredTensor.Of(First + p.Name, new(optimizer.FirstMoments[i], p.Shape)));
            tensors.Add(StoredTensor.Of(Second + p.Name, new(optimizer.SecondMoments[i], p.Shape)));
        }
        SafeTensorsWriter.Write(_state, tensors, new Dictionary<string, string>
        {
            [StepsKey] = optimizer.Steps.ToString(CultureInfo.InvariantCulture),
            [RunKey] = run,
        });
    }

    /// <summary>Restores weights, moments and step, and drops log lines of steps that will be taken again.</summary>
    /// <exception cref="CheckpointException">The state is damaged, or of another run.</exception>
    public void LoadState(AdamW optimizer, string run)
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(_state);
        if (file.Metadata.GetValueOrDefault(RunKey) is not { } saved || saved != run)
            throw new CheckpointException($"'{_state}' is of another run than this: its recipe or model differs.");
        if (!int.TryParse(
            file.Metadata.GetValueOrDefault(StepsKey), NumberStyles.None, CultureInfo.InvariantCulture, out int steps))
            throw new CheckpointException($"'{_state}' does not say how many steps were taken.");
        for (int i = 0; i < optimizer.Parameters.Count; i++)
        {
            Parameter p = optimizer.Parameters[i];
            Read(file, p.Name, p.Value.Data);
            Read(file, First + p.Name, optimizer.FirstMoments[i]);
            Read(file, Second + p.Name, optimizer.SecondMoments[i]);
            p.Changed();
        }
        optimizer.Steps = steps;

        IEnumerable<LogLine> kept = ReadLog().Where(line => line.Step <= steps);
        OutputFile.Write(_log, string.Concat(kept.Select(line => Format(line) + "\n")));
    }

    public void Log(LogLine line) => File.AppendAllText(_log, Format(line) + "\n");

    /// <summary>The log so far.</summary>
    public IReadOnlyList<LogLine> ReadLog()
    {
        if (!File.Exists(_log)) return [];
        List<LogLine> lines = [];
        foreach (string text in File.ReadLines(_log))
        {
            // The last line of a run that was killed may be incomplete.
            try
            {
                using JsonDocument json = JsonDocument.Parse(text);
                JsonElement root = json.RootElement;
                lines.Add(new(
                    root.GetProperty("step").GetInt32(), root.GetProperty("loss").GetDouble(),
                    root.GetProperty("rate").GetDouble(),
                    root.GetProperty("seconds").GetDouble(),
                    root.TryGetProperty("score", out JsonElement score) ? score.GetDouble() : null));
            }
            catch (JsonException)
            {
                break;
            }
        }
        return lines;
    }

    private void Read(SafeTensorsFile file, string name, Span<float> values)
    {
        if (!file.Tensors.TryGetValue(name, out StoredTensor? stored) || stored.Length != values.Length)
            throw new CheckpointException($"'{_state}' has no tensor '{name}' of {values.Length} elements.");
        stored.Read(0, values);
    }

    private static string Format(LogLine line)
    {
        string score = line.Score is { } value
            ? string.Create(CultureInfo.InvariantCulture, $", \"score\": {value:F5}")
            : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{{\"step\": {line.Step}, \"loss\": {line.Loss:R}, \"rate\": {line.Rate:R}, "
            + $"\"seconds\": {line.Seconds:F1}{score}}}");
    }
}
