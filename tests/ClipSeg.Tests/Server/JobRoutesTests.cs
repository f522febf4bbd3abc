using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using ClipSeg.Imaging;
using ClipSeg.Jobs;
using ClipSeg.Server;
using ClipSeg.Tests.Cli;
using ClipSeg.Tests.Jobs;

namespace ClipSeg.Tests.Server;

/// <summary>Jobs through the service, a real RabbitMQ, and a worker.</summary>
[Collection(BrokerCollection.Name)]
public sealed class JobRoutesTests(RabbitMq rabbit) : IAsyncLifetime
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly JobRun _run = new(rabbit.Address, CliRun.Mini);
    private readonly CancellationTokenSource _stop = new();
    private Broker? _broker;
    private ServerRun? _server;
    private HttpClient? _client;

    public async Task InitializeAsync()
    {
        if (!File.Exists(RabbitMq.Program)) return;
        _broker = await rabbit.Fresh();
        _server = Serve(new());
        _client = _server.Client();
    }

    public async Task DisposeAsync()
    {
        _client?.Dispose();
        _server?.Dispose();
        if (_broker is not null) await _broker.DisposeAsync();
        _stop.Dispose();
        _run.Dispose();
    }

    [BrokerFact]
    public async Task A_job_is_submitted_watched_to_its_end_and_is_the_command_lines()
    {
        _run.AddPictures(36);
        JsonElement answer = await Submit(new { folder = "photos", prompts = (string[])["a cup", "red"], shard = 16 });
        string id = answer.GetProperty("job").GetString()!;
        Assert.Equal((36, 3, 3, true), (answer.GetProperty("pictures").GetInt32(),
            answer.GetProperty("shards").GetInt32(), answer.GetProperty("published").GetInt32(),
            answer.GetProperty("new").GetBoolean()));
        Assert.Equal(id, _run.Submit());                        // the same job, whoever submits it
        Assert.Equal("running", (await Get($"/v1/jobs/{id}")).GetProperty("state").GetString());

        Task<List<JsonElement>> watching = Watch(id);
        Task<(int Code, string)> working = _run.Work(_stop.Token);
        List<JsonElement> events = await watching.WaitAsync(_patience);
        _stop.Cancel();
        Assert.Equal(0, (await working).Code);

        Assert.Equal(("done", true, 36), (events[^1].GetProperty("state").GetString(),
            events[^1].GetProperty("isFinal").GetBoolean(), events[^1].GetProperty("done").GetInt32()));
        int[] done = [.. events.Select(e => e.GetProperty("done").GetInt32())];
        Assert.Equal(done.Order(), done);
        Assert.True(events.Count > 1);
        Assert.Single(await Watch(id));                         // what is over is said once
        JsonElement job = (await Get("/v1/jobs")).GetProperty("jobs")[0];
        Assert.Equal((id, "mini", "red", 36), (job.GetProperty("id").GetString(),
            job.GetProperty("model").GetString(), job.GetProperty("prompts")[1].GetString(),
            job.GetProperty("pictures").GetInt32()));
        _run.AssertSameAsOneProcess(id, pictures: 36);
    }

    [BrokerFact]
    public async Task What_a_job_may_say_comes_to_its_record()
    {
        _run.AddPictures(1);
        JsonElement answer = await Submit(new
        {
            folder = "photos/",
            prompts = (string[])["a cup", "\"red\" OR \"blue\""],
            negatives = (string[])["a plate"],
            model = "mini",
            precision = "bf16",
            size = 64,
            fine = true,
            save = (string[])["cutout", "overlay", "overlay"],
            minScore = 0.25,
            rle = true,
            tools = new { fillHoles = true, grow = 2 },
        });
        JobRecord record = await Desk.Find(answer.GetProperty("job").GetString()!, default);
        JobWishes wishes = record.Wishes;
        Assert.Equal(["a plate"], wishes.Nots);
        Assert.Equal(("bf16", 64, true, 0.25f, true), (wishes.Precision, wishes.Size, wishes.Fine, wishes.MinScore,
            wishes.Rle));
        Assert.Equal([ResultKind.Overlay, ResultKind.CutOut], wishes.Save);
        Assert.Equal((true, 2f), (wishes.Edits.FillHoles, wishes.Edits.Grow));
        Assert.Equal(32, record.ShardSize);
        Task<(int Code, string)> working = _run.Work(_stop.Token);
        Assert.Equal("done", (await Watch(record.Id).WaitAsync(_patience))[^1].GetProperty("state").GetString());
        _stop.Cancel();
        await working;
    }

    [BrokerFact]
    public async Task A_job_is_called_off_and_goes_on_when_it_is_submitted_again()
    {
        _run.AddPictures(20);
        string id = _run.Submit();
        Assert.Equal(HttpStatusCode.NoContent, (await _client!.PostAsync($"/v1/jobs/{id}/cancel", null)).StatusCode);
        Assert.Equal("cancelled", (await Watch(id))[^1].GetProperty("state").GetString());
        JsonElement again = await Submit(new { folder = "photos", prompts = (string[])["a cup", "red"], shard = 16 });
        Assert.Equal((id, 2, false), (again.GetProperty("job").GetString(), again.GetProperty("published").GetInt32(),
            again.GetProperty("new").GetBoolean()));
    }

    [BrokerFact]
    public async Task What_was_put_aside_is_tried_again_each_picture_alone()
    {
        _run.AddPictures(16);
        string id = _run.Submit();
        await using (WorkQueue queue = await _broker!.Consume(default))
            await queue.PutAside((await queue.Next())!);
        Assert.Equal(("dead", 16), (await Watch(id))[^1] is var last
            ? (last.GetProperty("state").GetString(), last.GetProperty("dead").GetInt32()) : default);

        JsonElement retried = await ServerRun.Post(_client!, $"/v1/jobs/{id}/retry", new StringContent(""));
        Assert.Equal(16, retried.GetProperty("published").GetInt32());
        Assert.Equal("running", (await Get($"/v1/jobs/{id}")).GetProperty("state").GetString());
        JsonElement missing = await ServerRun.Post(
            _client!, $"/v1/jobs/{id}/retry?missing=true", new StringContent(""));
        Assert.Equal(1, missing.GetProperty("published").GetInt32());
    }

    [BrokerTheory]
    [InlineData("""{"folder":"photos"}""", 400, "No prompt")]
    [InlineData("""{"folder":"photos","prompts":["a AND"]}""", 400, "cannot be read at its character")]
    [InlineData("""{"folder":"photos","prompts":["a",null]}""", 400, "A prompt is empty")]
    [InlineData("""{"folder":"photos","prompts":["a"],"model":"other"}""", 404, "no model 'other'")]
    [InlineData("""{"folder":"photos","prompts":["a"],"size":7}""", 400, "7")]
    [InlineData("""{"folder":"photos","prompts":["a"],"precision":"f16"}""", 400, "precision is 'f16'")]
    [InlineData("""{"folder":"photos","prompts":["a"],"shard":1000}""", 400, "shard is 1000")]
    [InlineData("""{"folder":"photos","prompts":["a"],"minScore":2}""", 400, "minScore is 2")]
    [InlineData("""{"folder":"photos","prompts":["a"],"tools":{"grow":1e9}}""", 400, "grow is")]
    [InlineData("""{"folder":"photos","prompts":["a"],"save":["everything"]}""", 400, "not the JSON")]
    [InlineData("""{"folder":"photos","prompts":["a"],"store":"/etc"}""", 400, "not the JSON")]
    [InlineData("""{"folder":"empty","prompts":["a"]}""", 400, "There is no picture below 'empty/'")]
    [InlineData("""{"folder":"/etc","prompts":["a"]}""", 400, "folder is '/etc'")]
    [InlineData("""{"folder":"//","prompts":["a"]}""", 400, "folder is '//'")]
    [InlineData("""{"folder":"..","prompts":["a"]}""", 400, "folder is '..'")]
    [InlineData("""{"folder":"photos/../../x","prompts":["a"]}""", 400, "folder is 'photos/../../x'")]
    [InlineData("""{"folder":"s3://bucket/photos","prompts":["a"]}""", 400, "folder is 's3://bucket/photos'")]
    [InlineData("""{"folder":"https://example.org/a","prompts":["a"]}""", 400, "folder is 'https://example.org/a'")]
    [InlineData("""{"folder":null,"prompts":["a"]}""", 400, "not the JSON")]
    public async Task What_is_wrong_with_a_job_is_said_before_anything_is_written(string body, int status, string says)
    {
        _run.AddPictures(1);
        using StringContent content = new(body, null, "application/json");
        JsonElement problem = await ServerRun.Post(_client!, "/v1/jobs", content, status);
        Assert.Contains(says, problem.GetProperty("detail").GetString());
        Assert.Empty(Directory.GetDirectories(Path.Combine(_run.Store, "jobs")));
    }

    [BrokerFact]
    public async Task There_is_no_job_of_another_name()
    {
        foreach (string path in (string[])["0123456789abcdef", "0123456789ABCDEF", "..%2F..%2Fetc%2Fpass", "x"])
        {
            foreach (string route in (string[])["", "/events"])
                Assert.Equal(HttpStatusCode.NotFound, (await _client!.GetAsync($"/v1/jobs/{path}{route}")).StatusCode);
            foreach (string route in (string[])["/cancel", "/retry"])
            {
                Assert.Equal(HttpStatusCode.NotFound,
                    (await _client!.PostAsync($"/v1/jobs/{path}{route}", null)).StatusCode);
            }
        }
    }

    [BrokerFact]
    public async Task Keys_limits_and_an_absent_store_count_here_as_well()
    {
        _run.AddPictures(1);
        string id = _run.Submit();
        using ServerRun server = Serve(new() { ApiKeys = ["k"], Watchers = 1 });
        using HttpClient client = server.Client();
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/v1/jobs")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync($"/v1/jobs/{id}/events")).StatusCode);
        client.DefaultRequestHeaders.Add("X-Api-Key", "k");

        string events = $"/v1/jobs/{id}/events";
        using (HttpResponseMessage first = await client.GetAsync(events, HttpCompletionOption.ResponseHeadersRead))
        {
            Assert.Equal("text/event-stream", first.Content.Headers.ContentType?.MediaType);
            using HttpResponseMessage second = await client.GetAsync(events);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, second.StatusCode);
            Assert.Contains("All 1 places of those who watch", await second.Content.ReadAsStringAsync());
        }

        Directory.Move(_run.Store, _run.Store + "-away");
        using HttpResponseMessage away = await client.GetAsync($"/v1/jobs/{id}");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, away.StatusCode);
        Assert.NotNull(away.Headers.RetryAfter);
    }

    [BrokerFact]
    public async Task Who_watches_is_let_go_when_the_service_ends()
    {
        _run.AddPictures(1);
        await using Stream stream = await _client!.GetStreamAsync($"/v1/jobs/{_run.Submit()}/events");
        await using IAsyncEnumerator<SseItem<string>> events
            = SseParser.Create(stream).EnumerateAsync().GetAsyncEnumerator();
        Assert.True(await events.MoveNextAsync());
        Task ends = Rest();
        await _server!.Host.StopAsync().WaitAsync(_patience);
        await ends.WaitAsync(_patience);

        async Task Rest()
        {
            while (await events.MoveNextAsync()) { }        // the last of submitting may come yet
        }
    }

    [Fact]
    public async Task A_service_without_jobs_says_so()
    {
        using ServerRun server = new();
        using HttpClient client = server.Client();
        foreach (string path in (string[])["/v1/jobs", "/v1/jobs/0123456789abcdef", "/v1/jobs/x/events"])
        {
            using HttpResponseMessage response = await client.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
            Assert.Contains("was started without --store and --broker", await response.Content.ReadAsStringAsync());
        }
        Assert.DoesNotContain("jobs", await client.GetStringAsync("/v1/models"));
        Assert.DoesNotContain("/v1/jobs", await client.GetStringAsync("/openapi/v1.json"));
    }

    [Fact]
    public void Serving_jobs_takes_a_store_and_a_broker()
    {
        using CliRun cli = new();
        cli.AssertFailed(2, cli.Run("serve", "--store", cli.Folder.Path), "No broker: name a RabbitMQ");
        cli.AssertFailed(2, cli.Run("serve", "--broker", "amqp://localhost"), "No store: name a folder");
        cli.AssertFailed(2, cli.Run("serve", "--broker", "localhost", "--store", cli.Folder.Path), "expected amqp://");
    }

    [BrokerFact]
    public async Task The_routes_are_described()
    {
        JsonElement document = await Get("/openapi/v1.json");
        JsonElement paths = document.GetProperty("paths");
        Assert.True(paths.GetProperty("/v1/jobs").TryGetProperty("post", out _));
        Assert.True(paths.GetProperty("/v1/jobs/{id}/events").GetProperty("get").GetProperty("responses")
            .GetProperty("200").GetProperty("content").TryGetProperty("text/event-stream", out _));
        Assert.Contains("\"cutOut\"", document.GetRawText());
        Assert.True((await Get("/v1/models")).GetProperty("jobs").GetBoolean());
    }

    private JobDesk Desk => new(new FolderStore(_run.Store), _broker);

    private ServerRun Serve(ServerOptions options) => new(options, jobs: new(
        FolderStore.Make(_run.Store), _broker!, cancel => Broker.Connect(rabbit.Address, _ => { }, cancel)));

    private async Task<JsonElement> Submit(object job)
    {
        using HttpContent content = JsonContent.Create(job);
        return await ServerRun.Post(_client!, "/v1/jobs", content, 202);
    }

    private async Task<JsonElement> Get(string path) => await _client!.GetFromJsonAsync<JsonElement>(path);

    /// <summary>What the events of a job say, once there are no more.</summary>
    private async Task<List<JsonElement>> Watch(string id)
    {
        await using Stream stream = await _client!.GetStreamAsync($"/v1/jobs/{id}/events");
        List<JsonElement> events = [];
        await foreach (SseItem<string> item in SseParser.Create(stream).EnumerateAsync())
        {
            Assert.Equal("status", item.EventType);
            events.Add(JsonDocument.Parse(item.Data).RootElement.Clone());
        }
        return events;
    }
}
