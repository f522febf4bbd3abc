using ClipSeg.Checkpoints;
using ClipSeg.Cli;
using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Scenes;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;
using ClipSeg.Tests.Training.Data;
using ClipSeg.Training;
using ClipSeg.Training.Data;

namespace ClipSeg.Tests.Cli;

/// <summary>Four steps on a few pictures: enough for every file that a run writes.</summary>
public sealed class TrainCommandTests : IDisposable
{
    private readonly CliRun _cli = new();
    private readonly TemporaryFolder _pictures = new();

    public TrainCommandTests() => PictureFolder.Write(_pictures.Path, 10);

    public void Dispose()
    {
        _cli.Dispose();
        _pictures.Dispose();
    }

    [Fact]
    public void Train_writes_models_state_log_and_plot()
    {
        Assert.Equal(0, _cli.Run(Args("run")));
        Assert.Equal("", string.Join('\n', _cli.Errors.Split('\n').Where(l => !l.StartsWith("step "))));
        Assert.StartsWith($"{_cli.Folder.At("run")}: step 4 of 4, best score ", _cli.Output);
        Assert.EndsWith("(foreground IoU)\n", _cli.Output);
        Assert.Equal(["best", "last", "log.jsonl", "loss.png", "run.json", "state.safetensors"], Entries("run"));
        Assert.Equal([2, 4], new TrainingFolder(_cli.Folder.At("run")).ReadLog().Select(line => line.Step));
        Assert.True(Image.Load(_cli.Folder.At("run", "loss.png")).Width > 100);
        foreach (string model in (string[])["best", "last"])
        {
            using Segmenter segmenter = Segmenter.Load(_cli.Folder.At("run", model));
            Assert.Equal((16, 48), (segmenter.Model.Config.ReduceWidth, segmenter.Preprocessing.Width));
        }
    }

    [Fact]
    public void A_stopped_run_is_resumed_and_ends_as_if_it_had_not_been()
    {
        using CancellationTokenSource stop = new();
        using StoppingWriter errors = new("step 2/4", stop);
        int code = CommandLine.Run(Args("stopped"), new(TextWriter.Null, errors, _ => null, stop.Token));
        Assert.Equal(CommandLine.Stopped, code);
        Assert.Equal(2, new TrainingFolder(_cli.Folder.At("stopped")).ReadLog()[^1].Step);

        _cli.AssertFailed(1, _cli.Run(Args("stopped")), "is not empty. Go on with its run with --resume");
        Assert.Equal(0, _cli.Run("train", "--resume", _cli.Folder.At("stopped")));
        Assert.StartsWith($"{_cli.Folder.At("stopped")}: step 4 of 4", _cli.Output);
        Assert.Equal(0, _cli.Run(Args("whole")));
        Assert.Equal(
            File.ReadAllBytes(_cli.Folder.At("whole", "last", "model.safetensors")),
            File.ReadAllBytes(_cli.Folder.At("stopped", "last", "model.safetensors")));
    }

