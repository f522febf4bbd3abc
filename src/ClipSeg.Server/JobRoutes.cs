using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using ClipSeg.Jobs;
using ClipSeg.Numerics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using static ClipSeg.Server.RequestException;

namespace ClipSeg.Server;

/// <summary>Where the jobs of the service are. Requests name folders in the store, and nothing else.</summary>
/// <param name="Store">Has the pictures, and gets the results.</param>
/// <param name="Broker">Has the queue; not disposed with the service.</param>
/// <param name="Connect">Connects to the same broker again, for who watches and then goes.</param>
internal sealed record JobPlace(IStore Store, Broker Broker, Func<CancellationToken, Task<Broker>> Connect);

/// <summary><c>/v1/jobs</c>: what <c>clipseg jobs</c> does, over HTTP.</summary>
internal sealed class JobRoutes
{
    /// <summary>Of the limit on streams of events, which hold no upload.</summary>
    public const string WatchersPolicy = "watchers";

    private const int MostListed = 1000;
    private const string Job = "/jobs/{id:length(16)}";

    private static readonly TimeSpan _alive = TimeSpan.FromSeconds(15), _reconnect = TimeSpan.FromSeconds(3);

    private readonly JobPlace _place;
    private readonly JobDesk _desk;
    private readonly Segmentation _segmentation;
    private readonly JobSubmissions _submissions;
    private readonly CancellationToken _stopping;

    public JobRoutes(JobPlace place, Segmentation segmentation, IHostApplicationLifetime lifetime)
    {
        (_place, _segmentation, _stopping) = (place, segmentation, lifetime.ApplicationStopping);
        _desk = new(place.Store, place.Broker);
        _submissions = new(_desk, _stopping);
    }

