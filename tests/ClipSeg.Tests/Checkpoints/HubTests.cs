using System.Security.Cryptography;
using System.Text;
using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Tests.Scenes;

namespace ClipSeg.Tests.Checkpoints;

public sealed partial class HubTests : IDisposable
{
    private const string Name = "org/tiny-clipseg";
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";
    private const string Weights = "model.safetensors";

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, byte[]> _files = new()
    {
        ["config.json"] = """{"model_type":"clipseg"}"""u8.ToArray(),
        ["preprocessor_config.json"] = "{}"u8.ToArray(),
        ["tokenizer_config.json"] = """{"model_max_length":77}"""u8.ToArray(),
        ["vocab.json"] = """{"a":0}"""u8.ToArray(),
        ["merges.txt"] = "#version: 0.2\n"u8.ToArray(),
        [Weights] = [.. Enumerable.Range(0, 200_000).Select(i => (byte)(i * 7 / 5))],
    };

    private readonly HttpStub _hub;
    private readonly HttpStub _cdn;
    private Func<HttpStubRequest, HttpStubResponse?> _hubFirst = _ => null;
    private Func<HttpStubRequest, HttpStubResponse?> _cdnFirst = _ => null;

    public HubTests()
    {
        _cdn = new(request => _cdnFirst(request) ?? Serve(request, _files[request.Path.Split('/')[^1]]));
        _hub = new(request => _hubFirst(request) ?? Answer(request));
    }