    [Fact]
    public void A_run_is_resumed_by_its_folder_alone_and_says_what_differs()
    {
        string run = _cli.Folder.At("run");
        Assert.Equal(0, _cli.Run(Args("run", "--go-on")));
        RunRecord record = new TrainingFolder(run).ReadRecord();
        Assert.Equal(Path.GetFullPath(CliRun.Mini), record.Options["model"]);
        Assert.Equal(("train", "true", _pictures.Path),
            (record.Command, record.Options["go-on"], record.Options["data"]));
        Assert.Equal(("48", "0.001", "4"), (record.Recipe["size"], record.Recipe["rate"], record.Recipe["steps"]));
        Assert.Equal(RecipeKeys.Train.Select(key => key.Name).Order(), record.Recipe.Keys.Order());

        _cli.AssertFailed(2, Resume("--rate", "0.5"), $"rate is 0.5, but the run in '{run}' was started with 0.001:");
        _cli.AssertFailed(2, Resume("--precision", "bf16"), $"--precision is bf16, but the run in '{run}' was started");
        string recipe = _cli.Folder.At("recipe.json");
        File.WriteAllText(recipe, """{"steps": 8, "negatives": 0.5}""");
        _cli.AssertFailed(2, Resume("--recipe", recipe), "negatives is 0.5, but the run");
        _cli.AssertFailed(1, _cli.Run("train", "--resume", _cli.Folder.At("none")), "none' holds no run");
        _cli.AssertFailed(2, Resume("-o", _cli.Folder.At("other")), "leave -o out");
        _cli.AssertFailed(2, _cli.Run("train", "--data", _pictures.Path), "Name the run's folder with -o");

        // More steps, and pictures that have moved since.
        string moved = _cli.Folder.At("moved");
        Directory.Move(_pictures.Path, moved);
        Assert.Equal(0, Resume("--steps", "6", "--rate", "0.001", "--data", moved));
        Assert.StartsWith($"{run}: step 6 of 6", _cli.Output);
        record = new TrainingFolder(run).ReadRecord();
        Assert.Equal((moved, "6"), (record.Options["data"], record.Recipe["steps"]));
        Directory.CreateDirectory(_pictures.Path);

        int Resume(params string[] options) => _cli.Run(["train", "--resume", run, .. options]);
    }

    [Fact]
    public void A_run_that_was_killed_before_it_saved_anything_starts_again()
    {
        Assert.Equal(0, _cli.Run(Args("run")));
        File.Delete(_cli.Folder.At("run", "state.safetensors"));
        Assert.Equal(0, _cli.Run("train", "--resume", _cli.Folder.At("run")));
        Assert.Equal([2, 4], new TrainingFolder(_cli.Folder.At("run")).ReadLog().Select(line => line.Step));
    }

    [Fact]
    public void Pictures_are_trained_at_the_size_that_the_model_reads_unless_another_is_named()
    {
        string[] args = [.. Args("run").Where(arg => arg != "--size" && arg != "48")];
        Assert.Equal(0, _cli.Run(args));
        using Segmenter before = Segmenter.Load(CliRun.Mini), after = Segmenter.Load(_cli.Folder.At("run", "last"));
        Assert.Equal(before.Preprocessing.Width, after.Preprocessing.Width);
    }

    [Fact]
    public void A_folder_may_be_called_scenes_and_options_of_scenes_are_not_taken_for_nothing()
    {
        string scenes = _cli.Folder.At("scenes");
        Directory.CreateDirectory(scenes);
        PictureFolder.Write(scenes, 10);
        Assert.Equal(0, _cli.Run(Args("run", "--data", scenes)));
        _cli.AssertFailed(2, _cli.Run(Args("run2", "--photos", scenes)), "--photos goes with --scenes only.");
        _cli.AssertFailed(2, _cli.Run([.. Args("run3"), "--scenes"]), "one of --data DIR and --scenes");
        _cli.AssertFailed(1, _cli.Run(Args("run4", "--data", _cli.Folder.At("nowhere"))), "There is no data set at");
    }

    [Fact]
    public void Black_masks_are_no_score_and_no_list_of_them_is_trained_on()
    {
        for (int i = 1; i < 10; i++) new Mask(48, 48).Save(_pictures.At($"mask{i}.png"));
        Assert.Equal(0, _cli.Run(Args("run", "--negatives", "0")));
        Assert.Contains("no score yet", _cli.Errors);
        Assert.EndsWith("best score none yet\n", _cli.Output);
        Assert.All(new TrainingFolder(_cli.Folder.At("run")).ReadLog(), line => Assert.Null(line.Score));

        new Mask(48, 48).Save(_pictures.At("mask0.png"));
        int code = _cli.Run(Args("run2"));
        _cli.AssertFailed(1, code, "phrases.csv, line 2: the mask 'mask0.png' is black everywhere, and so is");
    }

