namespace ClipSeg.Numerics;

/// <summary>What the matrix products with weights multiply. Sums, and everything else, stay in 32 bits.</summary>
public enum Precision
{
    Float32,

    /// <summary>Both sides rounded to 8 bits of mantissa, products summed in float32.</summary>
    BFloat16,

    /// <summary>
    /// Weights with one scale per output, inputs with one scale per row, measured as they come; products summed as
    /// integers.
    /// </summary>
    Int8,
}
