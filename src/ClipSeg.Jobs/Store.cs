namespace ClipSeg.Jobs;

/// <summary>Opens stores by their addresses.</summary>
internal static class Store
{
    private const string S3 = "s3://";

    /// <summary>Opens a folder or <c>s3://bucket/prefix</c>.</summary>
    /// <param name="address">As somebody types it.</param>
    /// <param name="endpoint">Of a server that speaks S3 and is not Amazon's; null for that.</param>
    /// <param name="make">Whether a folder becomes a store, if it is none.</param>
    /// <exception cref="StoreException">It cannot be a store.</exception>
    public static IStore Open(string address, Uri? endpoint, bool make)
    {
        if (!address.StartsWith(S3, StringComparison.OrdinalIgnoreCase))
            return make ? FolderStore.Make(address) : new FolderStore(address);
        string[] parts = address[S3.Length..].Split('/', 2);
        if (parts[0].Length == 0)
            throw new StoreException($"The store '{address}' names no bucket, expected s3://bucket/prefix.");
        return new S3Store(parts[0], Folder(parts.ElementAtOrDefault(1) ?? ""), endpoint);
    }

    /// <summary>The key of a place that is said with the store's address before it, or without; as a folder.</summary>
    /// <exception cref="StoreException">It is an address elsewhere.</exception>
    public static string Prefix(string store, string place)
    {
        bool isAddress = place.Contains("://");
        if (!isAddress && !Path.IsPathRooted(place)) return Folder(place);
        string root = isAddress || store.Contains("://") ? store : Path.GetFullPath(store);
        string inner = isAddress ? place : Path.GetFullPath(place);
        string start = root.TrimEnd('/') + "/";
        if ($"{inner.TrimEnd('/')}/" == start) return "";
        return inner.StartsWith(start, StringComparison.Ordinal) ? Folder(inner[start.Length..])
            : throw new StoreException($"'{place}' is not in the store '{store}': workers fetch pictures from there, "
                + "so copy them into it first.");
    }

    /// <summary>A key that ends in a slash, or none.</summary>
    private static string Folder(string key) => key.Trim('/') is { Length: > 0 } inner && inner != "."
        ? $"{StoreKeys.Check(inner)}/" : "";
}
