using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using ClipSeg.Imaging;
using Microsoft.Extensions.Hosting;

namespace ClipSeg.Tests.Server;

/// <summary>Limits, queues, ends: on a socket, where Kestrel's own limits count.</summary>
public sealed class LoadTests
{
    private const string Path = "/v1/segment";

    [Fact]
    public async Task It_is_ready_once_the_models_are_read()
    {
        using ServerRun server = new();
        using HttpClient client = server.Client();
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/live")).StatusCode);
        for (int i = 0; (await client.GetAsync("/health/ready")).StatusCode != HttpStatusCode.OK; i++)
        {
            Assert.True(i < 200, "It does not get ready.");
            await Task.Delay(50);
        }
    }

    [Fact]
    public async Task A_request_keeps_a_fit_id_and_gets_one_in_place_of_others()
    {
        using ServerRun server = new();
        using HttpClient client = server.Client();
        Assert.Equal("abc-1.2_3", await IdOf("abc-1.2_3"));
        Assert.NotEqual("a b", await IdOf("a b"));
        Assert.NotEqual(await IdOf(""), await IdOf(""));
        Assert.True((await IdOf(new string('x', 65))).Length <= 64);

        async Task<string> IdOf(string given)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "/v1/models");
            request.Headers.TryAddWithoutValidation("X-Request-Id", given);
            using HttpResponseMessage response = await client.SendAsync(request);
            return response.Headers.GetValues("X-Request-Id").Single();
        }
    }

    [Fact]
    public async Task Who_finds_the_queue_full_is_told_to_come_back_and_who_waited_is_served()
    {
        using ServerRun server = new(new() { Turns = 1, Queue = 1 }, onSocket: true);
        using HttpClient client = server.Client();
        Task<HttpResponseMessage>[] asked = [.. Enumerable.Range(0, 24).Select(i =>
            client.PostAsync(Path, ServerRun.Form($"prompt=thing {i}", "size=256")))];
        HttpResponseMessage[] answers = await Task.WhenAll(asked);

        Assert.Contains(answers, a => a.StatusCode == HttpStatusCode.OK);
        HttpResponseMessage[] refused = [.. answers.Where(a => a.StatusCode != HttpStatusCode.OK)];
        Assert.NotEmpty(refused);
        Assert.All(refused, a =>
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, a.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(2), a.Headers.RetryAfter?.Delta);
        });
    }

    [Fact]
    public async Task Bodies_pictures_and_masks_that_are_too_large_are_refused_before_they_are_decoded()
    {
        using ServerRun server = new(
            new() { MaxBodyBytes = 100_000, MaxPixels = 20_000, MaxMaskPixels = 40_000 }, onSocket: true);
        using HttpClient client = server.Client();

        JsonElement body = await ServerRun.Post(client, Path, ServerRun.FormOf(new byte[200_000], "prompt=a"), 413);
        Assert.Contains("too large", body.GetProperty("detail").GetString());
        JsonElement picture = await ServerRun.Post(
            client, Path, ServerRun.FormOf(new Image(200, 101).EncodePng(), "prompt=a"), 413);
        Assert.Contains("image: 200x101 is more than", picture.GetProperty("detail").GetString());
        JsonElement masks = await ServerRun.Post(
            client, Path, ServerRun.Form("prompt=a", "prompt=b", "prompt=c", "prompt=d"), 413);
        Assert.Contains("4 masks of 133x97", masks.GetProperty("detail").GetString());
        JsonElement prompts = await ServerRun.Post(
            client, Path, ServerRun.Form([.. Enumerable.Repeat("prompt=a", 65)]), 400);
        Assert.Contains("There are 65 prompts", prompts.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Who_takes_too_long_gets_a_problem()
    {
        using ServerRun server = new(new() { Timeout = TimeSpan.FromMilliseconds(300) }, onSocket: true);
        using HttpClient client = server.Client();
        JsonElement problem = await ServerRun.Post(client, Path, ServerRun.Form(
            [.. Enumerable.Range(0, 32).Select(i => $"prompt=thing {i}"), "size=512"]), 504);
        Assert.Contains("It took longer than", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Work_ends_when_the_client_is_gone()
    {
        using ServerRun server = new(new() { Turns = 1 }, onSocket: true);
        using HttpClient client = server.Client();
        await ServerRun.Post(client, Path, ServerRun.Form("prompt=a"));
        for (int i = 0; i < 8; i++)
        {
            using CancellationTokenSource gone = new(TimeSpan.FromMilliseconds(50));
            string[] prompts = [.. Enumerable.Range(0, 32).Select(k => $"prompt=thing {i} {k}")];
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.PostAsync(
                Path, ServerRun.FormOf(new Image(1000, 1000).EncodePng(), [.. prompts, "size=512"]), gone.Token));
        }
        using CancellationTokenSource late = new(TimeSpan.FromSeconds(20));       // eight whole ones take longer
        using HttpResponseMessage next = await client.PostAsync(Path, ServerRun.Form("prompt=a"), late.Token);
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    [Fact]
    public async Task What_was_accepted_is_finished_when_it_is_told_to_end()
    {
        using ServerRun server = new(new() { Turns = 1 }, onSocket: true);
        using HttpClient client = server.Client();
        await ServerRun.Post(client, Path, ServerRun.Form("prompt=a"));
        Task<HttpResponseMessage>[] asked = [.. Enumerable.Range(0, 8).Select(i =>
            client.PostAsync(Path, ServerRun.Form($"prompt=thing {i}", "size=256")))];
        await Task.WhenAny(asked);
        await server.Host.StopAsync();
        Assert.All(await Task.WhenAll(asked), a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("/v1/models"));
    }

    [Theory]
    [InlineData("GET /v1/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", 404)]
    [InlineData("GET /v1/%2e%2e%2f%2e%2e%2fetc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", 404)]
    [InlineData("POST /v1/segment HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + "Content-Length: 99999999999\r\n\r\n", 413)]
    [InlineData("POST /v1/segment HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + "Content-Length: -1\r\n\r\n", 400)]
    [InlineData("POST /v1/segment HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + "Transfer-Encoding: chunked\r\n\r\nZZ\r\n", 400)]
    [InlineData("nonsense\r\n\r\n", 400)]
    public async Task Hostile_requests_get_a_4xx(string request, int status)
    {
        using ServerRun server = new(onSocket: true);
        Assert.Equal(status, await StatusOf(server, request));
    }

    [Fact]
    public async Task Floods_and_depths_get_a_4xx()
    {
        using ServerRun server = new(onSocket: true);
        string headers = string.Concat(Enumerable.Range(0, 5000).Select(i => $"x-{i}: y\r\n"));
        Assert.Equal(431, await StatusOf(server, $"GET / HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"));

        using HttpClient client = server.Client();
        string deep = $$"""{"prompts":{{new string('[', 100_000)}}""";
        await ServerRun.Post(client, Path, new StringContent(deep, null, "application/json"), 400);
        await ServerRun.Post(client, Path, ServerRun.Form([.. Enumerable.Repeat("prompt=a", 10_000)]), 400);
        await ServerRun.Post(client, Path, ServerRun.FormOf(null, $"{new string('n', 1000)}=1"), 400);
        string many = string.Join(',', Enumerable.Repeat("\"a\"", 1_000_000));
        Dictionary<string, string> bodies = new()
        {
            [Path] = $$"""{"prompts":[{{many}}]}""",
            ["/"] = $$$"""{"inputs":"","parameters":{"candidate_labels":[{{{many}}}]}}""",
        };
        foreach ((string path, string body) in bodies)
        {
            JsonElement problem = await ServerRun.Post(
                client, path, new StringContent(body, null, "application/json"), 400);
            Assert.Contains("A list has more than 512 entries", problem.GetProperty("detail").GetString());
        }
        JsonElement name = await ServerRun.Post(
            client, Path, ServerRun.Form("prompt=a", $"model={new string('m', 1_000_000)}"), 404);
        Assert.InRange(name.GetRawText().Length, 200, 1000);
    }

    [Fact]
    public async Task Who_sends_too_slowly_is_told_so()
    {
        using ServerRun server = new(onSocket: true);
        string head = "POST /v1/segment HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: 1000\r\n\r\n{";
        Assert.Equal(408, await StatusOf(server, head));
    }

    [Fact]
    public async Task Bombs_are_refused_by_what_their_headers_say()
    {
        using ServerRun server = new();
        using HttpClient client = server.Client();
        byte[] bomb = new Image(64, 64).EncodePng();
        (bomb[16], bomb[17], bomb[20], bomb[21]) = (0, 1, 0, 1);        // says 65,600 x 65,600 pixels
        long before = GC.GetTotalAllocatedBytes();
        JsonElement problem = await ServerRun.Post(client, Path, ServerRun.FormOf(bomb, "prompt=a"), 400);
        Assert.Contains("is too large", problem.GetProperty("detail").GetString());
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 100_000_000);
    }

    private static async Task<int> StatusOf(ServerRun server, string request)
    {
        using TcpClient client = new();
        await client.ConnectAsync(server.Address.Host, server.Address.Port);
        await using NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        byte[] start = new byte[12];                // "HTTP/1.1 404"
        using CancellationTokenSource late = new(TimeSpan.FromSeconds(20));
        await stream.ReadExactlyAsync(start, late.Token);
        return int.Parse(Encoding.ASCII.GetString(start)[9..]);
    }
}
