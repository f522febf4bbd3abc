using System.Globalization;
using System.Net.Mime;
using System.Text.Json;
using ClipSeg.Imaging;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using static ClipSeg.Server.RequestException;

namespace ClipSeg.Server;

/// <summary>Reads a <see cref="SegmentRequest"/> from JSON or a form; whatever is wrong is a
/// <see cref="RequestException"/>.</summary>
internal static class RequestReader
{
    private const int MaxFields = 512, MaxNameLength = 64;

    private static readonly string[] _files = ["image", "support", "supportMask"];

    private static readonly Dictionary<string, Func<SegmentRequest, StringValues, SegmentRequest>> _fields = new()
    {
        ["model"] = (r, v) => r with { Model = v[^1] },
        ["imageId"] = (r, v) => r with { ImageId = v[^1] },
        ["prompts"] = (r, v) => r with { Prompts = [.. v!] },
        ["negatives"] = (r, v) => r with { Negatives = [.. v!] },
        ["mix"] = (r, v) => r with { Mix = Number("mix", v) },
        ["size"] = (r, v) => r with { Size = Whole("size", v) },
        ["fine"] = (r, v) => r with { Fine = Truth("fine", v) },
        ["threshold"] = (r, v) => r with { Threshold = Threshold(v) },
        ["guided"] = (r, v) => r with { Tools = r.Tools with { Guided = Whole("guided", v) } },
        ["fillHoles"] = (r, v) => r with { Tools = r.Tools with { FillHoles = Truth("fillHoles", v) } },
        ["dropBelow"] = (r, v) => r with { Tools = r.Tools with { DropBelow = Whole("dropBelow", v) } },
        ["keepLargest"] = (r, v) => r with { Tools = r.Tools with { KeepLargest = Truth("keepLargest", v) } },
        ["grow"] = (r, v) => r with { Tools = r.Tools with { Grow = Number("grow", v) } },
        ["shrink"] = (r, v) => r with { Tools = r.Tools with { Shrink = Number("shrink", v) } },
        ["feather"] = (r, v) => r with { Tools = r.Tools with { Feather = Number("feather", v) } },
        ["invert"] = (r, v) => r with { Tools = r.Tools with { Invert = Truth("invert", v) } },
        ["outputs"] = (r, v) => r with { Outputs = Outputs(v) },
    };

    /// <summary>Reads the body; <paramref name="maxBytes"/> bounds what a form may take.</summary>
    public static async Task<SegmentRequest> Read(HttpRequest request, int maxBytes, CancellationToken cancel)
    {
        if (request.HasJsonContentType())
        {
            return await JsonSerializer.DeserializeAsync(request.Body, ServerJson.Strict.SegmentRequest, cancel)
                ?? throw new RequestException("The body is null, expected an object.");
        }
        if (!request.HasFormContentType)
        {
            throw new RequestException($"The content type is '{request.ContentType}', expected "
                + $"{MediaTypeNames.Multipart.FormData} or {MediaTypeNames.Application.Json}.",
                StatusCodes.Status415UnsupportedMediaType);
        }
        return await OfForm(await Form(request, maxBytes, cancel), cancel);
    }

    /// <summary>The file of a picture: the whole body, or the image of a form.</summary>
    public static async Task<byte[]> Picture(HttpRequest request, int maxBytes, CancellationToken cancel)
    {
        if (request.HasFormContentType)
        {
            IFormFile? file = (await Form(request, maxBytes, cancel)).Files.GetFile("image");
            return await Bytes(file ?? throw new RequestException("The form has no file 'image'."), cancel);
        }
        using MemoryStream body = new();
        await request.Body.CopyToAsync(body, cancel);       // the server bounds it
        return body.ToArray();
    }

    /// <summary>A form, in memory alone.</summary>
    public static Task<IFormCollection> Form(HttpRequest request, int maxBytes, CancellationToken cancel)
    {
        FormFeature form = new(request, new FormOptions
        {
            BufferBodyLengthLimit = maxBytes,
            MemoryBufferThreshold = maxBytes,       // above it, files would go to the disk
            MultipartBodyLengthLimit = maxBytes,
            ValueLengthLimit = maxBytes,
            ValueCountLimit = MaxFields,
            KeyLengthLimit = MaxNameLength,
        });
        request.HttpContext.Features.Set<IFormFeature>(form);
        return form.ReadFormAsync(cancel);
    }

    /// <summary>A file of a form.</summary>
    public static async Task<byte[]> Bytes(IFormFile file, CancellationToken cancel)
    {
        byte[] bytes = new byte[file.Length];
        await using Stream stream = file.OpenReadStream();
        await stream.ReadExactlyAsync(bytes, cancel);
        return bytes;
    }

    private static async Task<SegmentRequest> OfForm(IFormCollection form, CancellationToken cancel)
    {
        SegmentRequest request = new();
        foreach ((string name, StringValues values) in form)
        {
            string field = name switch { "prompt" => "prompts", "negative" => "negatives", _ => name };
            if (!_fields.TryGetValue(field, out Func<SegmentRequest, StringValues, SegmentRequest>? read))
                throw Unknown("field", name, [.. _fields.Keys]);
            request = read(request, values);
        }
        foreach (IFormFile file in form.Files)
        {
            byte[] bytes = await Bytes(file, cancel);
            request = file.Name switch
            {
                "image" => request with { Image = bytes },
                "support" => request with { Support = bytes },
                "supportMask" => request with { SupportMask = bytes },
                _ => throw Unknown("file", file.Name, _files),
            };
        }
        return request;
    }

    private static float Number(string name, StringValues values)
        => float.TryParse(values[^1], NumberStyles.Float, CultureInfo.InvariantCulture, out float number)
            ? number
            : throw new RequestException($"{name} is '{Shown(values[^1])}', expected a number.");

    private static ThresholdRule Threshold(StringValues values) => ThresholdRule.Parse(values[^1] ?? "")
        ?? throw new RequestException(
            $"threshold is '{Shown(values[^1])}', expected a number in 0..1, otsu or peak.");

    private static int Whole(string name, StringValues values)
        => int.TryParse(values[^1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new RequestException($"{name} is '{Shown(values[^1])}', expected a whole number.");

    private static bool Truth(string name, StringValues values) => values[^1] switch
    {
        "true" => true,
        "false" => false,
        _ => throw new RequestException($"{name} is '{Shown(values[^1])}', expected true or false."),
    };

    /// <summary>Several fields, or one with commas.</summary>
    private static Output[] Outputs(StringValues values) =>
    [
        .. string.Join(',', values!).Split(',', StringSplitOptions.TrimEntries).Select(name =>
            Enum.TryParse(name, ignoreCase: true, out Output output) && char.IsLetter(name[0])
                ? output
                : throw Unknown("output", name, [.. Enum.GetNames<Output>().Select(n => n.ToLowerInvariant())])),
    ];

    private static RequestException Unknown(string what, string name, string[] known)
        => new($"There is no {what} '{Shown(name)}'; there are {string.Join(", ", known)}.");
}
