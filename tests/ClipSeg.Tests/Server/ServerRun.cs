using System.Net.Http.Headers;
using System.Text.Json;
using ClipSeg.Cli;
using ClipSeg.Server;
using ClipSeg.Tests.Cli;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Hosting;

namespace ClipSeg.Tests.Server;

/// <summary>The service with the toy model, in process.</summary>
internal sealed class ServerRun : WebApplicationFactory<Terminal>
{
    private readonly ServerOptions _options;
    private readonly bool _onSocket;
    private readonly string _model;
    private readonly JobPlace? _jobs;
    private WebApplication? _app;

    /// <param name="onSocket">Whether it listens at a port of this machine, with Kestrel's own limits.</param>
    /// <param name="model">A folder; by default the toy model.</param>
    /// <param name="jobs">Where jobs are; null for a service without.</param>
    public ServerRun(
        ServerOptions? options = null, bool onSocket = false, string? model = null, JobPlace? jobs = null)
    {
        (_options, _onSocket, _model) = ((options ?? new()) with { Port = 0 }, onSocket, model ?? CliRun.Mini);
        _jobs = jobs;
    }

    public static byte[] Scene { get; } = File.ReadAllBytes(CliRun.Scene);

    /// <summary>Where it listens, on a socket.</summary>
    public Uri Address
    {
        get
        {
            if (_app is null) Start();
            return new(_app!.Urls.Single());
        }
    }

    public IHost Host => _app!;

    /// <summary>A client of the service.</summary>
    public HttpClient Client()
    {
        if (!_onSocket) return CreateClient();
        return new() { BaseAddress = Address };
    }

    /// <summary>A form with the scene and fields: <c>Form("prompt=a circle", "threshold=0.3")</c>.</summary>
    public static MultipartFormDataContent Form(params string[] fields)
        => FormOf(Scene, fields);

    public static MultipartFormDataContent FormOf(byte[]? picture, params string[] fields)
    {
        MultipartFormDataContent form = [];
        if (picture is not null) form.Add(new ByteArrayContent(picture), "image", "scene.png");
        foreach (string field in fields)
        {
            int split = field.IndexOf('=');
            form.Add(new StringContent(field[(split + 1)..]), field[..split]);
        }
        return form;
    }

    /// <summary>Posts a form; the answer's JSON. Fails unless the status is the expected one.</summary>
    public static async Task<JsonElement> Post(
        HttpClient client, string path, HttpContent content, int status = 200)
    {
        using HttpResponseMessage response = await client.PostAsync(path, content);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}, not {status}: {text}");
        string expected = status < 400 ? "application/json" : "application/problem+json";
        Assert.Equal(expected, response.Content.Headers.ContentType?.MediaType);
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    public static HttpRequestMessage Accepting(string type, string path, HttpContent content)
    {
        HttpRequestMessage request = new(HttpMethod.Post, path) { Content = content };
        request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(type));
        return request;
    }

    protected override IHostBuilder CreateHostBuilder() => new HostBuilder();

    protected override IHost CreateHost(IHostBuilder builder)
    {
        Start();
        return _app!;
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing && _onSocket) ((IDisposable?)_app)?.Dispose();
    }

    private void Start()
    {
        ServedModel model = new(Path.GetFileName(_model), Segmenter.Load(_model));
        _app = ServerHost.Build(_options, [model], _jobs, builder =>
        {
            if (!_onSocket) builder.WebHost.UseTestServer();
        });
        _app.StartAsync().GetAwaiter().GetResult();
    }
}
