using System.CommandLine;
using ClipSeg.Cli.Jobs;
using ClipSeg.Jobs;
using ClipSeg.Server;

namespace ClipSeg.Cli;

/// <summary><c>clipseg serve</c>: masks over HTTP, and a page.</summary>
internal sealed class ServeCommand
{
    private const string Examples = """
        clipseg serve
        clipseg serve --model CIDAS/clipseg-rd64-refined --precision int8 --port 9000
        clipseg serve --store s3://bucket --broker amqp://queue.example.org
        curl -F image=@photo.jpg -F prompt="a cup" http://127.0.0.1:8080/v1/segment
        curl -F image=@photo.jpg -F prompt="a cup" -H "Accept: image/png" http://127.0.0.1:8080/v1/segment -o cup.png
        """;

    private const string KeysVariable = "CLIPSEG_API_KEYS", OtlpVariable = "OTEL_EXPORTER_OTLP_ENDPOINT",
        ProtocolVariable = "OTEL_EXPORTER_OTLP_PROTOCOL", OverHttp = "http/protobuf",
        TokenVariable = "LABEL_STUDIO_API_KEY";

    private static readonly ServerOptions _defaults = new();

    private readonly Option<string[]> _models = new("--model", "-m")
    {
        Description = "A folder, a file, or the name of a pulled model; several, the default first. "
            + "By default what other commands use.",
        HelpName = "MODEL",
    };

    private readonly Option<string> _host = new("--host")
    {
        Description = "The address to listen at; 0.0.0.0 is every one of this machine's.",
        HelpName = "ADDRESS",
        DefaultValueFactory = _ => _defaults.Host,
    };

    private readonly Option<int?> _port = new Option<int?>("--port")
    {
        Description = "0 for any that is free.",
        HelpName = "N",
        DefaultValueFactory = _ => _defaults.Port,
    }.Between(0, 65_535);

    private readonly Option<int?> _queue = new Option<int?>("--queue")
    {
        Description = "How many requests may wait; the next one is answered 503.",
        HelpName = "N",
        DefaultValueFactory = _ => _defaults.Queue,
    }.Between(1, 10_000);

    private readonly Option<int?> _maxUpload = new Option<int?>("--max-upload")
    {
        Description = "The largest request, in MiB.",
        HelpName = "N",
        DefaultValueFactory = _ => _defaults.MaxBodyBytes >> 20,
    }.Between(1, 512);

    private readonly Option<int?> _maxPixels = new Option<int?>("--max-megapixels")
    {
        Description = "The largest picture, in millions of pixels.",
        HelpName = "N",
        DefaultValueFactory = _ => _defaults.MaxPixels / 1_000_000,
    }.Between(1, 128);

    private readonly Option<int?> _timeout = new Option<int?>("--timeout")
    {
        Description = "How many seconds a request may take.",
        HelpName = "N",
        DefaultValueFactory = _ => (int)_defaults.Timeout.TotalSeconds,
    }.Between(1, 3600);

    private readonly Option<int?> _cache = new Option<int?>("--cache")
    {
        Description = "How much memory pictures are kept in for their next prompts, in MiB.",
        HelpName = "N",
        DefaultValueFactory = _ => (int)(_defaults.CacheBytes >> 20),
    }.Between(0, 1 << 20);

    private readonly Option<string?> _keys = new("--api-keys")
    {
        Description = $"A file with a key on each line, one of which requests must have; or keys in ${KeysVariable}, "
            + "with commas. By default everybody who reaches the service may use it.",
        HelpName = "FILE",
    };

    private readonly Option<string[]> _origins = new("--cors")
    {
        Description = "A site whose pages may use the service, such as https://example.org. By default none.",
        HelpName = "ORIGIN",
    };

    private readonly Option<Uri?> _otlp = new("--otlp")
    {
        Description = $"Where metrics and traces are sent (OpenTelemetry, gRPC, or as ${ProtocolVariable} says, "
            + $"{OverHttp}); by default ${OtlpVariable}, or nowhere.",
        HelpName = "URL",
    };

    private readonly Option<string[]> _labels = new("--label")
    {
        Description = "What is looked for where a tool sends no prompts, as CVAT does not; several.",
        HelpName = "WORDS",
    };

    private readonly Option<Uri?> _labelStudio = new("--label-studio")
    {
        Description = $"The Label Studio whose tasks' pictures are fetched, with the key in ${TokenVariable}.",
        HelpName = "URL",
    };

    private readonly Option<Uri[]> _picturesFrom = new("--pictures-from")
    {
        Description = "Where else such pictures may be fetched from, such as https://bucket.example.org; several. "
            + "In a private network, by its address.",
        HelpName = "ORIGIN",
    };

    private readonly Option<bool> _check = new("--check")
    {
        Description = "Ask the service at --port of this machine whether it is ready, and do nothing else.",
    };

    private readonly Option<string> _log = new("--log")
    {
        Description = "How lines of the log look; by default text on a terminal, else json.",
        HelpName = "text|json",
    };

