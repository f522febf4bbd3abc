#!/usr/bin/env -S dotnet run
#:property PublishAot=false
#:property TreatWarningsAsErrors=true

// Measures ClipSeg, ONNX Runtime, Transformers.js and PyTorch side by side: the same work with the same weights on the
// same inputs, in turns. ONNX Runtime comes from NuGet. Needs Node.js and fetches Transformers.js from npm's registry,
// once. PyTorch is measured where Python 3 has it (Debian: python3-torch, python3-pil, libopenblas0).
//
//   dotnet run scripts/bench-peers.cs              about 20 minutes; nothing else should run
//   dotnet run scripts/bench-peers.cs --quick      half a minute, with a toy model: whether it works
//
// Run it in the repository's folder. --help explains the options: --threads, --rounds, --precisions, --output, ...

using System.Diagnostics;

const string Peers = "bench/peers";
if (!Directory.Exists(Peers))
{
    Console.Error.WriteLine($"bench-peers: there is no {Peers} here; run this in the repository's folder.");
    return 1;
}

bool windows = OperatingSystem.IsWindows();
string[] npm = windows ? ["cmd", "/c", "npm"] : ["npm"];
Run(Peers, [.. npm, "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"]);
string engines = Publish("bench/ClipSeg.Peers"), clipseg = Publish("src/ClipSeg.Cli");
return Run(".", [engines, "--clipseg", clipseg, .. args]);

string Publish(string project)
{
    string name = Path.GetFileName(project), folder = Path.Combine("runs", "peers", "programs", name);
    Run(".", "dotnet", "publish", project, "-c", "Release", "--use-current-runtime", "-o", folder, "-v", "quiet");
    return Path.GetFullPath(Path.Combine(folder, windows ? name + ".exe" : name));
}

static int Run(string folder, params string[] command)
{
    Console.WriteLine($"> {string.Join(' ', command)}");
    using Process process =
        Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { WorkingDirectory = folder })!;
    process.WaitForExit();
    if (process.ExitCode != 0) Environment.Exit(process.ExitCode);
    return 0;
}
