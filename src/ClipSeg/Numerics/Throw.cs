using System.Diagnostics.CodeAnalysis;

namespace ClipSeg.Numerics;

/// <summary>Argument errors of hot paths, kept out of line so that the callers stay small.</summary>
internal static class Throw
{
    [DoesNotReturn]
    public static void LengthMismatch(string operation, int got, int expected)
        => throw new ArgumentException($"{operation}: length is {got}, expected {expected}.");

    [DoesNotReturn]
    public static void ShapeMismatch(string operation, ReadOnlySpan<int> got, ReadOnlySpan<int> expected)
        => throw new ArgumentException(
            $"{operation}: shape is {Tensor.Format(got)}, expected {Tensor.Format(expected)}.");

    [DoesNotReturn]
    public static void Shape(string operation, ReadOnlySpan<int> got, string expected)
        => throw new ArgumentException($"{operation}: shape is {Tensor.Format(got)}, expected {expected}.");
}
