#!/usr/bin/env -S dotnet run
#:property PublishAot=false
#:property TreatWarningsAsErrors=true

// Makes the tables of docs/evaluation.md again, as RUNS/evaluation.md: the model in the box on every task on scenes,
// beside decoders on its CLIP that all had the same short training: CLIPSeg's, and the paper's two baselines,
// CLIP-Deconv and ViTSeg (whose vision tower is untrained: nothing on scenes has learned from labels alone).
//
//   dotnet run scripts/evaluate-emoji.cs -- [RUNS] [PROGRAM] [SCENES] [STEPS] [MODEL]
//
// RUNS is runs/evaluation by default; what is there is not done again, and a training or a measurement that was stopped
// goes on. PROGRAM is a published ClipSeg.Cli.dll, or - for a build of this repository. SCENES are 300 of each task,
// STEPS 400 of 16 samples at 96 pixels; MODEL is models/clipseg-emoji, and all read pictures at its size. The ablation
// is a command of its own:
//
//   clipseg ablate --recipe recipes/ablation.json --styles noto,twemoji --precision bf16 -o runs/ablation

using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

string runs = Argument(0, Path.Combine("runs", "evaluation")), program = Argument(1, "-");
string scenes = Argument(2, "300"), steps = Argument(3, "400");
string box = Argument(4, Path.Combine("models", "clipseg-emoji")), size = SizeOf(box);
Directory.CreateDirectory(runs);

(string Name, string Model, string[] Training)[] models =
[
    ("in the box", box, []),
    ("CLIPSeg", Path.Combine(runs, "clipseg", "last"), []),
    ("CLIP-Deconv", Path.Combine(runs, "clip-deconv", "last"), ["--decoder", "clip-deconv", "--layers", "4"]),
    ("ViTSeg", Path.Combine(runs, "vitseg", "last"), ["--vision", "untrained"]),
];
foreach ((_, string model, string[] training) in models[1..])
{
    string run = Path.GetDirectoryName(model)!;
    if (File.Exists(Path.Combine(run, "state.safetensors"))) Clipseg("train", "--resume", run);
    else
    {
        Clipseg([
            "train", "--scenes", "--model", box, "--recipe", "recipes/emoji.json", "--size", "96", "--batch", "16",
            "--steps", steps, "--interval", "100", "--validation-samples", "64", "--refined", "false",
            "--precision", "bf16", "-o", run, .. training,
        ]);
    }
}

StringBuilder page = new();
(string Task, string[] Options, (string Key, string Name)[] Figures)[] tasks =
[
    ("referring", [],
    [
        ("mean_iou", "mean IoU"), ("cumulative_iou", "cumulative IoU"), ("average_precision", "average precision"),
        ("target_accuracy", "something found where it is"), ("no_target_accuracy", "nothing found where it is not"),
    ]),
    ("one-shot", [], [("class_miou", "mIoU over classes"), ("fb_iou", "FB-IoU")]),
    ("prompts", [],
    [
        ("affordances_iou_fg", "affordances: the paper's IoU-FG"), ("affordances_ap", "AP"),
        ("attributes_iou_fg", "attributes: IoU-FG"), ("attributes_ap", "AP"),
        ("categories_iou_fg", "categories: IoU-FG"), ("categories_ap", "AP"),
    ]),
    ("classes", [],
    [
        ("miou", "mIoU, background and 12 classes"), ("miou_things", "without background"),
        ("boundary_miou", "boundary mIoU"), ("pixel_accuracy", "pixels of the right class"),
    ]),
    ("zero-shot", [],
        [("seen_miou", "mIoU of seen"), ("unseen_miou", "of unseen"), ("harmonic_miou", "harmonic mean")]),
    ("scenes", ["--validation-scenes", "100"],
    [
        ("text", "words: IoU"), ("text_held_out_names", "held-out names"),
        ("text_seen_names_beside", "seen names beside them"), ("picture", "a picture of the same"),
        ("blend_text", "words, where a picture shows it"), ("best_blend", "the best blend of both"),
        ("negatives_quiet", "absent things: 90 % left alone"),
    ]),
];
page.Append("| task | figure |").AppendJoin("", models.Select(model => $" {model.Name} |")).Append("\n| --- | --- |")
    .AppendJoin("", models.Select(_ => " ---: |")).Append('\n');
foreach ((string task, string[] options, (string Key, string Name)[] figures) in tasks)
{
    JsonElement[] results = [.. models.Select(model => Measure(task, model.Model, model.Name, options))];
    for (int i = 0; i < figures.Length; i++)
    {
        page.Append($"| {(i == 0 ? task : "")} | {figures[i].Name} |")
            .AppendJoin("", results.Select(result => $" {Text(result, figures[i].Key)} |")).Append('\n');
    }
}
page.Append("\n| engineering of pictures, x 100 | gain | the paper |\n| --- | ---: | ---: |\n");
JsonElement gains = Measure("visual-prompts", box, models[0].Name, []);
foreach (JsonProperty figure in gains.GetProperty("figures").EnumerateObject())
{
    string name = figure.Value.GetProperty("name").GetString()!;
    JsonElement published = gains.GetProperty("published")[0].GetProperty("scores");
    string theirs = published.TryGetProperty(figure.Name, out JsonElement score) ? Number(score) : "";
    page.Append($"| {name} | {Text(gains, figure.Name)} | {theirs} |\n");
}
string file = Path.Combine(runs, "evaluation.md");
File.WriteAllText(file, page.ToString());
Console.WriteLine($"The tables are in {file}.");
return 0;

string Argument(int index, string other) => args.Length > index ? args[index] : other;

static string SizeOf(string model)
{
    string file = Path.Combine(model, "preprocessor_config.json");
    using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(file));
    return config.RootElement.GetProperty("size").GetProperty("height").GetRawText();
}

JsonElement Measure(string task, string model, string name, string[] options)
{
    string json = Path.Combine(runs, $"{task}-{name.Replace(' ', '-').ToLowerInvariant()}.json");
    if (!File.Exists(json))
    {
        string[] resume = task == "scenes" ? [] : ["--resume", json + ".part"];
        Stopwatch clock = Stopwatch.StartNew();
        Clipseg([
            "evaluate", task, "--scenes", scenes, "--model", model, "--size", size, "--json", json, .. options,
            .. resume,
        ]);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{clock.Elapsed.TotalSeconds:0} s"));
    }
    using JsonDocument result = JsonDocument.Parse(File.ReadAllBytes(json));
    return result.RootElement.Clone();
}

static string Text(JsonElement result, string key)
{
    if (!result.GetProperty("figures").TryGetProperty(key, out JsonElement figure)) return "";
    string score = Number(figure, "score") ?? Number(figure, "value") ?? "none";
    return Number(figure, "low") is { } low ? $"{score} ({low} to {Number(figure, "high")})"
        : Number(figure, "spread") is { } spread ? $"{score} ± {spread}" : score;

    static string? Number(JsonElement figure, string name)
        => figure.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number
            ? value.GetDouble().ToString("0.000", CultureInfo.InvariantCulture) : null;
}

static string Number(JsonElement value) => value.GetDouble().ToString("0.0", CultureInfo.InvariantCulture);

void Clipseg(params string[] arguments)
{
    string[] all = [.. program == "-" ? (string[])["run", "-c", "Release", "--project", "src/ClipSeg.Cli", "--"]
        : [program], .. arguments];
    Console.WriteLine($"> dotnet {string.Join(' ', all)}");
    using Process process = Process.Start("dotnet", all);
    process.WaitForExit();
    if (process.ExitCode != 0) Environment.Exit(process.ExitCode);
}
