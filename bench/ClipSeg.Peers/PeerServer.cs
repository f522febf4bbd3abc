using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace ClipSeg.Peers;

/// <summary>
/// An engine as a program that answers requests, a line of JSON each; those in bench/peers do the same.
/// </summary>
internal sealed class PeerServer(IPeer peer) : IDisposable
{
    private string _file = "";
    private float[] _pixels = [];

    /// <summary>Answers until the input ends.</summary>
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

    public void Dispose() => peer.Dispose();

    private string Answer(JsonElement request)
    {
        if (request.GetProperty("command").GetString() == "load")
        {
            string version = peer.Load(request.GetProperty("folder").GetString()!,
                request.GetProperty("precision").GetString()!, request.GetProperty("threads").GetInt32());
            return $$"""{"version":"{{JsonEncodedText.Encode(version)}}"}""";
        }
        string file = request.GetProperty("pixels").GetString()!;
        PeerWork work = new(file, request.GetProperty("pictures").GetInt32(), request.GetProperty("side").GetInt32(),
            request.GetProperty("ids").Deserialize<int[][]>()!);
        bool each = request.GetProperty("each").GetBoolean();
        if (_file != file)
            (_file, _pixels) = (file, MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(file)).ToArray());

        long start = Stopwatch.GetTimestamp();
        IReadOnlyList<float[]> logits = peer.Segment(_pixels, work, each);
        double time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        if (request.TryGetProperty("output", out JsonElement output))
        {
            using FileStream stream = File.Create(output.GetString()!);
            foreach (float[] one in logits) stream.Write(MemoryMarshal.AsBytes(one.AsSpan()));
        }
        return FormattableString.Invariant($$"""{"ms":{{time}}}""");
    }
}