    [Fact]
    public void A_weight_that_is_no_number_ends_the_run_with_one_line()
    {
        string model = _cli.Folder.At("nan");
        using (Checkpoint mini = Checkpoint.Open(CliRun.Mini))
        {
            Directory.CreateDirectory(model);
            foreach (string file in Directory.GetFiles(CliRun.Mini))
                File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
            SafeTensorsWriter.Write(Path.Combine(model, "model.safetensors"), [.. mini.Tensors.Select(t =>
            {
                Tensor value = t.Value.ToTensor();
                if (t.Key == "decoder.film_add.bias") value.Data[3] = float.NaN;
                return StoredTensor.Of(t.Key, value);
            })], new Dictionary<string, string>());
        }
        int code = _cli.Run(Args("run", "--model", model, "--go-on"));
        Assert.Equal(1, code);
        Assert.Contains("decoder.film_add.bias", _cli.Errors);
        Assert.Single(_cli.Errors.Split('\n'), line => line.StartsWith("clipseg: "));
    }

    [Fact]
    public void Train_starts_from_the_model_s_own_decoder_if_it_shall_go_on()
    {
        Assert.Equal(0, _cli.Run(Args("run", "--go-on", "--rate", "0", "--lowest-rate", "0")));
        using Checkpoint before = Checkpoint.Open(CliRun.Mini), after = Checkpoint.Open(_cli.Folder.At("run", "last"));
        Assert.All(before.Tensors, t => Assert.Equal(t.Value.ToTensor().Data, after.Tensors[t.Key].ToTensor().Data));
    }

    [Fact]
    public void Train_trains_the_baseline_and_keeps_activations()
    {
        string cache = _cli.Folder.At("cache");
        string[] options = ["--decoder", "clip-deconv", "--layers", "3", "--activation-cache", cache];
        Assert.Equal(0, _cli.Run(Args("run", options)));
        Assert.Equal(["train.activations", "validation.activations"], Entries("cache"));
        using (Checkpoint model = Checkpoint.Open(_cli.Folder.At("run", "best")))
            Assert.Equal(DecoderType.ClipDeconv, model.Config.DecoderType);
        Assert.Equal(0, _cli.Run("show", _cli.Folder.At("run", "best")));
        Assert.Contains("CLIP-Deconv, 16 wide, reads vision blocks 3", _cli.Output);

        int code = _cli.Run(Args("other", "--activation-cache", cache));
        _cli.AssertFailed(1, code, "train.activations' was made for other layers");
        code = _cli.Run(Args("cropped", "--crop", "true", "--activation-cache", cache));
        _cli.AssertFailed(2, code, "needs crop false");
    }

    [Fact]
    public void Train_trains_a_decoder_on_a_tower_of_pictures_alone_and_the_others_measure_it()
    {
        string tower = _cli.Folder.At("vit.safetensors");
        ImageTowerTests.WriteTimm(tower, layers: 4, width: 64, patch: 16, grid: 3);
        Assert.Equal(0, _cli.Run(Args("vit", "--vision", tower, "--layers", "1,3", "--visual-prompt", "none")));
        string best = _cli.Folder.At("vit", "best");
        Assert.Equal(0, _cli.Run("show", best));
        Assert.Contains("no CLIP's, of pictures alone, 4 blocks 64 wide", _cli.Output);
        Assert.Equal(0, _cli.Run("evaluate", "folder", "--data", _pictures.Path, "--model", best));
        Assert.Equal(0, _cli.Run("train", "--resume", _cli.Folder.At("vit"), "--steps", "6"));

        Assert.Equal(0, _cli.Run(Args("fresh", "--vision", "untrained")));
        using (Checkpoint fresh = Checkpoint.Open(_cli.Folder.At("fresh", "last")), mini = Checkpoint.Open(CliRun.Mini))
        {
            const string Text = "clip.text_projection.weight", Vision = "clip.visual_projection.weight";
            Assert.Equal(mini.Tensors[Text].ToTensor().Data, fresh.Tensors[Text].ToTensor().Data);
            Assert.NotEqual(mini.Tensors[Vision].ToTensor().Data[0], fresh.Tensors[Vision].ToTensor().Data[0]);
        }
        _cli.AssertFailed(2, _cli.Run(Args("no", "--vision", tower, "--go-on")), "leave --vision out");
        _cli.AssertFailed(1, _cli.Run(Args("clip", "--vision", Path.Combine(CliRun.Mini, "model.safetensors"))),
            "is no vision transformer");
    }

