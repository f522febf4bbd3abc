using ClipSeg.Jobs;
using ClipSeg.Model;

namespace ClipSeg.Server;

/// <summary>A model under the name that requests call it by.</summary>
internal sealed class ServedModel : IDisposable
{
    private const int MostSizes = 8;
    private const int MostPatches = 64;         // a side; time grows with the fourth power of it

    private readonly Segmenter _segmenter;
    private readonly Dictionary<int, Segmenter> _sizes = [];
    private readonly Lock _lock = new();
    private readonly Lazy<string?> _hash;

    /// <param name="name">What requests and answers call it.</param>
    /// <param name="segmenter">Disposed with this.</param>
    public ServedModel(string name, Segmenter segmenter)
    {
        (Name, _segmenter) = (name, segmenter);
        _hash = new(() => segmenter.Checkpoint is { } checkpoint ? ModelHash.Of(checkpoint) : null);
    }

    public string Name { get; }

    /// <summary>The side in pixels that it reads pictures at, unless a request says another.</summary>
    public int Size => _segmenter.Preprocessing.Width;

    /// <summary>What scores less is not there.</summary>
    public float NotFoundBelow => _segmenter.NotFoundBelow;

    /// <summary>What workers are to have (<see cref="ModelHash"/>), which all weights are read for the first time; null
    /// for a model that has none at hand.</summary>
    public string? Hash => _hash.Value;

    public int PatchSize => _segmenter.Engine.Config.PatchSize;

    /// <summary>The model, reading pictures at a size: weights and threads are those of all its sizes.</summary>
    /// <exception cref="RequestException">The patches do not fit the size, or it is too large.</exception>
    public Segmenter At(int? size)
    {
        if (size is not { } side || side == Size) return _segmenter;
        if (side > MostPatches * PatchSize)
            throw new RequestException($"size is {side}, expected at most {MostPatches * PatchSize}.");
        Preprocessing resized = _segmenter.Preprocessing with { Width = side, Height = side };
        if (resized.Misfit(PatchSize) is { } misfit) throw new RequestException(misfit);
        lock (_lock)
        {
            if (_sizes.TryGetValue(side, out Segmenter? known)) return known;
            if (_sizes.Count == MostSizes) _sizes.Clear();
            return _sizes[side] = _segmenter.At(resized);
        }
    }

    public void Dispose() => _segmenter.Dispose();
}
