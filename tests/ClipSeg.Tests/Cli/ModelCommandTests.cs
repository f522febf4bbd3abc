using System.Security.Cryptography;
using ClipSeg.Checkpoints;
using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Numerics;
using ClipSeg.Tests.Checkpoints;

namespace ClipSeg.Tests.Cli;

/// <summary>show, convert, pull, list and rm.</summary>
public sealed class ModelCommandTests : IDisposable
{
    private readonly CliRun _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public void Show_breaks_no_path()
    {
        string deep = Directory.CreateDirectory(_cli.Folder.At(new string('a', 90), new string('b', 90))).FullName;
        foreach (string file in Directory.GetFiles(CliRun.Mini))
            File.Copy(file, Path.Combine(deep, Path.GetFileName(file)));
        Assert.Equal(0, _cli.Run("show", deep));
        Assert.Contains(_cli.Output.Split('\n'), line => line.EndsWith(deep));
    }

    [Fact]
    public void Show_says_what_a_model_is()
    {
        Assert.Equal(0, _cli.Run("show", Fixtures.At("model", "mini-refined")));
        foreach (string part in (string[])["Hugging Face folder (safetensors)", "float16", "5 blocks 64 wide, 4 heads",
            "patches of 8 px", "3 blocks 48 wide", "reads vision blocks 1, 2, 4", "refined", "48 x 48, bilinear",
            "mean 0.485/0.456/0.406", "325,354"])
            Assert.Contains(part, _cli.Output);
        Assert.Empty(_cli.Errors);
    }

    [Fact]
    public void Show_prints_the_name_of_the_licence_and_not_its_text()
    {
        string model = CopyMini();
        File.WriteAllText(Path.Combine(model, "LICENSE"), "\n  MIT License\n\nYou may use it\n");
        Assert.Equal(0, _cli.Run("show", model));
        Assert.Matches("licence +mit\\s", _cli.Output);
        Assert.DoesNotContain("You may", _cli.Output);

        File.WriteAllText(Path.Combine(model, "README.md"), "---\nlicense: apache-2.0\n---\n# A model\n");
        Assert.Equal(0, _cli.Run("show", model));
        Assert.Matches("licence +apache-2.0\\s", _cli.Output);

        File.WriteAllText(Path.Combine(model, "README.md"),
            "---\nlicense: other\nlicense_name: \"mine\u001b[31m\"\n---\n");
        Assert.Equal(0, _cli.Run("show", model));
        Assert.Matches("licence +mine\\?", _cli.Output);
    }

