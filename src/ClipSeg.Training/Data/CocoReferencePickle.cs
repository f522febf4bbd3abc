using ClipSeg.Formats;

namespace ClipSeg.Training.Data;

/// <summary>
/// References as they are published: refs(unc).p, a pickled list of dicts, read without running code.
/// </summary>
internal static class CocoReferencePickle
{
    private const long MaxBytes = 1 << 27;          // refs(unc).p has 50,000 references
    private const int MaxOperations = 1 << 25;

    /// <exception cref="DataFormatException">It is missing, damaged, or holds something else.</exception>
    public static IReadOnlyList<CocoReference> ReadAll(string path)
    {
        try
        {
            using BinaryFile file = BinaryFile.Open(path);
            object? root = PickleReader.Read(new(file, 0, file.Length, MaxBytes), limit: MaxOperations);
            return root is List<object?> list ? [.. list.Select((item, i) => Reference(item, $"{path}, [{i}]"))]
                : throw new DataFormatException($"{path}: expected a pickled list of references.");
        }
        catch (CheckpointException e)
        {
            throw new DataFormatException(e.Message, e);
        }
    }

    private static CocoReference Reference(object? item, string where)
    {
        PickleDict reference = item as PickleDict ?? throw new DataFormatException($"{where}: expected a dict.");
        IReadOnlyList<long> ids = reference["ann_id"] switch
        {
            long id => [id],
            List<object?> some when some.TrueForAll(id => id is long) => [.. some.Cast<long>()],
            _ => throw new DataFormatException($"{where}: 'ann_id' is no number, and no list of them."),
        };
        List<object?> sentences = Get<List<object?>>("sentences");
        return new(reference["image_id"] is long image ? image : throw Missing("image_id"), new(ids),
            Get<string>("split"), [.. sentences.Select(s => new CocoSentence(
                (s as PickleDict)?["sent"] as string ?? throw Missing("sentences")))]);

        T Get<T>(string key) where T : class => reference[key] as T ?? throw Missing(key);

        DataFormatException Missing(string key) => new($"{where}: '{key}' is missing, or not as it should be.");
    }
}
