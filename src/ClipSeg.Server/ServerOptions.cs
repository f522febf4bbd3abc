namespace ClipSeg.Server;

/// <summary>Where the service listens, what it serves, and how much it takes from strangers.</summary>
internal sealed record ServerOptions
{
    /// <summary>An address of this machine; only loopback ones are out of other machines' reach.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>0 for any that is free.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>How many requests are worked on at once.</summary>
    public int Turns { get; init; } = 2;

    /// <summary>How many requests wait for their turn, pictures in hand; the next one is told to come back.</summary>
    public int Queue { get; init; } = 64;

    /// <summary>How many uploads are received at once, those in the queue included.</summary>
    public int Uploads { get; init; } = 256;

    /// <summary>How many watch jobs at once; each costs the store a look every two seconds.</summary>
    public int Watchers { get; init; } = 64;

    /// <summary>Of a request's body, in bytes.</summary>
    public int MaxBodyBytes { get; init; } = 32 << 20;

    /// <summary>Of a picture.</summary>
    public int MaxPixels { get; init; } = 40_000_000;

    /// <summary>Of a request, negatives included.</summary>
    public int MaxPrompts { get; init; } = 64;

    /// <summary>Pixels times masks of one request: what bounds its memory, 4 bytes for each.</summary>
    public long MaxMaskPixels { get; init; } = 1 << 27;

    /// <summary>From the request's first byte to its answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long what was accepted may take after the service was told to end.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>Of pictures that were read and are kept for their next prompts.</summary>
    public long CacheBytes { get; init; } = 512L << 20;

    /// <summary>How long a picture is kept after its last use.</summary>
    public TimeSpan CacheTime { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Who may use the service; empty for everybody who reaches it.</summary>
    public IReadOnlyList<string> ApiKeys { get; init; } = [];

    /// <summary>Of sites whose pages may use the service, such as https://example.org; by default none.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>Where metrics and traces are sent by OTLP; null for nowhere.</summary>
    public Uri? Otlp { get; init; }

    /// <summary>Whether that is over plain HTTP (<c>http/protobuf</c>), not gRPC.</summary>
    public bool OtlpOverHttp { get; init; }

    /// <summary>What is looked for where a tool sends no prompts.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Where pictures of Label Studio's tasks are fetched; null if tasks have none of its own.</summary>
    public Uri? LabelStudio { get; init; }

    /// <summary>A key of Label Studio's, which only it is sent.</summary>
    public string? LabelStudioToken { get; init; }

    /// <summary>From where pictures of Label Studio's tasks may be fetched beside itself.</summary>
    public IReadOnlyList<Uri> PictureOrigins { get; init; } = [];

    /// <summary>Whether log lines are JSON, for programs.</summary>
    public bool JsonLog { get; init; }
}
