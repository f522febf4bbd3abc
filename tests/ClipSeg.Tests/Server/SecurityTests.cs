using System.Net;
using System.Text;
using System.Text.Json;
using ClipSeg.Server;

namespace ClipSeg.Tests.Server;

public sealed class SecurityTests
{
    [Theory]
    [InlineData(null, null, 401)]
    [InlineData("X-Api-Key", "second", 200)]
    [InlineData("X-Api-Key", "secon", 401)]
    [InlineData("X-Api-Key", "", 401)]
    [InlineData("Authorization", "Bearer first", 200)]
    [InlineData("Authorization", "Bearer first,second", 401)]
    [InlineData("Authorization", "Basic user:second", 200)]
    [InlineData("Authorization", "Basic second", 401)]
    [InlineData("Authorization", "Digest first", 401)]
    public async Task Who_knows_a_key_comes_in(string? header, string? value, int status)
    {
        using ServerRun server = new(new() { ApiKeys = ["first", "second"] });
        using HttpClient client = server.Client();
        if (value?.StartsWith("Basic ") == true)
            value = $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(value["Basic ".Length..]))}";
        foreach (string path in (string[])["/v1/models", "/metrics"])
        {
            using HttpRequestMessage request = new(HttpMethod.Get, path);
            if (header is not null) request.Headers.TryAddWithoutValidation(header, value);
            using HttpResponseMessage response = await client.SendAsync(request);
            Assert.Equal(status, (int)response.StatusCode);
            if (status == 401) Assert.Contains("Bearer", response.Headers.WwwAuthenticate.ToString());
        }
        using HttpResponseMessage health = await client.GetAsync("/health/live");
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    [Theory]
    [InlineData(null, "cross-site", "https://evil.example", 403)]
    [InlineData(null, "same-origin", "http://localhost", 200)]
    [InlineData(null, "none", null, 200)]
    [InlineData("https://good.example", "cross-site", "https://evil.example", 403)]
    [InlineData("https://good.example", "cross-site", "https://good.example", 200)]
    public async Task Pages_of_other_sites_ask_only_where_they_may(
        string? allowed, string site, string? origin, int status)
    {
        using ServerRun server = new(new() { Origins = allowed is null ? [] : [allowed] });
        using HttpClient client = server.Client();
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/segment") { Content = ServerRun.Form("prompt=a") };
        request.Headers.Add("Sec-Fetch-Site", site);
        if (origin is not null) request.Headers.Add("Origin", origin);
        using HttpResponseMessage response = await client.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 200 && allowed is not null, response.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("localhost:8080", 200)]
    [InlineData("127.0.0.1", 200)]
    [InlineData("[::1]:8080", 200)]
    [InlineData("rebound.example", 421)]
    public async Task A_service_of_this_machine_answers_to_its_names_alone(string host, int status)
    {
        using ServerRun server = new();
        using HttpClient client = server.Client();
        using HttpRequestMessage request = new(HttpMethod.Get, "/v1/models");
        request.Headers.Host = host;
        using HttpResponseMessage response = await client.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Every_answer_has_the_headers_that_keep_browsers_from_harm()
    {
        using ServerRun server = new();
        using HttpClient client = server.Client();
        foreach (string path in (string[])["/v1/models", "/nowhere", "/health/live", "/openapi/v1.json"])
        {
            using HttpResponseMessage response = await client.GetAsync(path);
            Assert.Equal(["nosniff"], response.Headers.GetValues("X-Content-Type-Options"));
            Assert.Contains("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single());
            Assert.False(response.Headers.Contains("Server"));
            Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
        }
    }

    [Fact]
    public async Task The_routes_are_described_and_the_page_of_that_loads_nothing_from_elsewhere()
    {
        using ServerRun server = new();
        using HttpClient client = server.Client();
        using JsonDocument document = JsonDocument.Parse(await client.GetStringAsync("/openapi/v1.json"));
        JsonElement paths = document.RootElement.GetProperty("paths");
        JsonElement segment = paths.GetProperty("/v1/segment").GetProperty("post");
        JsonElement contents = segment.GetProperty("requestBody").GetProperty("content");
        Assert.True(contents.TryGetProperty("multipart/form-data", out _));
        JsonElement schemas = document.RootElement.GetProperty("components").GetProperty("schemas");
        Assert.True(schemas.GetProperty("SegmentRequest").GetProperty("properties").TryGetProperty("imageId", out _));
        Assert.Equal(["none", "rle", "parts", "polygons", "mask", "binary", "overlay", "cutout"],
            schemas.GetProperty("Output").GetProperty("enum").EnumerateArray().Select(e => e.GetString()!));
        Assert.Equal(["number", "string"], schemas.GetProperty("ThresholdRule").GetProperty("type").EnumerateArray()
            .Select(type => type.GetString()!).Order());
        Assert.False(schemas.GetProperty("MaskEdits").GetProperty("properties").TryGetProperty("threshold", out _));
        Assert.True(paths.TryGetProperty("/v1/images", out _));

        using HttpResponseMessage page = await client.GetAsync("/docs/");
        string html = await page.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.DoesNotContain("https://", html.Replace("https://github.com", ""));
        string policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Matches("script-src 'self' 'nonce-[^']{16,}'", policy);
    }

    [Fact]
    public async Task Prometheus_reads_what_was_counted()
    {
        using ServerRun server = new();
        using HttpClient client = server.Client();
        await ServerRun.Post(client, "/v1/segment", ServerRun.Form("prompt=a", "prompt=b"));
        await ServerRun.Post(client, "/v1/segment", ServerRun.Form("prompt=c"));
        string text = await client.GetStringAsync("/metrics");
        foreach (string name in (string[])["clipseg_pictures_total", "clipseg_pictures_reused_total",
            "clipseg_masks_total", "clipseg_encode_duration_seconds_bucket", "clipseg_decode_duration_seconds_count",
            "clipseg_queue_waiting", "clipseg_cache_size_bytes", "http_server_request_duration_seconds_bucket"])
            Assert.Contains($"\n{name}", text);
    }
}
