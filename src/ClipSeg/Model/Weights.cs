using ClipSeg.Formats;
using ClipSeg.Numerics;

namespace ClipSeg.Model;

/// <summary>
/// The weights of a network seen through a prefix, such as
/// <c>w.Scope("fc1").Get("weight", Role.MlpInput, 768, 3072, 768)</c>: read from a checkpoint, or freshly initialised
/// where that is asked for.
/// </summary>
/// <remarks>
/// Strict both ways: a missing key, a wrong shape and a key that nobody asked for are errors
/// (<see cref="ThrowIfUnused"/>), never a silent default.
/// </remarks>
internal sealed class Weights
{
    private readonly Store _store;
    private readonly string _prefix;
    private readonly Part _part;
    private readonly int _layers;

    private Weights(Store store, string prefix, Part part, int layers)
        => (_store, _prefix, _part, _layers) = (store, prefix, part, layers);

    /// <summary>Weights of a checkpoint, by Hugging Face key.</summary>
    /// <param name="tensors">What the checkpoint holds; may be empty.</param>
    /// <param name="trainable">What gets gradients.</param>
    /// <param name="fresh">What is initialised instead of read.</param>
    /// <param name="seed">For what is initialised.</param>
    public Weights(
        IReadOnlyDictionary<string, StoredTensor> tensors, Part trainable = Part.None, Part fresh = Part.None,
        uint seed = 0)
        : this(new Store(tensors, trainable, fresh, seed), "", Part.All, 0) { }

    /// <summary>Every parameter that was asked for, in order.</summary>
    public IReadOnlyList<Parameter> Parameters => _store.Parameters;

    public IEnumerable<Parameter> Trainable => _store.Parameters.Where(p => p.Trainable);

    public Weights Scope(string name) => new(_store, $"{_prefix}{name}.", _part, _layers);

    /// <summary>A scope in which a part of the model begins.</summary>
    /// <param name="layers">Its blocks, if fresh weights depend on them.</param>
    public Weights Scope(string name, Part part, int layers = 0)
    {
        if ((_store.Fresh & part) != 0) _store.FreshPrefixes.Add($"{_prefix}{name}.");
        return new(_store, $"{_prefix}{name}.", part, layers);
    }

    /// <summary>The weight called <paramref name="name"/> here.</summary>
    /// <param name="inputs">How many values each output is a sum of: a fresh weight's scale.</param>
    /// <exception cref="CheckpointException">It is missing or has another shape.</exception>
    public Parameter Get(string name, Role role, int inputs, params ReadOnlySpan<int> shape)
    {
        string key = _prefix + name;
        Parameter.Reader read;
        if ((_store.Fresh & _part) != 0)
        {
            int[] size = shape.ToArray();
            (uint seed, Part part, int layers) = (_store.Seed, _part, _layers);
            Lazy<float[]> values = new(() =>
            {
                float[] fresh = new float[Tensor.Count(size)];
                Initialisation.Fill(fresh, role, part, layers, inputs, size, key, seed);
                return fresh;
            });
            read = (first, y) => values.Value.AsSpan((int)first, y.Length).CopyTo(y);
        }
        else
        {
            if (!_store.Tensors.TryGetValue(key, out StoredTensor? t))
                throw new CheckpointException($"Tensor '{key}' not found; expected shape {Tensor.Format(shape)}.");
            if (!shape.SequenceEqual(t.Shape))
                throw new CheckpointException(
                    $"Tensor '{key}' has shape {Tensor.Format(t.Shape)}, expected {Tensor.Format(shape)}.");
            read = t.Read;
        }
        Parameter parameter = new(key, shape, read, (_store.Trainable & _part) != 0) { Role = role, Part = _part };
        _store.Parameters.Add(parameter);
        _store.Used.Add(key);
        return parameter;
    }

    /// <summary>Lets go of what is in memory of a part's frozen weights (<see cref="Parameter.Release"/>).</summary>
    public void Release(Part part)
    {
        foreach (Parameter p in Parameters)
            if (p.Part == part) p.Release();
    }

    /// <summary>To be called when the network is built.</summary>
    /// <exception cref="CheckpointException">The checkpoint has keys that no module asked for: the config does not
    /// fit.</exception>
    public void ThrowIfUnused()
    {
        string[] unused = [.. _store.Tensors.Keys
            .Where(k => !_store.Used.Contains(k)
                && !_store.FreshPrefixes.Any(prefix => k.StartsWith(prefix, StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal)];
        if (unused.Length == 0) return;
        string more = unused.Length > 4 ? $" and {unused.Length - 4} more" : "";
        throw new CheckpointException(
            "The checkpoint has tensors that its config has no place for: "
            + $"'{string.Join("', '", unused.Take(4))}'{more}.");
    }

    /// <summary>What every scope of one network shares.</summary>
    private sealed class Store(IReadOnlyDictionary<string, StoredTensor> tensors, Part trainable, Part fresh, uint seed)
    {
        public IReadOnlyDictionary<string, StoredTensor> Tensors { get; } = tensors;

        public Part Trainable { get; } = trainable;

        public Part Fresh { get; } = fresh;

        public uint Seed { get; } = seed;

        public List<string> FreshPrefixes { get; } = [];

        public List<Parameter> Parameters { get; } = [];

        public HashSet<string> Used { get; } = new(StringComparer.Ordinal);
    }
}
