namespace ClipSeg.Numerics;

/// <summary>What a <see cref="Precision"/> is called on the command line, in jobs, over HTTP, and in results.</summary>
internal static class PrecisionNames
{
    /// <summary>All, from the most exact to the fastest.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Enum.GetValues<Precision>().Select(Of)];

    /// <summary>The name of a precision.</summary>
    public static string Of(Precision precision) => precision switch
    {
        Precision.BFloat16 => "bf16",
        Precision.Int8 => "int8",
        _ => "f32",
    };

    /// <summary>The precision of one of these names.</summary>
    /// <exception cref="ArgumentException">It is none of them.</exception>
    public static Precision Parse(string name)
        => Enum.GetValues<Precision>().Where(precision => Of(precision) == name).ToArray() is [Precision one] ? one
            : throw new ArgumentException($"Precision is '{name}', expected one of {string.Join(", ", All)}.");
}
