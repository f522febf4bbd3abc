namespace ClipSeg.Scenes.Artwork;

/// <summary>
/// Artwork that was drawn of late, ready to be drawn again, up to a number of bytes: all of it would take a gigabyte.
/// </summary>
/// <param name="capacity">Bytes; what was last asked for is kept even if it is more.</param>
internal sealed class ArtworkCache(long capacity)
{
    /// <summary>Bytes enough for what scenes in a row have in common.</summary>
    public const long Usual = 128L << 20;

    /// <summary>Bytes enough for seven styles: trainings draw all of them again and again.</summary>
    public const long OfTraining = 1L << 30;

    private readonly Dictionary<Sprite, LinkedListNode<Entry>> _kept = [];
    private readonly LinkedList<Entry> _recent = new();         // the latest first
    private readonly Lock _lock = new();

    /// <summary>Bytes of pixels that are kept.</summary>
    public long Bytes { get; private set; }

    /// <summary>The copies of a sprite, read anew if they are not here any more.</summary>
    /// <param name="sprite">Whose they are.</param>
    /// <param name="read">Called outside of any lock; perhaps by several threads for one sprite.</param>
    public SpriteLevel[] Get(Sprite sprite, Func<SpriteLevel[]> read)
    {
        lock (_lock)
        {
            if (_kept.TryGetValue(sprite, out LinkedListNode<Entry>? node))
            {
                _recent.Remove(node);
                _recent.AddFirst(node);
                return node.Value.Levels;
            }
        }
        SpriteLevel[] levels = read();
        lock (_lock)
        {
            if (_kept.ContainsKey(sprite)) return levels;
            _kept.Add(sprite, _recent.AddFirst(new Entry(sprite, levels)));
            Bytes += BytesOf(levels);
            while (Bytes > capacity && _recent.Count > 1)
            {
                Entry oldest = _recent.Last!.Value;
                _recent.RemoveLast();
                _kept.Remove(oldest.Sprite);
                Bytes -= BytesOf(oldest.Levels);
            }
        }
        return levels;
    }

    private static long BytesOf(SpriteLevel[] levels) => levels.Sum(level => (long)level.Pixels.Length * sizeof(uint));

    private readonly record struct Entry(Sprite Sprite, SpriteLevel[] Levels);
}
