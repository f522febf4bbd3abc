using System.Numerics.Tensors;
using ClipSeg.Imaging;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ClipSeg.Server;

/// <summary>What was found, as JSON or as a picture.</summary>
internal static class Answers
{
    private const int MostBoxes = 100;

    /// <summary>Whether the client would rather have a picture than JSON.</summary>
    /// <exception cref="RequestException">It takes neither.</exception>
    public static bool WantsPicture(HttpRequest request)
    {
        IList<MediaTypeHeaderValue> accepted = request.GetTypedHeaders().Accept;
        if (accepted.Count == 0) return false;
        MediaTypeHeaderValue json = new("application/json"), png = new("image/png");
        foreach (MediaTypeHeaderValue type in accepted.OrderByDescending(a => a.Quality ?? 1))
        {
            if (json.IsSubsetOf(type)) return false;
            if (png.IsSubsetOf(type)) return true;
        }
        throw new RequestException("The client accepts neither application/json nor image/png.",
            StatusCodes.Status406NotAcceptable);
    }

    /// <summary>Scores, boxes, and what was asked for.</summary>
    public static SegmentAnswer Describe(Segmented work, SegmentRequest request, CancellationToken cancel)
    {
        IReadOnlyList<Output> outputs = request.Outputs.Count > 0 ? request.Outputs : [Output.Rle];
        PromptAnswer[] results = new PromptAnswer[work.Found.Count];
        for (int i = 0; i < results.Length; i++)
        {
            cancel.ThrowIfCancellationRequested();
            results[i] = Describe(work.Found[i], Overlay.Colour(i), outputs, request.Tools.Feather);
        }
        return new(work.Model, work.Picture, work.Threshold, results)
        {
            Overlay = outputs.Contains(Output.Overlay) ? Draw(work, Output.Overlay, request.Tools) : null,
            Cutout = outputs.Contains(Output.Cutout) ? Draw(work, Output.Cutout, request.Tools) : null,
        };
    }

    /// <summary>One PNG of all prompts: where there are several, masks and cut-outs are of what any of them
    /// found.</summary>
    public static byte[] Draw(Segmented work, Output output, MaskTools tools) => output switch
    {
        Output.Mask => Soften(Any(work.Found.Select(f => f.Binary)), tools.Feather).EncodePng(),
        Output.Soft => Any(work.Found.Select(f => f.Soft)).EncodePng(),
        Output.Cutout => CutOut(work, tools.Feather).EncodePng(),
        Output.Overlay => Overlay.Draw(work.Decode(), [.. work.Found.Select(f => f.Soft)],
            [.. work.Found.Select(f => f.Prompt)], work.Threshold).EncodePng(),
        _ => throw new RequestException($"{output} is no picture; pictures are mask, soft, overlay and cutout."),
    };

    /// <summary>The picture with alpha where any prompt found something.</summary>
    /// <param name="feather">In pixels; 0 for hard edges.</param>
    public static Image CutOut(Segmented work, float feather)
        => work.Decode().CutOut(Soften(Any(work.Found.Select(f => f.Binary)), feather));

    private static PromptAnswer Describe(Found found, Rgb colour, IReadOnlyList<Output> outputs, float feather)
    {
        Component[] parts = [.. found.Binary.Components().OrderByDescending(c => c.Area)];
        CocoRle? rle = outputs.Contains(Output.Rle) ? CocoRle.Of(found.Binary) : null;
        return new(found.Prompt, parts.Length > 0, found.Score, found.Soft.Values.Max(), parts.Sum(c => (long)c.Area),
            parts.Length > 0 ? Around(parts) : null,
            [.. parts.Take(MostBoxes).Select(c => (int[])[c.X, c.Y, c.Width, c.Height])],
            $"#{colour.R:x2}{colour.G:x2}{colour.B:x2}")
        {
            Truncated = found.Truncated ? true : null,
            Rle = rle is null ? null : new([rle.Height, rle.Width], rle.ToString()),
            Polygons = outputs.Contains(Output.Polygons) ? [.. found.Binary.Polygons().Select(Rings)] : null,
            Mask = outputs.Contains(Output.Mask) ? Soften(found.Binary, feather).EncodePng() : null,
            Soft = outputs.Contains(Output.Soft) ? found.Soft.EncodePng() : null,
        };
    }

    private static IReadOnlyList<float[]> Rings(MaskPolygon polygon)
        => [.. polygon.Holes.Prepend(polygon.Outline)
            .Select(ring => ring.SelectMany(corner => (float[])[corner.X, corner.Y]).ToArray())];

    private static int[] Around(Component[] parts)
    {
        int left = parts.Min(c => c.X), top = parts.Min(c => c.Y);
        return [left, top, parts.Max(c => c.X + c.Width) - left, parts.Max(c => c.Y + c.Height) - top];
    }

    private static Mask Soften(Mask mask, float radius) => radius > 0 ? mask.Feather(radius) : mask;

    private static Mask Any(IEnumerable<Mask> masks) => masks.Aggregate((a, b) =>
    {
        Mask both = new(a.Width, a.Height);
        TensorPrimitives.Max(a.Values, b.Values, both.Values);
        return both;
    });
}
