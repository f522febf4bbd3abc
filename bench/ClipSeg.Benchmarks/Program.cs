using BenchmarkDotNet.Running;
using ClipSeg.Benchmarks;

// "formula FILE" writes a full-size checkpoint whose weights are a formula, for timing whole commands.
if (args is ["formula", string folder])
{
    FullSize.Write(folder);
    return;
}
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
