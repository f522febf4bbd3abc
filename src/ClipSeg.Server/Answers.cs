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
    public static SegmentAnswer Describe(Segmented work, IReadOnlyList<Output> asked, CancellationToken cancel)
    {
        IReadOnlyList<Output> outputs = asked.Count > 0 ? asked : [Output.Rle];
        PromptAnswer[] results = new PromptAnswer[work.Found.Count];
        for (int i = 0; i < results.Length; i++)
        {
            cancel.ThrowIfCancellationRequested();
            results[i] = Describe(work.Found[i], Overlay.Colour(i), outputs, work.Edits.Threshold.Number is null);
        }
        return new(work.Model, work.Picture, work.Edits.Threshold.Number, results)
        {
            Overlay = outputs.Contains(Output.Overlay) ? Draw(work, Output.Overlay) : null,
            Cutout = outputs.Contains(Output.Cutout) ? Draw(work, Output.Cutout) : null,
        };
    }

    /// <summary>One PNG of all prompts that are there: where there are several, masks and cut-outs are of what any of
    /// them found. Of those that are not, if none is, but no overlay.</summary>
    public static byte[] Draw(Segmented work, Output output) => output switch
    {
        Output.Mask => Any(work, f => f.Mask.Soft).EncodePng(),
        Output.Binary => Any(work, f => f.Mask.Binary).EncodePng(),
        Output.Cutout => CutOut(work).EncodePng(),
        Output.Overlay => work.Rendering.Encode(
            ResultKind.Overlay,
            [.. Enumerable.Range(0, work.Found.Count).Where(i => work.Found[i].IsThere)], ".png", Image.DefaultQuality),
        _ => throw new RequestException($"{output} is no picture; pictures are mask, binary, overlay and cutout."),
    };

    /// <summary>The picture with alpha where any prompt found something.</summary>
    public static Image CutOut(Segmented work)
        => work.Image.CutOut(Any(work, f => f.Mask.Alpha(work.Edits.Feather > 0)));

    private static PromptAnswer Describe(Found found, Rgb colour, IReadOnlyList<Output> outputs, bool ownThreshold)
    {
        EditedMask mask = found.Mask;
        Component[] parts = [.. mask.Parts().OrderByDescending(c => c.Area)];
        Component? all = parts.Length > 0 ? Component.Around(parts) : null;
        CocoRle? runs = outputs.Contains(Output.Rle) || outputs.Contains(Output.Parts) ? mask.Runs() : null;
        return new(found.Prompt, found.IsThere, found.Score, found.Peak, all?.Area ?? 0, Box(all),
            [.. parts.Take(MostBoxes).Select(c => Box(c)!)], $"#{colour.R:x2}{colour.G:x2}{colour.B:x2}")
        {
            Threshold = ownThreshold ? mask.Threshold : null,
            Truncated = found.Truncated ? true : null,
            Rle = outputs.Contains(Output.Rle) ? Rle(runs!) : null,
            Parts = outputs.Contains(Output.Parts)
                ? [.. runs!.Parts().Select(part => new PartAnswer(Box(part.Box)!, part.Area, Rle(part)))]
                : null,
            Polygons = outputs.Contains(Output.Polygons) ? [.. mask.Binary.Polygons().Select(Rings)] : null,
            Mask = outputs.Contains(Output.Mask) ? mask.Soft.EncodePng() : null,
            Binary = outputs.Contains(Output.Binary) ? mask.Binary.EncodePng() : null,
        };
    }

    private static int[]? Box(Component? part) => part is { } c ? [c.X, c.Y, c.Width, c.Height] : null;

    private static RleAnswer Rle(CocoRle runs) => new([runs.Height, runs.Width], runs.ToString());

    private static IReadOnlyList<float[]> Rings(MaskPolygon polygon)
        => [.. polygon.Holes.Prepend(polygon.Outline)
            .Select(ring => ring.SelectMany(corner => (float[])[corner.X, corner.Y]).ToArray())];

    private static Mask Any(Segmented work, Func<Found, Mask> mask)
    {
        Found[] there = [.. work.Found.Where(f => f.IsThere)];
        return (there.Length > 0 ? there : work.Found).Select(mask).Aggregate((a, b) =>
        {
            Mask both = new(a.Width, a.Height);
            TensorPrimitives.Max(a.Values, b.Values, both.Values);
            return both;
        });
    }
}
