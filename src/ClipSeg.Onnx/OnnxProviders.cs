using Microsoft.ML.OnnxRuntime;

namespace ClipSeg.Onnx;

/// <summary>What the native library of ONNX Runtime can do here, and what to add where it cannot.</summary>
internal static class OnnxProviders
{
    private const string Package = "Microsoft.ML.OnnxRuntime";

    /// <summary>What a session is opened with.</summary>
    /// <exception cref="DllNotFoundException">There is no native library.</exception>
    /// <exception cref="ArgumentException">The native library has no such provider, or it does not start.</exception>
    public static SessionOptions Open(OnnxOptions options)
    {
        string[] available;
        try
        {
            available = OrtEnv.Instance().GetAvailableProviders();
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException)
        {
            throw new DllNotFoundException("The native library of ONNX Runtime is not there, or too old: "
                + $"add the package {PackageOf(options.Provider)} to the program.", e);
        }

        SessionOptions session = new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        try
        {
            if (options.Threads is { } threads) session.IntraOpNumThreads = threads;
            if (options.Provider != OnnxProvider.Cpu) Append(session, options, available);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private static void Append(SessionOptions session, OnnxOptions options, string[] available)
    {
        string name = options.Provider switch
        {
            OnnxProvider.Cuda => "CUDAExecutionProvider",
            OnnxProvider.DirectMl => "DmlExecutionProvider",
            OnnxProvider.CoreMl => "CoreMLExecutionProvider",
            _ => throw new ArgumentException($"There is no provider {options.Provider}."),
        };
        if (!available.Contains(name))
        {
            throw new ArgumentException($"This ONNX Runtime has {string.Join(", ", available)}, not {name}: "
                + $"add the package {PackageOf(options.Provider)} to the program.");
        }
        try
        {
            switch (options.Provider)
            {
                case OnnxProvider.Cuda:
                    session.AppendExecutionProvider_CUDA(options.Device);
                    break;
                case OnnxProvider.DirectMl:
                    session.EnableMemoryPattern = false;            // which it does not have
                    session.AppendExecutionProvider_DML(options.Device);
                    break;
                default:
                    session.AppendExecutionProvider_CoreML();
                    break;
            }
        }
        catch (OnnxRuntimeException e)
        {
            throw new ArgumentException($"{name} does not start on device {options.Device}: {e.Message}", e);
        }
    }

    private static string PackageOf(OnnxProvider provider) => provider switch
    {
        OnnxProvider.Cuda => $"{Package}.Gpu",
        OnnxProvider.DirectMl => $"{Package}.DirectML",
        _ => Package,
    };
}