    public void Dispose()
    {
        _hub.Dispose();
        _cdn.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Pull_downloads_every_file_into_the_shared_layout()
    {
        List<HubProgress> progress = [];
        string snapshot = await Pull(progress: new Recorder(progress));

        string repository = _folder.At("models--org--tiny-clipseg");
        Assert.Equal(Path.Combine(repository, "snapshots", Commit), snapshot);
        Assert.Equal(Commit, File.ReadAllText(Path.Combine(repository, "refs", "main")));
        foreach ((string name, byte[] content) in _files)
        {
            string path = Path.Combine(snapshot, name);
            Assert.Equal(content, File.ReadAllBytes(path));
            Assert.Equal($"../../blobs/{Checksum(name)}", new FileInfo(path).LinkTarget);
        }
        Assert.Equal(_files.Count, Directory.GetFiles(Path.Combine(repository, "blobs")).Length);
        long size = _files.Values.Sum(content => (long)content.Length);
        Assert.Equal(new(Weights, size, size), progress[^1]);
        Assert.Equal(progress.OrderBy(p => p.Received), progress);
        Assert.All(_hub.Requests.Concat(_cdn.Requests), r => Assert.Equal("identity", r.Headers["Accept-Encoding"]));
    }

    [Fact]
    public async Task Pull_only_asks_when_it_is_there()
    {
        string first = await Pull();
        _hub.Requests.Clear();
        Assert.Equal(first, await Pull());
        Assert.All(_hub.Requests, request => Assert.Equal("HEAD", request.Method));
    }

    [Fact]
    public async Task Pull_writes_files_where_links_are_switched_off()
    {
        _files["special_tokens_map.json"] = "{}"u8.ToArray();      // one blob for two files
        string snapshot = await Pull(Settings with { Symlinks = false });
        foreach ((string name, byte[] content) in _files)
        {
            Assert.Null(new FileInfo(Path.Combine(snapshot, name)).LinkTarget);
            Assert.Equal(content, File.ReadAllBytes(Path.Combine(snapshot, name)));
        }
    }

    [Fact]
    public async Task Pull_takes_the_pytorch_weights_where_there_are_no_others()
    {
        _files["pytorch_model.bin"] = _files[Weights];
        _files.Remove(Weights);
        Assert.True(File.Exists(Path.Combine(await Pull(), "pytorch_model.bin")));
    }

    [Fact]
    public async Task Pull_sends_the_token_to_the_hub_and_not_to_the_host_it_redirects_to()
    {
        await Pull(Settings with { Token = "secret" });
        Assert.All(_hub.Requests, r => Assert.Equal("Bearer secret", r.Headers["Authorization"]));
        Assert.NotEmpty(_cdn.Requests);
        Assert.All(_cdn.Requests, r => Assert.DoesNotContain("Authorization", r.Headers.Keys));
    }

    [Fact]
    public async Task Pull_follows_a_model_to_its_new_name()
    {
        _hubFirst = r => r.Path.StartsWith("/old/name/")
            ? new(307, [], ("Location", r.Path.Replace("/old/name/", $"/{Name}/"))) : null;
        string snapshot = await new Hub(Settings).Pull("old/name").WaitAsync(_patience);
        Assert.Equal(_files[Weights], File.ReadAllBytes(Path.Combine(snapshot, Weights)));
    }

    [Fact]
    public async Task Pull_resumes_a_connection_that_breaks()
    {
        _cdnFirst = r => Serve(r, _files[Weights]) with { CutAfter = 70_000 };
        string snapshot = await Pull();
        Assert.Equal(_files[Weights], File.ReadAllBytes(Path.Combine(snapshot, Weights)));
        Assert.Equal([0, 70_000, 140_000], _cdn.Requests.Select(r => r.From));
    }

    [Fact]
    public async Task Pull_resumes_what_an_earlier_run_left()
    {
        int broken = 0;
        _cdnFirst = r => broken++ == 0 ? Serve(r, _files[Weights]) with { CutAfter = 1234 } : new(503, []);
        await AssertFails(Settings with { Retries = 1 }, "503");
        Assert.Null(new Hub(Settings).Find(Name));

        _cdnFirst = _ => null;
        _cdn.Requests.Clear();
        string snapshot = await Pull();
        Assert.Equal(_files[Weights], File.ReadAllBytes(Path.Combine(snapshot, Weights)));
        Assert.Equal([1234], _cdn.Requests.Select(r => r.From));
    }

    [Fact]
    public async Task Pull_starts_again_when_the_server_ignores_the_range()
    {
        int answers = 0;
        _cdnFirst = r => new(200, _files[Weights]) { CutAfter = answers++ == 0 ? 1234 : null };
        string snapshot = await Pull();
        Assert.Equal(_files[Weights], File.ReadAllBytes(Path.Combine(snapshot, Weights)));
        Assert.Equal([0, 1234], _cdn.Requests.Select(r => r.From));
    }

    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task Pull_tries_again_after_a_passing_error(int status)
    {
        int hub = 0, cdn = 0;
        _hubFirst = _ => hub++ is 0 or 3 ? new(status, []) : null;
        _cdnFirst = _ => cdn++ < 2 ? new(status, []) : null;
        await Pull();
        Assert.Equal(3, _cdn.Requests.Count);
    }

    [Fact]
    public async Task Pull_asks_again_when_a_connection_gives_no_answer()
    {
        int questions = 0;
        _hubFirst = _ => questions++ is 0 or 4 ? new(0, []) : null;
        await Pull();
    }

    [Fact]
    public async Task Pull_waits_as_long_as_the_server_asks()
    {
        int answers = 0;
        _cdnFirst = _ => answers++ == 0 ? new(429, [], ("Retry-After", "1")) : null;
        DateTime start = DateTime.UtcNow;
        await Pull();
        Assert.True(DateTime.UtcNow - start > TimeSpan.FromSeconds(0.9));
    }

    [Fact]
    public async Task Pull_gives_up_on_a_server_that_falls_silent()
    {
        _cdnFirst = r => Serve(r, _files[Weights]) with { Silence = _patience };
        await AssertFails(Settings with { Retries = 1, ReadTimeout = TimeSpan.FromSeconds(0.2) }, "within 0.2 seconds");
        Assert.Equal(2, _cdn.Requests.Count);
    }

    [Theory]
    [InlineData(401, "RepoNotFound", "401 Unauthorized. There is no such model, or it wants a token: set HF_TOKEN")]
    [InlineData(403, "GatedRepo", "403 Forbidden. There is no such model, or it wants a token: set HF_TOKEN")]
    [InlineData(404, "RepoNotFound", "404 NotFound. There is no such model or revision")]
    [InlineData(404, "EntryNotFound", "config.json is not there; this is no CLIPSeg model")]
    [InlineData(418, "Teapot", "418")]
    public async Task Pull_says_why_a_model_is_not_to_be_had(int status, string code, string expected)
    {
        _hubFirst = _ => new(status, [], ("X-Error-Code", code));
        string message = await AssertFails(Settings, expected);
        Assert.Contains($"{_hub.Address}/{Name}/resolve/main/config.json", message);
        Assert.Contains("open that folder", message);
        Assert.Single(_hub.Requests);
    }

    [Fact]
    public async Task Pull_deletes_what_arrives_damaged()
    {
        byte[] damaged = [.. _files[Weights]];
        damaged[1000] ^= 1;
        _cdnFirst = r => Serve(r, damaged);
        await AssertFails(Settings, "arrived damaged");
        Assert.DoesNotContain(Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories),
            path => path.Contains(Checksum(Weights)));
    }

