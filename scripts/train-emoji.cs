#!/usr/bin/env -S dotnet run
#:property PublishAot=false
#:property TreatWarningsAsErrors=true

// Makes a model of emoji from nothing: fetches the artwork, trains CLIP on captions, trains
// the decoder on scenes, writes the result in half precision and measures it.
//
//   dotnet run scripts/train-emoji.cs [RUNS]
//
// RUNS (by default runs/) holds the two runs; a second call goes on where the first one stopped.

using System.Diagnostics;

string runs = args.Length > 0 ? args[0] : "runs";
string clip = Path.Combine(runs, "emoji-clip"), decoder = Path.Combine(runs, "emoji");
string model = Path.Combine(runs, "clipseg-emoji");

Run("dotnet", "run", "scripts/get-data.cs");
Clipseg([
    "pretrain", "--config", "recipes/emoji-clip.config.json", "--recipe", "recipes/emoji-clip.json", "-o", clip,
    "--precision", "bf16", .. Resume(clip),
]);
Clipseg([
    "train", "--data", "scenes", "--model", Path.Combine(clip, "last"), "--recipe", "recipes/emoji.json", "-o", decoder,
    "--precision", "bf16", .. Resume(decoder),
]);
if (Directory.Exists(model)) Directory.Delete(model, recursive: true);
Clipseg(["convert", Path.Combine(decoder, "best"), model, "--type", "float16", "--size", "192"]);
Clipseg([
    "evaluate", "scenes", "--model", model, "--json", Path.Combine(runs, "scenes.json"),
    "--sheet", Path.Combine(runs, "sheet.png"), "--blend-plot", Path.Combine(runs, "blend.png"),
]);
Console.WriteLine($"The model is in {model}.");
return 0;

static string[] Resume(string run) => File.Exists(Path.Combine(run, "state.safetensors")) ? ["--resume"] : [];

static void Clipseg(string[] arguments)
    => Run("dotnet", ["run", "-c", "Release", "--project", "src/ClipSeg.Cli", "--", .. arguments]);

static void Run(string program, params string[] arguments)
{
    Console.WriteLine($"> {program} {string.Join(' ', arguments)}");
    using Process process = Process.Start(program, arguments);
    process.WaitForExit();
    if (process.ExitCode != 0) Environment.Exit(process.ExitCode);
}
