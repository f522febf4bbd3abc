namespace ClipSeg.Jobs;

/// <summary>Where pictures come from and results go: files under names with slashes, each written whole or not at
/// all.</summary>
/// <remarks>
/// All throw <see cref="StoreAwayException"/> while the store cannot be reached, which passes, and
/// <see cref="StoreException"/> for what does not.
/// </remarks>
internal interface IStore
{
    /// <summary>The content; null if there is no such file.</summary>
    /// <param name="key">Its name: see <see cref="StoreKeys.Check"/>.</param>
    /// <param name="limit">The most bytes that are taken.</param>
    /// <exception cref="InvalidDataException">It has more, which shows before there is memory for them.</exception>
    Task<byte[]?> Read(string key, int limit, CancellationToken cancel);

    Task<bool> Exists(string key, CancellationToken cancel);

    /// <summary>Makes or replaces a file.</summary>
    Task Write(string key, ReadOnlyMemory<byte> content, CancellationToken cancel);

    /// <summary>Removes a file, if there is one.</summary>
    Task Delete(string key, CancellationToken cancel);

    /// <summary>All files below, in an order that stays the same; none if there is nothing.</summary>
    /// <param name="prefix">Ends in a slash, or is empty.</param>
    IAsyncEnumerable<StoredFile> List(string prefix, CancellationToken cancel);

    /// <summary>The names of what is directly below and has files below it.</summary>
    /// <param name="prefix">Ends in a slash.</param>
    IAsyncEnumerable<string> Folders(string prefix, CancellationToken cancel);
}

/// <summary>A file of a store.</summary>
/// <param name="Bytes">Its size.</param>
/// <param name="Version">Changes when the content does.</param>
internal sealed record StoredFile(string Key, long Bytes, string Version);

/// <summary>A store that does not do what it is asked, today or tomorrow.</summary>
internal sealed class StoreException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>A job that the store does not have.</summary>
internal sealed class UnknownJobException(string message) : IOException(message);

/// <summary>A store that cannot be reached now.</summary>
internal sealed class StoreAwayException(string message, Exception? inner = null) : IOException(message, inner);
