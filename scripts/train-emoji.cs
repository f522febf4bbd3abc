#!/usr/bin/env -S dotnet run
#:property PublishAot=false
#:property TreatWarningsAsErrors=true

// Makes a model of emoji from nothing: draws the artwork, trains CLIP on captions, at 128 pixels and then a while at
// 224, trains the decoder on scenes, moves its bias so that 0.5 is the best threshold, and measures the result.
//
//   dotnet run scripts/train-emoji.cs -- [RUNS] [PROGRAM]
//
// RUNS (by default runs/) holds a folder for each stage; another call goes on where the last one stopped, in the
// middle of a stage, too. PROGRAM is a published ClipSeg.Cli.dll, for runs of many hours that builds shall not disturb:
//
//   dotnet publish src/ClipSeg.Cli -c Release -o runs/bin
//   nice -n 19 dotnet run scripts/train-emoji.cs -- runs runs/bin/ClipSeg.Cli.dll

using System.Diagnostics;

string runs = args.Length > 0 ? args[0] : "runs";
string? program = args.Length > 1 ? args[1] : null;
string small = Path.Combine(runs, "emoji-clip"), large = Path.Combine(runs, "emoji-clip-224");
string decoder = Path.Combine(runs, "emoji"), half = Path.Combine(runs, "emoji-float16");
string model = Path.Combine(runs, "clipseg-emoji");

Run("dotnet", "run", "scripts/get-data.cs");
Clipseg([
    "pretrain", "--config", "recipes/emoji-clip.config.json", "--recipe", "recipes/emoji-clip.json", "-o", small,
    "--precision", "bf16", .. Resume(small),
]);
Clipseg([
    "pretrain", "--from", Path.Combine(small, "last"), "--size", "224", "--recipe", "recipes/emoji-larger-clip.json",
    "-o", large, "--precision", "bf16", .. Resume(large),
]);
Clipseg([
    "train", "--scenes", "--model", Path.Combine(large, "last"), "--recipe", "recipes/emoji.json",
    "-o", decoder, "--precision", "bf16", .. Resume(decoder),
]);
foreach (string made in (string[])[half, model])
    if (Directory.Exists(made)) Directory.Delete(made, recursive: true);
Clipseg(["convert", Path.Combine(decoder, "best"), half, "--type", "float16", "--size", "320"]);
Clipseg(["evaluate", "scenes", "--model", half, "--scene-size", "352", "--calibrate", model]);
Clipseg([
    "evaluate", "scenes", "--model", model, "--scene-size", "352", "--json", Path.Combine(runs, "scenes.json"),
    "--sheet", Path.Combine(runs, "sheet.png"), "--blend-plot", Path.Combine(runs, "blend.png"),
]);
Clipseg([
    "evaluate", "scenes", "--model", model, "--scene-size", "352", "--styles", "fxemoji",
    "--json", Path.Combine(runs, "unseen-style.json"),
]);
Console.WriteLine($"The model is in {model}.");
return 0;

static string[] Resume(string run) => File.Exists(Path.Combine(run, "state.safetensors")) ? ["--resume"] : [];

void Clipseg(string[] arguments)
    => Run("dotnet", [.. program is null ? (string[])["run", "-c", "Release", "--project", "src/ClipSeg.Cli", "--"]
        : [program], .. arguments]);

static void Run(string program, params string[] arguments)
{
    Console.WriteLine($"> {program} {string.Join(' ', arguments)}");
    using Process process = Process.Start(program, arguments);
    process.WaitForExit();
    if (process.ExitCode != 0) Environment.Exit(process.ExitCode);
}