    private readonly PlaceOptions _place = new(needsBroker: true);
    private readonly ComputeOptions _compute = new();
    private readonly Terminal _terminal;

    private ServeCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        ServeCommand serve = new(terminal);
        ExampleCommand command = new("serve",
            "Answer over HTTP: a page for people, routes for programs, and what labelling tools ask for.", Examples);
        command.Options.Add(serve._models);
        foreach (Option option in (Option[])[serve._host, serve._port, serve._queue, serve._maxUpload,
            serve._maxPixels, serve._timeout, serve._cache, serve._keys, serve._origins, serve._otlp,
            serve._labels, serve._labelStudio, serve._picturesFrom, serve._check,
            serve._log.AcceptOnlyFromAmong("text", "json")])
            command.Options.Add(option);
        serve._place.AddTo(command);
        serve._compute.AddTo(command);
        command.SetAction(serve.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        if (parsed.GetValue(_check)) return Check(parsed.GetValue(_port)!.Value);
        AspNetCore.Find();
        ServerOptions options = new()
        {
            Host = parsed.GetValue(_host)!,
            Port = Number(_port),
            Queue = Number(_queue),
            MaxBodyBytes = Number(_maxUpload) << 20,
            MaxPixels = Number(_maxPixels) * 1_000_000,
            Timeout = TimeSpan.FromSeconds(Number(_timeout)),
            CacheBytes = (long)Number(_cache) << 20,
            ApiKeys = Keys(parsed.GetValue(_keys)),
            Origins = parsed.GetValue(_origins) ?? [],
            Otlp = parsed.GetValue(_otlp) ?? (Uri.TryCreate(_terminal.Variable(OtlpVariable), UriKind.Absolute,
                out Uri? collector) ? collector : null),
            OtlpOverHttp = _terminal.Variable(ProtocolVariable) == OverHttp,
            Labels = parsed.GetValue(_labels) ?? [],
            LabelStudio = parsed.GetValue(_labelStudio),
            LabelStudioToken = _terminal.Variable(TokenVariable),
            PictureOrigins = parsed.GetValue(_picturesFrom) ?? [],
            JsonLog = (parsed.GetValue(_log) ?? (_terminal.Interactive ? "text" : "json")) == "json",
        };
        JobPlace? jobs = Jobs(parsed);
        try
        {
            ServerHost.Run(options, Load(parsed), jobs,
                urls => _terminal.WriteLine($"Listening at {string.Join(", ", urls)}; Ctrl-C ends."), _terminal.Stop)
                .GetAwaiter().GetResult();
            return CommandLine.Done;
        }
        finally
        {
            jobs?.Broker.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        int Number(Option<int?> option) => parsed.GetValue(option)!.Value;      // each has a default
    }

    /// <summary>Where jobs are; null if neither store nor broker is named.</summary>
    private JobPlace? Jobs(ParseResult parsed)
    {
        if (!_place.AreNamed(parsed, _terminal)) return null;
        IStore store = _place.Store(parsed, _terminal, make: true);
        Uri broker = _place.BrokerAddress(parsed, _terminal)!;
        return new(store, _place.Broker(parsed, _terminal)!, cancel => Broker.Connect(broker, _ => { }, cancel));
    }

    /// <summary>For containers, which have no curl.</summary>
    private int Check(int port)
    {
        using HttpClient client = new() { Timeout = TimeSpan.FromSeconds(4) };
        using HttpRequestMessage request = new(HttpMethod.Get, $"http://127.0.0.1:{port}/health/ready");
        try
        {
            using HttpResponseMessage response = client.Send(request, _terminal.Stop);
            if (response.IsSuccessStatusCode) return CommandLine.Done;
            throw new IOException($"The service at port {port} is not ready: {(int)response.StatusCode}.");
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            throw new IOException($"There is no service at port {port}: {e.Message}", e);
        }
    }

    private string[] Keys(string? file)
    {
        const StringSplitOptions Words = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        if (file is null) return _terminal.Variable(KeysVariable)?.Split(',', Words) ?? [];
        string[] keys = File.ReadAllText(file).Split('\n', Words);
        return keys.Length > 0 ? keys : throw new InvalidDataException($"{file}: there is no key in it.");
    }

    private List<ServedModel> Load(ParseResult parsed)
    {
        string[] names = parsed.GetValue(_models) is { Length: > 0 } given ? given : [ModelOptions.Default(_terminal)];
        SegmenterOptions options = new()
        {
            Precision = _compute.PrecisionOf(parsed),
            Threads = _compute.Threads(parsed),
        };
        List<ServedModel> models = [];
        foreach (string name in names)
        {
            string shown = Path.Exists(name) ? Path.GetFileName(Path.TrimEndingDirectorySeparator(name)) : name;
            if (models.Any(m => m.Name == shown)) throw new UsageException($"Two models are called '{shown}'.");
            models.Add(new(shown, ModelOptions.Load(name, options, _terminal)));
        }
        return models;
    }
}
