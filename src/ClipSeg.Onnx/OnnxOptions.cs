namespace ClipSeg.Onnx;

/// <summary>How ONNX Runtime runs an exported model.</summary>
public sealed record OnnxOptions
{
    /// <summary>What computes. All but processors need a package of their own; docs/onnx.md lists them.</summary>
    public OnnxProvider Provider { get; init; }

    /// <summary>Which of the provider's devices, from 0; for CUDA and DirectML.</summary>
    public int Device { get; init; }

    /// <summary>How many threads work on a picture, the caller's included. Null: ONNX Runtime's choice.</summary>
    public int? Threads { get; init; }

    /// <summary>
    /// The side, in pixels, that pictures are resized to: a multiple of the patch size. Null: the model's own.
    /// </summary>
    public int? Size { get; init; }
}

/// <summary>ONNX Runtime's execution providers that this knows how to ask for.</summary>
public enum OnnxProvider
{
    /// <summary>Processors; in each of its packages.</summary>
    Cpu,

    /// <summary>GPUs of Nvidia, on Linux and Windows: Microsoft.ML.OnnxRuntime.Gpu.</summary>
    Cuda,

    /// <summary>Any GPU on Windows: Microsoft.ML.OnnxRuntime.DirectML.</summary>
    DirectMl,

    /// <summary>Apple's devices: Microsoft.ML.OnnxRuntime on a Mac.</summary>
    CoreMl,
}
