using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Numerics;

namespace ClipSeg.Benchmarks;

/// <summary>
/// <c>clipseg serve</c> under load, on loopback: mixed pictures and prompts, broken uploads, clients that hang up; then
/// more clients than the queue has places, a second prompt alone, and SIGTERM with requests in flight.
/// </summary>
internal sealed class ServiceLoad : IDisposable
{
    private const int Clients = 16, Flood = 120, Untimed = 5;
    private const double Broken = 0.05, Hanging = 0.05;

    private static readonly (int Width, int Height)[] _sizes = [(320, 240), (640, 480), (1024, 768), (1920, 1080)];
    private static readonly string[] _words = ["a cat", "a red kite", "the table", "somebody's hand", "a cup of tea"];

    private readonly byte[][] _files;
    private readonly Process _service;
    private readonly HttpClient _client = new(new SocketsHttpHandler { MaxConnectionsPerServer = 1000 })
    {
        Timeout = TimeSpan.FromSeconds(120),
    };

    private int _number;

    private ServiceLoad(string program, string model)
    {
        _files = [.. _sizes.Select(size => Jpeg(size.Width, size.Height))];
        ProcessStartInfo start = new("dotnet", [program, "serve", "--model", model, "--port", "0", "--log", "text"])
        {
            RedirectStandardOutput = true,
        };
        _service = Process.Start(start) ?? throw new InvalidOperationException("The service does not start.");
    }

    /// <summary>Measures and prints, on a machine with nothing else to do.</summary>
    /// <param name="model">A folder.</param>
    /// <param name="program">ClipSeg.Cli.dll.</param>
    /// <param name="mixedAlone">Whether the mixed load is all that is wanted: what says most of memory.</param>
    public static async Task Run(string model, string program, int seconds, bool mixedAlone)
    {
        using ServiceLoad load = new(program, model);
        await load.Listen();
        if (mixedAlone)
        {
            Say($"service: {await load.Mixed(TimeSpan.FromSeconds(seconds)):0.00} pictures/s");
            return;
        }
        double network;
        using (Segmenter segmenter = Segmenter.Load(model))
        {
            network = load.Network(segmenter, TimeSpan.FromSeconds(Math.Min(20, seconds)));
            Say($"network alone: {network:0.00} pictures/s");
            await load.SecondPrompt(segmenter);
        }
        double answered = await load.Mixed(TimeSpan.FromSeconds(seconds));
        Say($"service: {answered:0.00} pictures/s, {answered / network:0.00} of the network alone");
        await load.Full();
        await load.End();
    }

    public void Dispose()
    {
        if (!_service.HasExited) _service.Kill();
        _service.Dispose();
        _client.Dispose();
    }

