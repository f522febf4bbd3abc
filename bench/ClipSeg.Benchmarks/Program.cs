using System.Globalization;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using ClipSeg.Benchmarks;
using ClipSeg.Peers;

// "formula FOLDER" writes a full-size checkpoint whose weights are a formula, for timing whole commands.
if (args is ["formula", string folder])
{
    FullSize.Write(folder);
    return 0;
}

// "precision MODEL ARTWORK [SCENES]" says what reduced precision does to the masks of a model of emoji.
if (args is ["precision", string model, string artwork, ..])
{
    int scenes = args.Length > 3 ? int.Parse(args[3], CultureInfo.InvariantCulture) : 500;
    PrecisionCheck.Run(model, artwork, scenes);
    return 0;
}

// "folder MODEL COUNT PRECISION PICTURE..." measures a folder through clipseg segment, beside the network alone.
if (args is ["folder", string network, string count, string precision, _, ..])
{
    FolderBenchmark.Run(network, int.Parse(count, CultureInfo.InvariantCulture), precision, args[4..]);
    return 0;
}

// "stages PHOTO [WIDTH]" says what a picture takes besides the network.
if (args is ["stages", string photo, ..])
{
    PictureStages.Run(photo, args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 1024);
    return 0;
}

// "load MODEL CLIPSEG.CLI.DLL [SECONDS [mixed]]" says what clipseg serve does under load; of it all, or the mixed one.
if (args is ["load", string served, string program, ..])
{
    int seconds = args.Length > 3 ? int.Parse(args[3], CultureInfo.InvariantCulture) : 60;
    await ServiceLoad.Run(served, program, seconds, mixedAlone: args is [.., "mixed"]);
    return 0;
}

// "jobs speed CLIPSEG.CLI.DLL" says what workers do on a RabbitMQ of their own, "jobs chaos CLIPSEG.CLI.DLL [PICTURES]"
// what is lost when everything fails.
if (args is ["jobs", "speed" or "chaos", string tool, ..])
{
    using JobsBenchmark jobs = new(tool);
    if (args[1] == "speed") jobs.Speed();
    else await jobs.Chaos(args.Length > 3 ? int.Parse(args[3], CultureInfo.InvariantCulture) : 2000);
    return 0;
}

// In this process, because a benchmark's setup takes seconds: it computes 150 million weights.
Job job = Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(3).WithIterationCount(15);
BenchmarkSwitcher.FromAssembly(typeof(SegmentBenchmarks).Assembly).Run(args, DefaultConfig.Instance.AddJob(job));
return 0;
