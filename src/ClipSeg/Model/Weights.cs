using ClipSeg.Formats;
using ClipSeg.Numerics;

namespace ClipSeg.Model;

/// <summary>
/// The weights of a network seen through a prefix, <c>w.Scope("mlp").Get("fc1.weight", init, 3072, 768)</c>: read from
/// a checkpoint, or freshly initialised where that is asked for.
/// </summary>
/// <remarks>
/// Strict both ways: a missing key, a wrong shape and a key that nobody asked for are errors
/// (<see cref="ThrowIfUnused"/>), never a silent default.
/// </remarks>
internal sealed class Weights
{
    private readonly Store _store;
    private readonly string _prefix;

    private Weights(Store store, string prefix) => (_store, _prefix) = (store, prefix);

    /// <summary>Weights of a checkpoint, by Hugging Face key.</summary>
    /// <param name="tensors">What the checkpoint holds; may be empty.</param>
    /// <param name="trainable">The prefix of the keys that get gradients ("" for all), or null for none.</param>
    /// <param name="fresh">The prefix of the keys that are initialised instead of read ("" for all), or null for
    /// none.</param>
    /// <param name="seed">For what is initialised.</param>
    public Weights(
        IReadOnlyDictionary<string, StoredTensor> tensors, string? trainable = null, string? fresh = null,
        uint seed = 0)
        : this(new Store(tensors, trainable, fresh, seed), "") { }

    /// <summary>Every parameter that was asked for, in order.</summary>
    public IReadOnlyList<Parameter> Parameters => _store.Parameters;

    public IEnumerable<Parameter> Trainable => _store.Parameters.Where(p => p.Trainable);

    public Weights Scope(string name) => new(_store, $"{_prefix}{name}.");


    /// <summary>The weight called <paramref name="name"/> here.</summary>
    /// <exception cref="CheckpointException">It is missing or has another shape.</exception>
    public Parameter Get(string name, Init init, params ReadOnlySpan<int> shape)
    {
        string key = _prefix + name;
        bool trainable = _store.TrainablePrefix is not null
            && key.StartsWith(_store.TrainablePrefix, StringComparison.Ordinal);
        Parameter parameter;
        if (_store.FreshPrefix is not null && key.StartsWith(_store.FreshPrefix, StringComparison.Ordinal))
        {
            int length = Tensor.Count(shape);
            uint seed = _store.Seed;
            Lazy<float[]> values = new(() =>
            {
                float[] fresh = new float[length];
                init.Fill(fresh, key, seed);
                return fresh;
            });
            parameter = new(
                key, shape, (first, y) => values.Value.AsSpan((int)first, y.Length).CopyTo(y), trainable);
        }
        else
        {
            if (!_store.Tensors.TryGetValue(key, out StoredTensor? t))
                throw new CheckpointException($"Tensor '{key}' not found; expected shape {Tensor.Format(shape)}.");
            if (!shape.SequenceEqual(t.Shape))
                throw new CheckpointException(
                    $"Tensor '{key}' has shape {Tensor.Format(t.Shape)}, expected {Tensor.Format(shape)}.");
            parameter = new(key, shape, t.Read, trainable);
        }
        _store.Parameters.Add(parameter);
        _store.Used.Add(key);
        return parameter;
    }

    /// <summary>To be called when the network is built.</summary>
    /// <exception cref="CheckpointException">The checkpoint has keys that no module asked for: the config does not
    /// fit.</exception>
    public void ThrowIfUnused()
    {
        string[] unused = [.. _store.Tensors.Keys
            .Where(k => !_store.Used.Contains(k)
                && (_store.FreshPrefix is null || !k.StartsWith(_store.FreshPrefix, StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal)];
        if (unused.Length == 0) return;
        string more = unused.Length > 4 ? $" and {unused.Length - 4} more" : "";
        throw new CheckpointException(
            "The checkpoint has tensors that its config has no place for: "
            + $"'{string.Join("', '", unused.Take(4))}'{more}.");
    }

    /// <summary>What every scope of one network shares.</summary>
    private sealed class Store(
        IReadOnlyDictionary<string, StoredTensor> tensors, string? trainable, string? fresh, uint seed)
    {
        public IReadOnlyDictionary<string, StoredTensor> Tensors { get; } = tensors;

        public string? TrainablePrefix { get; } = trainable;

        public string? FreshPrefix { get; } = fresh;

        public uint Seed { get; } = seed;

        public List<Parameter> Parameters { get; } = [];

        public HashSet<string> Used { get; } = new(StringComparer.Ordinal);
    }
}