    /// <summary>Pictures a second of what the service has to compute whatever it does: resizing, network, logits; the
    /// better of one caller with all threads, and as many callers as the service has turns.</summary>
    private double Network(Segmenter segmenter, TimeSpan time)
    {
        Image[] images = [.. _files.Select(file => Image.Decode(file))];
        segmenter.Segment(images[0], "warm");
        return Math.Max(Callers(1), Callers(2));

        double Callers(int count)
        {
            int done = 0;
            long start = Stopwatch.GetTimestamp();
            Thread[] threads = [.. Enumerable.Range(0, count).Select(seed => new Thread(() =>
            {
                Random random = new(seed);
                while (Stopwatch.GetElapsedTime(start) < time)
                {
                    EncodedImage encoded = segmenter.Encode(images[random.Next(images.Length)]);
                    using TensorScope scope = new();
                    segmenter.Logits(encoded, [.. Words(random).Select(text => segmenter.Prompt(text))]);
                    Interlocked.Increment(ref done);
                }
            }))];
            foreach (Thread thread in threads) thread.Start();
            foreach (Thread thread in threads) thread.Join();
            return done / Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
    }

    private async Task Listen()
    {
        string line = await _service.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("It ended.");
        _client.BaseAddress = new(line.Split(' ')[2].TrimEnd(';'));
        _ = Task.Run(async () =>
        {
            while (await _service.StandardOutput.ReadLineAsync() is not null) { }
        });
        while ((await _client.GetAsync("health/ready")).StatusCode != HttpStatusCode.OK) await Task.Delay(100);
    }

    private async Task<double> Mixed(TimeSpan time)
    {
        List<double> times = [];
        ServiceMemory memory = new(_service, _client);
        int good = 0, broken = 0, gone = 0, failed = 0;
        long start = Stopwatch.GetTimestamp();
        Task watch = memory.Watch(time);
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(seed => Task.Run(async () =>
        {
            Random random = new(seed);
            while (Stopwatch.GetElapsedTime(start) < time)
            {
                double kind = random.NextDouble();
                if (kind < Broken)
                {
                    bool refused = await Ask(random, cut: true) == HttpStatusCode.BadRequest;
                    Interlocked.Increment(ref refused ? ref broken : ref failed);
                }
                else if (kind < Broken + Hanging)
                {
                    using CancellationTokenSource soon = new(random.Next(1, 1500));
                    try
                    {
                        await Ask(random, cancel: soon.Token);
                    }
                    catch (OperationCanceledException)
                    {
                        Interlocked.Increment(ref gone);
                    }
                }
                else
                {
                    long asked = Stopwatch.GetTimestamp();
                    bool answered = await Ask(random) == HttpStatusCode.OK;
                    Interlocked.Increment(ref answered ? ref good : ref failed);
                    lock (times) times.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
                }
            }
        })));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await watch;
        times.Sort();
        Say($"{Clients} clients, {seconds:0} s: {good} answered, {failed} failed, {broken} broken ones refused, "
            + $"{gone} hung up");
        Say($"p50 {times[times.Count / 2]:0} ms, p99 {times[times.Count * 99 / 100]:0} ms");
        Say("memory of the service:");
        foreach (string quarter in memory.Quarters(time)) Say(quarter);
        return good / seconds;
    }

    /// <summary>More clients than the queue has places.</summary>
    private async Task Full()
    {
        ConcurrentQueue<(string Answer, double Milliseconds)> answers = [];
        await Task.WhenAll(Enumerable.Range(0, Flood).Select(seed => Task.Run(async () =>
        {
            long start = Stopwatch.GetTimestamp();
            using HttpResponseMessage response = await Send(new(seed));
            string answer = response.IsSuccessStatusCode ? "answered" : await Problem(response);
            answers.Enqueue((answer, Stopwatch.GetElapsedTime(start).TotalMilliseconds));
        })));
        Say($"{Flood} at once:");
        foreach (IGrouping<string, (string Answer, double Milliseconds)> kind in answers
            .GroupBy(answer => answer.Answer).OrderByDescending(kind => kind.Count()))
        {
            Say($"  {kind.Count()} {kind.Key}, after {kind.Min(a => a.Milliseconds):0} to "
                + $"{kind.Max(a => a.Milliseconds):0} ms");
        }
    }

    /// <summary>Status, what the problem says, and when to come back.</summary>
    private static async Task<string> Problem(HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync();
        string? detail = response.Content.Headers.ContentType?.MediaType == "application/problem+json"
            ? JsonSerializer.Deserialize<JsonElement>(text).GetProperty("detail").GetString()
            : "no problem's text";
        string again = response.Headers.RetryAfter?.ToString() ?? "none";
        return $"{(int)response.StatusCode} ({detail}), Retry-After {again}";
    }

