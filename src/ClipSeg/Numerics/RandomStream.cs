namespace ClipSeg.Numerics;

/// <summary>
/// SplitMix64: small, fast, and the same numbers on every platform and in every release, unlike System.Random.
/// </summary>
/// <remarks>Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.</remarks>
internal struct RandomStream
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong _state;

    /// <summary>The stream of a use, a seed and an index; neighbours have nothing in common.</summary>
    public RandomStream(RandomUse use, int seed, long index)
        => _state = Mix(Mix(Mix((ulong)use + Step) ^ (uint)seed) ^ (ulong)index);

    /// <summary>The stream of a use, a seed and a name.</summary>
    public RandomStream(RandomUse use, int seed, string name) : this(use, seed, (long)Hash(name)) { }

    public ulong NextBits() => Mix(_state += Step);

    /// <summary>Uniform in 0 .. <paramref name="count"/> - 1.</summary>
    public int Next(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return (int)((NextBits() >> 32) * (ulong)count >> 32);
    }

    /// <summary>Uniform in [0, 1).</summary>
    public float NextFloat() => (NextBits() >> 40) * (1f / (1 << 24));

    /// <summary>Uniform in [0, 1), in steps of 2⁻⁵³.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1L << 53));

    /// <summary>Uniform between the two.</summary>
    public float Between(float low, float high) => low + (high - low) * NextFloat();

    /// <summary>True with this probability.</summary>
    public bool Chance(float probability) => NextFloat() < probability;

    public T Pick<T>(ReadOnlySpan<T> choices) => choices[Next(choices.Length)];

    // FNV-1a: string.GetHashCode differs from run to run.
    private static ulong Hash(string text)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (char c in text) hash = (hash ^ c) * 0x100000001B3;
        return hash;
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