    [Fact]
    public void Words_are_removed_from_phrasecut_and_from_nothing_else()
    {
        using TemporaryFolder phraseCut = new();
        SceneGenerator generator = new(TestArtwork.Catalogue, new() { Size = 48 });
        SceneFiles.WritePhraseCut(phraseCut.Path, generator, seed: 3, (Train: 12, Val: 6, Test: 2), phrasesPerScene: 3);
        PhraseCut data = new(phraseCut.Path, "train_val");
        string[] words = [.. data.Phrases.SelectMany(phrase => phrase.Split(' ')).Distinct()];
        string some = WordFile("some", [words[0]]), all = WordFile("all", words);

        Assert.Equal(0, Run("run", some));
        _cli.AssertFailed(1, Run("run2", all), "passes the filter");
        _cli.AssertFailed(1, Run("run3", "missing"), "'missing'");
        _cli.AssertFailed(2, _cli.Run(Args("run4", "--remove-words", some)), "Words are removed from PhraseCut, and");

        int Run(string run, string list) => _cli.Run(Args(run, "--data", phraseCut.Path, "--remove-words", list));
    }

    [Theory]
    [InlineData("steps is 'many', expected a whole number in 1..", "--steps", "many")]
    [InlineData("negatives is '2', expected a number in 0..1.", "--negatives", "2")]
    [InlineData("templates is 'x', expected one of plain, fixed, shuffle, shuffle+.", "--templates", "x")]
    [InlineData("visual-prompt is 'x', expected one of", "--visual-prompt", "x")]
    [InlineData("decoder is 'x', expected one of clipseg, clip-deconv.", "--decoder", "x")]
    [InlineData("layers is '1,x', expected numbers", "--layers", "1,x")]
    [InlineData("does not fit the model: config.json: 'extract_layers' is [9]", "--layers", "9")]
    [InlineData("expected one block, for CLIP-Deconv", "--decoder", "clip-deconv")]
    [InlineData("'decoder: width' is 18, expected a multiple of its 4", "--width", "18")]
    [InlineData("Size 50 is not a multiple of the model's patch size 8", "--size", "50")]
    [InlineData("mix-min is 1, expected at most mix-max, 0.5.", "--mix-min", "1")]
    public void A_value_that_cannot_be_is_refused(string expected, params string[] options)
        => _cli.AssertFailed(2, _cli.Run(Args("run", options)), expected);

    [Theory]
    [InlineData("""{"steps": 0}""", "steps is '0'")]
    [InlineData("""{"step": 1}""", "there is no 'step'; a recipe knows batch, steps,")]
    [InlineData("[]", "expected a JSON object")]
    [InlineData("{\n\"steps\" 1}", "line 2: this is not JSON")]
    [InlineData(null, "There is no recipe")]
    public void A_recipe_file_that_cannot_be_is_named(string? json, string expected)
    {
        string path = _cli.Folder.At("recipe.json");
        if (json is not null) File.WriteAllText(path, json);
        _cli.AssertFailed(2, _cli.Run(Args("run", "--recipe", path)), expected);
        Assert.Contains($"'{path}'", _cli.Errors);
    }