    /// <summary>A second prompt, by id, against the library's own time for it.</summary>
    private async Task SecondPrompt(Segmenter segmenter)
    {
        byte[] file = _files[1];
        EncodedImage encoded = segmenter.Encode(Image.Decode(file));
        using HttpResponseMessage read = await _client.PostAsync("v1/images", new ByteArrayContent(file));
        string id = (await read.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
        List<double> own = [], asked = [];
        TimeSpan ownProcessor = default, askedProcessor = default;
        for (int i = 0; i < 45; i++)
        {
            string prompt = $"thing number {i}";
            TimeSpan before = Environment.CpuUsage.TotalTime;
            own.Add(Time(() => segmenter.Segment(encoded, [prompt])));
            if (i >= Untimed) ownProcessor += Environment.CpuUsage.TotalTime - before;
            using MultipartFormDataContent form = [];
            form.Add(new StringContent(id), "imageId");
            form.Add(new StringContent(prompt), "prompt");
            form.Add(new StringContent("none"), "outputs");
            before = Processor();
            long start = Stopwatch.GetTimestamp();
            using HttpResponseMessage response = await _client.PostAsync("v1/segment", form);
            await response.Content.ReadAsByteArrayAsync();
            asked.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            if (i >= Untimed) askedProcessor += Processor() - before;
        }
        (double a, double b) = (Median(own), Median(asked));
        Say($"a second prompt, 640x480: {b:0.0} ms over HTTP, {a:0.0} ms in the library, ratio {b / a:0.00}; of "
            + $"processors {askedProcessor / ownProcessor:0.00}");

        TimeSpan Processor()
        {
            _service.Refresh();
            return _service.TotalProcessorTime;
        }

        static double Median(List<double> times) => times.Skip(Untimed).Order().ElementAt((times.Count - Untimed) / 2);

        static double Time(Action work)
        {
            long start = Stopwatch.GetTimestamp();
            work();
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
    }

    /// <summary>SIGTERM with requests in flight.</summary>
    private async Task End()
    {
        Task<HttpStatusCode>[] asked = [.. Enumerable.Range(0, Clients).Select(seed => Ask(new(seed)))];
        await Task.WhenAny(asked);
        Stop();
        HttpStatusCode[] answers = await Task.WhenAll(asked);
        await _service.WaitForExitAsync();
        int good = answers.Count(a => a == HttpStatusCode.OK);
        Say($"SIGTERM with {Clients - 1} in flight: {good} of {Clients} answered, exit code {_service.ExitCode}");
    }

    private void Stop()
    {
        using Process kill = Process.Start("kill", ["-TERM", _service.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private async Task<HttpStatusCode> Ask(Random random, bool cut = false, CancellationToken cancel = default)
    {
        using HttpResponseMessage response = await Send(random, cut, cancel);
        await response.Content.ReadAsByteArrayAsync(cancel);
        return response.StatusCode;
    }

    private Task<HttpResponseMessage> Send(Random random, bool cut = false, CancellationToken cancel = default)
    {
        // Bytes behind a JPEG's end are no part of the picture, but make it another one for the cache.
        byte[] file = [.. _files[random.Next(_files.Length)],
            .. BitConverter.GetBytes(Interlocked.Increment(ref _number))];
        if (cut) file = file[..(file.Length / 2)];
        MultipartFormDataContent form = [];
        form.Add(new ByteArrayContent(file), "image", "picture.jpg");
        foreach (string word in Words(random)) form.Add(new StringContent(word), "prompt");
        return _client.PostAsync("v1/segment", form, cancel);
    }

    private static string[] Words(Random random)
        => [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => _words[random.Next(_words.Length)]).Distinct()];

    /// <summary>A picture that compresses like a photograph: soft colours and some grain.</summary>
    private static byte[] Jpeg(int width, int height)
    {
        Random random = new(width);
        Image coarse = new(width / 16, height / 16);
        random.NextBytes(coarse.Pixels);
        Image picture = coarse.Resize(width, height, Resample.Bicubic);
        foreach (ref byte value in picture.Pixels.AsSpan())
            value = (byte)Math.Clamp(value + random.Next(-6, 7), 0, 255);
        string path = Path.GetTempFileName() + ".jpg";
        picture.Save(path);
        byte[] file = File.ReadAllBytes(path);
        File.Delete(path);
        return file;
    }

    private static void Say(string line) => Console.WriteLine(line);
}
