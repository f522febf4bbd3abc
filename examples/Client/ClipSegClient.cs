using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace ClipSeg.Examples.Client;

/// <summary>A client of <c>clipseg serve</c>, to copy into a program of yours.</summary>
/// <param name="http">Its base address is the service's; a key goes into its header X-Api-Key.</param>
public sealed class ClipSegClient(HttpClient http)
{
    private const int MostTries = 4;

    /// <summary>Sends a picture, so that its prompts cost less.</summary>
    public async Task<Picture> ReadAsync(byte[] picture, CancellationToken cancel = default)
    {
        using HttpResponseMessage response = await Send(() => Post("v1/images", new ByteArrayContent(picture)), cancel);
        return await Read<Picture>(response, cancel);
    }

    /// <summary>What prompts find in a picture that was sent.</summary>
    public async Task<Answer> SegmentAsync(
        string imageId, IReadOnlyList<string> prompts, Options? options = null, CancellationToken cancel = default)
    {
        using HttpResponseMessage response = await Send(
            () => Post("v1/segment", Form(new StringContent(imageId), "imageId", prompts, options)), cancel);
        return await Read<Answer>(response, cancel);
    }

    /// <summary>What prompts find in a picture.</summary>
    public async Task<Answer> SegmentAsync(
        byte[] picture, IReadOnlyList<string> prompts, Options? options = null, CancellationToken cancel = default)
    {
        using HttpResponseMessage response = await Send(
            () => Post("v1/segment", Form(new ByteArrayContent(picture), "image", prompts, options)), cancel);
        return await Read<Answer>(response, cancel);
    }

    /// <summary>A PNG of the picture, transparent but for what the prompts find.</summary>
    public async Task<byte[]> CutOutAsync(
        byte[] picture, IReadOnlyList<string> prompts, Options? options = null, CancellationToken cancel = default)
    {
        options = (options ?? new()) with { Outputs = ["cutout"] };
        using HttpResponseMessage response = await Send(() =>
        {
            HttpRequestMessage request =
                Post("v1/segment", Form(new ByteArrayContent(picture), "image", prompts, options));
            request.Headers.Accept.Add(new("image/png"));
            return request;
        }, cancel);
        return await response.Content.ReadAsByteArrayAsync(cancel);
    }

    /// <summary>Sends a request, again when the service is busy and says when to come back.</summary>
    private async Task<HttpResponseMessage> Send(Func<HttpRequestMessage> make, CancellationToken cancel)
    {
        for (int tries = 1; ; tries++)
        {
            using HttpRequestMessage request = make();
            HttpResponseMessage response = await http.SendAsync(request, cancel);
            if (response.IsSuccessStatusCode) return response;
            using (response)
            {
                TimeSpan? wait = response.Headers.RetryAfter?.Delta;
                if (response.StatusCode != HttpStatusCode.ServiceUnavailable || wait is null || tries == MostTries)
                    throw new ClipSegException(response.StatusCode, await Detail(response, cancel));
                await Task.Delay(wait.Value, cancel);
            }
        }
    }

    private static HttpRequestMessage Post(string path, HttpContent content)
        => new(HttpMethod.Post, path) { Content = content };

    private static MultipartFormDataContent Form(
        HttpContent picture, string field, IReadOnlyList<string> prompts, Options? options)
    {
        MultipartFormDataContent form = [];
        if (field == "image") form.Add(picture, field, "picture");
        else form.Add(picture, field);
        foreach (string prompt in prompts) form.Add(new StringContent(prompt), "prompt");
        foreach (string negative in options?.Negatives ?? []) form.Add(new StringContent(negative), "negative");
        foreach (string output in options?.Outputs ?? []) form.Add(new StringContent(output), "outputs");
        if (options?.Threshold is { } threshold)
            form.Add(new StringContent(FormattableString.Invariant($"{threshold}")), "threshold");
        return form;
    }

    private static async Task<T> Read<T>(HttpResponseMessage response, CancellationToken cancel)
        => await response.Content.ReadFromJsonAsync<T>(JsonSerializerOptions.Web, cancel)
            ?? throw new ClipSegException(response.StatusCode, "The service answered nothing.");

    private static async Task<string> Detail(HttpResponseMessage response, CancellationToken cancel)
    {
        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json")
            return $"The service answered {(int)response.StatusCode}.";
        Problem? problem = await response.Content.ReadFromJsonAsync<Problem>(JsonSerializerOptions.Web, cancel);
        return problem?.Detail ?? "";
    }

    private sealed record Problem(string? Detail);
}

/// <summary>What a request may say beside its prompts.</summary>
public sealed record Options
{
    public IReadOnlyList<string> Negatives { get; init; } = [];

    /// <summary>Of rle, parts, polygons, mask, binary, overlay, cutout.</summary>
    public IReadOnlyList<string> Outputs { get; init; } = [];

    public float? Threshold { get; init; }
}

/// <param name="Id">Stands for the picture in later requests.</param>
public sealed record Picture(string Id, int Width, int Height);

public sealed record Answer(string Model, Picture Image, float? Threshold, IReadOnlyList<Result> Results);

/// <param name="Score">How sure it is that the thing is there at all, 0 to 1.</param>
/// <param name="Area">In pixels.</param>
/// <param name="Box">x, y, width, height; null if nothing was found.</param>
/// <param name="Mask">A grey PNG file, if it was asked for.</param>
/// <param name="Binary">A black and white PNG file, if it was asked for.</param>
public sealed record Result(
    string Prompt, bool Found, float Score, long Area, int[]? Box, Rle? Rle, byte[]? Mask, byte[]? Binary);

/// <summary>COCO's run lengths.</summary>
public sealed record Rle(int[] Size, string Counts);

/// <summary>The service could not answer; the message is what it says of that.</summary>
public sealed class ClipSegException(HttpStatusCode status, string message) : Exception(message)
{
    public HttpStatusCode Status { get; } = status;
}
