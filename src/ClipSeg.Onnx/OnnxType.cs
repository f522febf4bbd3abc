namespace ClipSeg.Onnx;

/// <summary>How the weights of an ONNX model are stored. What goes in and out is float32 with all of them.</summary>
public enum OnnxType
{
    Float32,

    /// <summary>Weights are float16 in the file; ONNX Runtime makes float32 of them when it opens it.</summary>
    Float16,

    /// <summary>
    /// The matrices of CLIP and its table of tokens are int8 with a scale per output, and products are of integers.
    /// </summary>
    Int8,
}