    [Theory]
    [InlineData("image,mask,phrase\npicture0.png,mask0.png,a\nmissing.png,mask1.png,b\n",
        "line 3: there is no file 'missing.png'")]
    [InlineData("image,mask,phrase\npicture0.png,mask0.png\n", "line 2: 2 values, the header has 3")]
    [InlineData("image,mask,phrase\n../picture0.png,mask0.png,a\n", "line 2: the path '../picture0.png' leaves")]
    [InlineData("picture,mask,text\n", "line 1: the header is 'picture,mask,text', expected image,mask,phrase")]
    [InlineData("image,mask,phrase\n", "phrases.csv names no picture")]
    [InlineData("image,mask,phrase\npicture0.png,mask0.png,a\n", "One picture is too few")]
    public void A_list_that_cannot_be_is_named_with_its_line(string csv, string expected)
    {
        File.WriteAllText(_pictures.At("phrases.csv"), csv);
        _cli.AssertFailed(1, _cli.Run(Args("run")), expected);
    }

    [Fact]
    public void A_folder_without_a_list_is_named()
    {
        File.Delete(_pictures.At("phrases.csv"));
        _cli.AssertFailed(1, _cli.Run(Args("run")), "is no data set that is known: expected image_data_split.json");
    }

    [Fact]
    public void A_picture_that_cannot_be_read_and_a_mask_that_does_not_fit_are_reported_once_and_skipped()
    {
        File.WriteAllText(_pictures.At("picture0.png"), "no picture");
        new Mask(3, 3).Save(_pictures.At("mask1.png"));
        Assert.Equal(0, _cli.Run(Args("run", "--shuffle", "false", "--steps", "8")));
        string[] skipped = [.. _cli.Errors.Split('\n').Where(line => line.StartsWith("clipseg: "))];
        Assert.Equal(2, skipped.Length);
        Assert.Single(skipped, line => line.StartsWith($"clipseg: Skipped: {_pictures.At("phrases.csv")}, line 2: "));
        Assert.Single(
            skipped, line => line.Contains("phrases.csv, line 3: the mask is 3x3, the picture 48x48"));
    }

    [Fact]
    public void A_folder_in_which_no_picture_can_be_read_ends_the_run()
    {
        for (int i = 0; i < 10; i++) File.WriteAllText(_pictures.At($"picture{i}.png"), "no picture");
        Assert.Equal(1, _cli.Run(Args("run")));
        Assert.Matches("clipseg: [^ ]*phrases.csv, line [0-9]+: [^\n]+\n$", _cli.Errors);
    }

    [Fact]
    public void Training_on_scenes_without_artwork_says_how_to_get_it()
    {
        string config = Path.Combine(CliRun.Mini, "config.json"), missing = _cli.Folder.At("missing");
        string[] pretrain = ["pretrain", "--config", config, "-o", _cli.Folder.At("clip"), "--artwork", missing];
        _cli.AssertFailed(1, _cli.Run(pretrain), $"no artwork in '{missing}'. Fetch it with: dotnet run scripts/get");
        string[] train =
            [.. Args("run", "--artwork", missing).Where(a => a != "--data" && a != _pictures.Path), "--scenes"];
        _cli.AssertFailed(1, _cli.Run(train), "dotnet run scripts/get-data.cs");
    }

    private string[] Args(string run, params string[] options)
    {
        string[] args =
        [
            "--data", _pictures.Path, "--model", CliRun.Mini, "--size", "48", "--crop", "false", "--steps", "4",
            "--batch", "2", "--interval", "2", "--validation-samples", "2", "--width", "16", "--part", "2",
        ];
        HashSet<string> given = [.. options];
        return ["train", .. args.Chunk(2).Where(pair => !given.Contains(pair[0])).SelectMany(pair => pair), .. options,
            "--out", _cli.Folder.At(run)];
    }

    private string WordFile(string name, string[] words)
    {
        File.WriteAllLines(_cli.Folder.At(name), words);
        return _cli.Folder.At(name);
    }

    private string[] Entries(string folder) => [.. Directory.GetFileSystemEntries(_cli.Folder.At(folder))
        .Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