    public void Map(IEndpointRouteBuilder v1)
    {
        v1.MapPost("/jobs", (Delegate)Submit)
            .Accepts<JobRequest>("application/json").Produces<SubmitAnswer>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status503ServiceUnavailable)
            .WithSummary("Puts the pictures of a folder of the store into the queue, for workers.")
            .WithDescription("The same again is the same job: what is missing is put there, and what was called off "
                + "goes on. Submitting goes on after a time-out.");
        v1.MapGet("/jobs", (Delegate)List).Produces<JobsAnswer>()
            .WithSummary("The jobs of the store, whoever submitted them.");
        v1.MapGet(Job, Status).Produces<JobStatus>().ProducesProblem(StatusCodes.Status404NotFound)
            .WithSummary("How far a job is.");
        v1.MapGet($"{Job}/events", Watch)
            .Produces<JobStatus>(StatusCodes.Status200OK, contentType: "text/event-stream")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status503ServiceUnavailable)
            .RequireRateLimiting(WatchersPolicy).DisableRequestTimeout()
            .WithSummary("How far a job is, whenever that changes, as server-sent events; ends when the job does.");
        v1.MapPost($"{Job}/cancel", Cancel).Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .WithSummary("Calls a job off: workers stop after the picture they are at.");
        v1.MapPost($"{Job}/retry", Retry).Produces<RetryAnswer>().ProducesProblem(StatusCodes.Status404NotFound)
            .WithSummary("Puts back into the queue what workers died of, each picture alone.")
            .WithDescription("With missing, everything that has no result, for a broker that has lost its disk.");
    }

    /// <summary>What answers in a service without jobs.</summary>
    public static void MapNone(IEndpointRouteBuilder v1) => v1.Map("/jobs/{**rest}", (RequestDelegate)(_ =>
        throw new RequestException("This service has no jobs: it was started without --store and --broker.",
            StatusCodes.Status404NotFound))).ExcludeFromDescription();

    private async Task<IResult> Submit(HttpContext context)
    {
        if (!context.Request.HasJsonContentType())
        {
            throw new RequestException($"The content type is '{Shown(context.Request.ContentType)}', expected "
                + "application/json.", StatusCodes.Status415UnsupportedMediaType);
        }
        CancellationToken gone = context.RequestAborted;
        JobRequest request = await JsonSerializer.DeserializeAsync(
            context.Request.Body, ServerJson.Strict.JobRequest, gone)
            ?? throw new RequestException("The body is null, expected an object.");
        string prefix = Prefix(request.Folder);
        JobWishes wishes = await Wishes(request).WaitAsync(gone);
        try
        {
            (JobRecord job, bool isNew, int published)
                = await _submissions.Submit(wishes, prefix, request.Shard).WaitAsync(gone);
            context.Response.Headers.Location = $"/v1/jobs/{job.Id}";
            return Results.Json(new(job.Id, job.Pictures, job.Shards, published, isNew),
                ServerJson.Strict.SubmitAnswer, statusCode: StatusCodes.Status202Accepted);
        }
        catch (StoreException e)
        {
            throw new RequestException(e.Message);      // no pictures, or too many
        }
    }

    private async Task<IResult> List(HttpContext context)
    {
        List<JobAnswer> jobs = [];
        bool more = false;
        await foreach (JobRecord job in _desk.List(context.RequestAborted))
        {
            if (more = jobs.Count == MostListed) break;
            JobWishes wishes = job.Wishes;
            jobs.Add(new(job.Id, wishes.Model.Name, wishes.Prompts, wishes.Nots, job.Pictures));
        }
        return Results.Json(new(jobs, more), ServerJson.Strict.JobsAnswer);
    }

    private async Task<IResult> Status(string id, HttpContext context)
    {
        return Results.Json(await _desk.Status(id, context.RequestAborted), ServerJson.Strict.JobStatus);
    }

    private async Task<IResult> Watch(string id, HttpContext context)
    {
        CancellationTokenSource over
            = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping);
        context.Response.RegisterForDispose(over);
        await _desk.Find(id, over.Token);       // told before the stream begins
        Broker broker = await _place.Connect(over.Token);
        context.Response.RegisterForDisposeAsync(broker);
        return Results.ServerSentEvents(Events(new JobDesk(_place.Store, broker).Watch(id, over.Token), over.Token));
    }

    private async Task<IResult> Cancel(string id, HttpContext context)
    {
        await _desk.Cancel(id, context.RequestAborted);
        return Results.NoContent();
    }

    private async Task<IResult> Retry(string id, HttpContext context, bool missing = false)
    {
        int published = await _desk.Retry(id, missing, context.RequestAborted);
        return Results.Json(new(id, published), ServerJson.Strict.RetryAnswer);
    }

    /// <summary>
    /// Each status, and the last one again whenever there is none for a while: who has gone without a word is noticed,
    /// and nobody in between takes the connection for dead. Ends early if store or broker fail: a client comes back.
    /// </summary>
    private static async IAsyncEnumerable<SseItem<JobStatus>> Events(
        IAsyncEnumerable<JobStatus> statuses, [EnumeratorCancellation] CancellationToken over)
    {
        IAsyncEnumerator<JobStatus> watch = statuses.GetAsyncEnumerator(over);
        Task<bool> next = Next();
        try
        {
            for (JobStatus? last = null; !over.IsCancellationRequested;)
            {
                if (await Task.WhenAny(next, Task.Delay(_alive, over)) == next)
                {
                    if (!await next) yield break;
                    last = watch.Current;
                    next = Next();
                }
                if (last is not null) yield return new(last, "status") { ReconnectionInterval = _reconnect };
            }
        }
        finally
        {
            await next;
            await watch.DisposeAsync();
        }

        async Task<bool> Next()
        {
            try
            {
                return await watch.MoveNextAsync();
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                return false;
            }
        }
    }

    private async Task<JobWishes> Wishes(JobRequest request)
    {
        ServedModel model = _segmentation.Check(request);
        if (!PrecisionNames.All.Contains(request.Precision))
        {
            throw new RequestException($"precision is '{Shown(request.Precision)}', expected one of "
                + $"{string.Join(", ", PrecisionNames.All)}.");
        }
        if (request.MinScore is { } score && score is not (>= 0 and <= 1))
            throw new RequestException($"minScore is {score}, expected 0 to 1.");
        if (request.Shard is < JobDesk.LeastShard or > ShardMessage.MostPictures)
        {
            throw new RequestException($"shard is {request.Shard}, expected {JobDesk.LeastShard} to "
                + $"{ShardMessage.MostPictures}.");
        }
        string hash = await Task.Run(() => model.Hash) ?? throw new RequestException(
            $"Model '{model.Name}' is in ONNX's form, and jobs need its weights: serve it in another.");
        return new()
        {
            Model = new(model.Name, hash),
            Prompts = request.Prompts,
            Nots = request.Negatives,
            Precision = request.Precision,
            Size = request.Size,
            Fine = request.Fine,
            Edits = request.Tools,
            Save = [.. request.Save.Distinct().Order()],
            MinScore = request.MinScore,
            Rle = request.Rle,
        };
    }

    /// <summary>The key of a folder in the store.</summary>
    private static string Prefix(string folder)
    {
        string inner = folder.TrimEnd('/');
        if (inner.Length == 0 && folder.Length < 2) return "";
        try
        {
            if (!Path.IsPathRooted(inner)) return $"{StoreKeys.Check(inner)}/";
        }
        catch (StoreException)
        {
            // Said below.
        }
        throw new RequestException($"folder is '{Shown(folder)}', expected one of the service's store, from the store "
            + "on, such as photos/2026.");
    }
}