    [Fact]
    public void Convert_writes_a_folder_that_gives_the_same_masks()
    {
        string model = CopyMini(), converted = _cli.Folder.At("converted");
        File.WriteAllText(Path.Combine(model, "LICENSE"), "You may use it.");

        Assert.Equal(0, _cli.Run("convert", model, converted));

        Assert.Equal(["LICENSE", "config.json", "merges.txt", "model.safetensors", "preprocessor_config.json",
            "tokenizer_config.json", "vocab.json"],
            Directory.GetFiles(converted).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        Assert.Equal(Logits(model).Data, Logits(converted).Data);
        using SafeTensorsFile file = SafeTensorsFile.Open(Path.Combine(converted, "model.safetensors"));
        Assert.Equal("pt", file.Metadata["format"]);
    }

    [Fact]
    public void Convert_halves_a_model()
    {
        string converted = _cli.Folder.At("half");
        Assert.Equal(0, _cli.Run("convert", CliRun.Mini, converted, "--type", "float16"));
        Assert.InRange(new FileInfo(Path.Combine(converted, "model.safetensors")).Length, 600_000, 700_000);
        Close.All(Logits(CliRun.Mini), Logits(converted), 0.02f);
    }

    [Fact]
    public void Convert_brings_the_authors_layout_under_hugging_faces_names()
    {
        OfficialLayout.Write(_cli.Folder.At("model.pth"), CliRun.Mini);
        foreach (string file in (string[])["vocab.json", "merges.txt", "tokenizer_config.json"])
            File.Copy(Path.Combine(CliRun.Mini, file), _cli.Folder.At(file));
        string converted = _cli.Folder.At("converted");

        Assert.Equal(0, _cli.Run("convert", _cli.Folder.At("model.pth"), converted, "--extract-layers", "1,2,4"));

        using Checkpoint before = Checkpoint.Open(CliRun.Mini), after = Checkpoint.Open(converted);
        Assert.Equal(before.Tensors.Keys.Order(), after.Tensors.Keys.Order());
        foreach ((string name, StoredTensor tensor) in before.Tensors)
            Assert.Equal(tensor.ToTensor().Data, after.Tensors[name].ToTensor().Data);
        Assert.Equal([1, 2, 4], after.Config.ExtractLayers);
    }

    [Fact]
    public void Convert_refuses_a_folder_that_exists_and_leaves_nothing_half_done()
    {
        string model = CopyMini();
        _cli.AssertFailed(1, _cli.Run("convert", CliRun.Mini, model), "exists already");

        File.Delete(Path.Combine(model, "vocab.json"));
        _cli.AssertFailed(1, _cli.Run("convert", model, _cli.Folder.At("new")), "has no vocabulary");
        Assert.Equal([model], Directory.GetDirectories(_cli.Folder.Path));
    }

    [Fact]
    public void A_pulled_model_works_by_its_name()
    {
        using HttpStub hub = new(Answer);
        _cli.Variables.Remove("HF_HUB_OFFLINE");
        _cli.Variables["HF_ENDPOINT"] = hub.Address;

        Assert.Equal(0, _cli.Run("pull", "org/mini"));
        string folder = _cli.Output.TrimEnd('\n');
        Assert.True(File.Exists(Path.Combine(folder, "model.safetensors")), folder);

        _cli.Variables["HF_HUB_OFFLINE"] = "1";
        Assert.Equal(0, _cli.Run("segment", CliRun.Scene, "a dog", "-m", "org/mini", "-o", _cli.Folder.At("out")));
        Assert.Equal(0, _cli.Run("show", "org/mini"));
        _cli.AssertFailed(1, _cli.Run("show", "org/mini@v1"), "There is no model 'org/mini@v1'");
        _cli.AssertFailed(1, _cli.Run("show", "org/mini", "--revision", "v1"), "There is 'org/mini@main'");

        Assert.Equal(0, _cli.Run("list"));
        Assert.Contains("org/mini ", _cli.Output);
        Assert.Equal(0, _cli.Run("rm", "org/mini"));
        Assert.False(Directory.Exists(folder));
        _cli.AssertFailed(1, _cli.Run("rm", "org/mini"), "There is no pulled model 'org/mini'");
    }

    [Fact]
    public void Pull_says_in_one_line_that_there_is_no_such_model()
    {
        using HttpStub hub = new(_ => new(404, [], ("X-Error-Code", "RepoNotFound")));
        _cli.Variables.Remove("HF_HUB_OFFLINE");
        _cli.Variables["HF_ENDPOINT"] = hub.Address;
        _cli.AssertFailed(1, _cli.Run("pull", "org/none"), "Model 'org/none' was not downloaded");
    }

    internal static HttpStubResponse Answer(HttpStubRequest request)
    {
        string path = Path.Combine(CliRun.Mini, request.Path.Split('/')[^1]);
        if (!File.Exists(path)) return new(404, [], ("X-Error-Code", "EntryNotFound"));
        byte[] content = File.ReadAllBytes(path);
        return new(200, content, ("X-Repo-Commit", "0123456789abcdef0123456789abcdef01234567"),
            ("ETag", $"\"{Convert.ToHexStringLower(SHA256.HashData(content))}\""));
    }

    private string CopyMini()
    {
        string model = Directory.CreateDirectory(_cli.Folder.At("model")).FullName;
        foreach (string file in Directory.GetFiles(CliRun.Mini))
            File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        return model;
    }

    private static Tensor Logits(string model)
    {
        using Segmenter segmenter = Segmenter.Load(model);
        return segmenter.Logits(segmenter.Encode(Image.Load(CliRun.Scene)), [segmenter.Prompt("a dog")]);
    }
}