    [Fact]
    public async Task Pull_checks_small_files_too()
    {
        _hubFirst = r => r.Method == "GET" && r.Path.EndsWith("merges.txt") ? new(200, new byte[14]) : null;
        await AssertFails(Settings, "merges.txt arrived damaged");
    }

    [Fact]
    public async Task Pull_refuses_more_bytes_than_were_announced()
    {
        _cdnFirst = _ => new(200, new byte[300_000]);
        await AssertFails(Settings, "is longer than the 200000 bytes");
    }

    [Fact]
    public async Task Pull_refuses_fewer_bytes_than_were_announced()
    {
        _cdnFirst = r => new(r.From == 0 ? 200 : 416, _files[Weights][..1000]);
        await AssertFails(Settings with { Retries = 2 }, Weights);
    }

    [Fact]
    public async Task Pull_refuses_redirects_without_an_end()
    {
        _cdnFirst = r => new(302, [], ("Location", $"/again{r.Path}"));
        await AssertFails(Settings, "redirects without an end");
        Assert.InRange(_cdn.Requests.Count, 5, 20);
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("")]
    [InlineData("ftp://127.0.0.1/x")]
    public async Task Pull_refuses_redirects_to_what_is_not_http(string location)
    {
        _cdnFirst = _ => new(302, [], ("Location", location));
        await AssertFails(Settings, "redirects");
    }

    [Theory]
    [InlineData("X-Repo-Commit", "../../../../etc")]
    [InlineData("ETag", "../../../../etc")]
    [InlineData("X-Linked-Size", "-5")]
    public async Task Pull_refuses_a_description_that_is_none(string header, string value)
    {
        (string, string)[] headers = [("X-Repo-Commit", Commit), ("ETag", Checksum("config.json"))];
        _hubFirst = _ => new(200, [], [.. headers.Where(h => h.Item1 != header), (header, value)]);
        await AssertFails(Settings, "config.json came without");
    }

    [Fact]
    public async Task Pull_leaves_nothing_that_looks_like_a_model_when_it_fails()
    {
        _cdnFirst = _ => new(403, []);
        await AssertFails(Settings, "403");
        Assert.Null(new Hub(Settings).Find(Name));
        Assert.False(Directory.Exists(_folder.At("models--org--tiny-clipseg", "snapshots")));
    }

    [Fact]
    public async Task Pull_completes_a_snapshot_that_another_tool_began()
    {
        string snapshot = _folder.At("models--org--tiny-clipseg", "snapshots", Commit);
        Directory.CreateDirectory(snapshot);
        File.WriteAllBytes(Path.Combine(snapshot, "config.json"), _files["config.json"]);
        File.CreateSymbolicLink(Path.Combine(snapshot, Weights), "../../blobs/gone");
        Assert.Null(new Hub(Settings).Find(Name, Commit));

        await Pull();
        Assert.Equal(_files[Weights], File.ReadAllBytes(Path.Combine(snapshot, Weights)));
    }

    [Fact]
    public async Task Pull_can_be_cancelled()
    {
        using CancellationTokenSource cancel = new();
        _cdnFirst = r =>
        {
            cancel.Cancel();
            return Serve(r, _files[Weights]) with { Silence = _patience };
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => new Hub(Settings).Pull(Name, cancel: cancel.Token).WaitAsync(_patience));
    }

    [Fact]
    public async Task Offline_uses_the_cache_and_asks_nobody()
    {
        await AssertFails(Settings with { Offline = true }, "HF_HUB_OFFLINE");
        Assert.Empty(_hub.Requests);
        string snapshot = await Pull();
        _hub.Requests.Clear();
        Assert.Equal(snapshot, await Pull(Settings with { Offline = true }));
        Assert.Empty(_hub.Requests);
    }

