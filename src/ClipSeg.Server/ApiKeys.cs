using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace ClipSeg.Server;

/// <summary>Marks routes that only those who know a key may use, where there are keys.</summary>
internal sealed class NeedsKey;

/// <summary>Asks for a key: <c>Authorization: Bearer KEY</c>, <c>X-Api-Key: KEY</c>, or as a Basic password.</summary>
/// <remarks>Every key is compared in full, by hashes of one length: how long that takes tells nothing.</remarks>
internal sealed class ApiKeys(RequestDelegate next, IReadOnlyList<string> keys)
{
    private const string Header = "X-Api-Key", Bearer = "Bearer", Basic = "Basic";

    private readonly byte[][] _hashes = [.. keys.Select(Hash)];

    public Task Invoke(HttpContext context)
    {
        bool isOpen = _hashes.Length == 0 || context.GetEndpoint()?.Metadata.GetMetadata<NeedsKey>() is null;
        if (isOpen || (Given(context.Request) is { } key && IsKnown(key))) return next(context);
        context.Response.Headers.WWWAuthenticate = $"{Bearer}, {Basic}";
        return Problems.Write(context, new RequestException(
            $"This needs a key, in the header {Header} or Authorization.", StatusCodes.Status401Unauthorized));
    }

    private bool IsKnown(string key)
    {
        byte[] given = Hash(key);
        bool known = false;
        foreach (byte[] hash in _hashes) known |= CryptographicOperations.FixedTimeEquals(given, hash);
        return known;
    }

    private static string? Given(HttpRequest request)
    {
        if (request.Headers[Header] is [{ } key]) return key;
        if (!AuthenticationHeaderValue.TryParse(request.Headers.Authorization, out AuthenticationHeaderValue? given)
            || given.Parameter is not { } parameter)
            return null;
        if (string.Equals(given.Scheme, Bearer, StringComparison.OrdinalIgnoreCase)) return parameter;
        if (!string.Equals(given.Scheme, Basic, StringComparison.OrdinalIgnoreCase)) return null;
        byte[] decoded = new byte[parameter.Length];
        if (!Convert.TryFromBase64String(parameter, decoded, out int length)) return null;
        string[] pair = Encoding.UTF8.GetString(decoded, 0, length).Split(':', 2);
        return pair.Length == 2 ? pair[1] : null;
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
