#!/usr/bin/env -S dotnet run
#:property PublishAot=false
#:property TreatWarningsAsErrors=true

// Measures ClipSeg, ONNX Runtime and Transformers.js side by side: the same work with the same weights on the same
// inputs, in turns. Needs Node.js; fetches the engines from npm's registry (470 MB, once).
//
//   dotnet run scripts/bench-peers.cs              about 20 minutes; nothing else should run
//   dotnet run scripts/bench-peers.cs --quick      half a minute, with a toy model: whether it works
//
// Run it in the repository's folder. --help explains the options: --threads, --rounds, --precisions, --output, ...

using System.Diagnostics;

const string Peers = "bench/peers", Engines = "bench/ClipSeg.Peers", Configuration = "Release";
string program = Path.Combine("runs", "peers", "clipseg-program");
if (!Directory.Exists(Peers))
{
    Console.Error.WriteLine($"bench-peers: there is no {Peers} here; run this in the repository's folder.");
    return 1;
}

bool windows = OperatingSystem.IsWindows();
string[] npm = windows ? ["cmd", "/c", "npm"] : ["npm"];
Run(Peers, [.. npm, "install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"]);
Run(".", "dotnet", "build", Engines, "-c", Configuration, "-v", "quiet");
Run(".", "dotnet", "publish", "src/ClipSeg.Cli", "-c", Configuration, "--use-current-runtime", "-o", program,
    "-v", "quiet");

return Run(".", [
    Executable(Path.Combine(Engines, "bin", Configuration, "net10.0", "ClipSeg.Peers")),
    "--clipseg", Executable(Path.Combine(program, "ClipSeg.Cli")), .. args,
]);

string Executable(string path) => Path.GetFullPath(windows ? path + ".exe" : path);

static int Run(string folder, params string[] command)
{
    Console.WriteLine($"> {string.Join(' ', command)}");
    using Process process =
        Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { WorkingDirectory = folder })!;
    process.WaitForExit();
    if (process.ExitCode != 0) Environment.Exit(process.ExitCode);
    return 0;
}