    [Fact]
    public async Task Network_that_is_down_leaves_the_cache()
    {
        HubSettings down = Settings with { Endpoint = "http://127.0.0.1:1" };
        await AssertFails(down, "http://127.0.0.1:1/org/tiny-clipseg/resolve/main/config.json");
        string snapshot = await Pull();
        Assert.Equal(snapshot, await Pull(down));
    }

    [Fact]
    public async Task Find_gives_a_folder_a_download_or_nothing()
    {
        Hub hub = new(Settings);
        Assert.Equal(_folder.Path, hub.Find(_folder.Path));
        Assert.Null(hub.Find(Name));
        string snapshot = await Pull();
        Assert.Equal(snapshot, hub.Find(Name));
        Assert.Equal(snapshot, hub.Find(Name, Commit));
        Assert.Null(hub.Find(Name, "other"));
        Assert.Null(hub.Find("../" + Name));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/b/c")]
    [InlineData("a/..")]
    [InlineData("/a")]
    [InlineData("C:\\x")]
    [InlineData("a--b/c")]
    [InlineData("")]
    public async Task Names_that_are_no_models_are_refused(string name)
        => await Assert.ThrowsAsync<ArgumentException>(() => new Hub(Settings).Pull(name));

    [Theory]
    [InlineData("../main")]
    [InlineData("a//b")]
    [InlineData("a\\b")]
    public async Task Revisions_that_are_no_paths_are_refused(string revision)
        => await Assert.ThrowsAsync<ArgumentException>(() => new Hub(Settings).Pull(Name, revision));

    [Fact]
    public async Task Revision_with_a_slash_is_quoted_and_kept_as_a_ref()
    {
        await new Hub(Settings).Pull(Name, "refs/pr/1").WaitAsync(_patience);
        Assert.Equal($"/{Name}/resolve/refs%2Fpr%2F1/config.json", _hub.Requests.First().Path);
        Assert.True(File.Exists(_folder.At("models--org--tiny-clipseg", "refs", "refs", "pr", "1")));
    }

    private HubSettings Settings => new()
    {
        Endpoint = _hub.Address,
        CacheFolder = _folder.Path,
        RetryDelay = TimeSpan.FromMilliseconds(1),
    };

    private Task<string> Pull(HubSettings? settings = null, IProgress<HubProgress>? progress = null)
        => new Hub(settings ?? Settings).Pull(Name, progress: progress).WaitAsync(_patience);

    private async Task<string> AssertFails(HubSettings settings, string expected)
    {
        CheckpointException e = await Assert.ThrowsAsync<CheckpointException>(() => Pull(settings));
        Assert.Contains(expected, e.Message);
        return e.Message;
    }

    /// <summary>As the hub does: small files directly, weights by way of a redirect to another host.</summary>
    private HttpStubResponse Answer(HttpStubRequest request)
    {
        string name = request.Path.Split('/')[^1];
        if (!_files.TryGetValue(name, out byte[]? content)) return new(404, [], ("X-Error-Code", "EntryNotFound"));
        if (content.Length < 100_000)
        {
            HttpStubResponse whole = Serve(request, content);
            (string, string)[] description = [("X-Repo-Commit", Commit), ("ETag", $"W/\"{Checksum(name)}\"")];
            return whole with { Headers = [.. whole.Headers, .. description] };
        }
        return new(302, "moved"u8.ToArray(), ("Location", $"{_cdn.Address}/{name}"), ("X-Repo-Commit", Commit),
            ("ETag", "\"of the redirect\""), ("X-Linked-Etag", $"\"{Checksum(name)}\""),
            ("X-Linked-Size", $"{content.Length}"));
    }

    private static HttpStubResponse Serve(HttpStubRequest request, byte[] content) => request.From == 0
        ? new(200, content)
        : new(206, content[request.From..],
            ("Content-Range", $"bytes {request.From}-{content.Length - 1}/{content.Length}"));

    private string Checksum(string name)
    {
        byte[] content = _files[name];
        byte[] hash = content.Length >= 100_000
            ? SHA256.HashData(content)
            : SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]);
        return Convert.ToHexStringLower(hash);
    }

    private sealed class Recorder(List<HubProgress> list) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => list.Add(value);
    }
}
