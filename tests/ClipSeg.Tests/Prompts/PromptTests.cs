using ClipSeg.Formats;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;

namespace ClipSeg.Tests.Prompts;

public sealed class PromptTests
{
    [Theory]
    [InlineData("0.0")]
    [InlineData("0.25")]
    [InlineData("0.5")]
    [InlineData("1.0")]
    public void Mix_equals_the_reference(string a)
    {
        foreach (string toy in (string[])["mini", "mini-refined"])
        {
            Dictionary<string, Tensor> expected = FixtureTensors.ReadAll($"model/{toy}.cases.safetensors");
            using Segmenter segmenter = Segmenter.Load(Fixtures.At("model", toy));
            EncodedImage native = new(48, 48, 6, 6, segmenter.Model.Vision.Activations(expected["native.pixels"]));
            Prompt image = new("support", expected["support.embedding"].Data);
            float weight = float.Parse(a, System.Globalization.CultureInfo.InvariantCulture);

            Prompt mixed = Prompt.Mix(image, segmenter.Prompt("a red circle"), weight);

            Assert.Equal("a red circle", mixed.Name);
            Close.All(expected[$"mix.{a}.logits"], segmenter.Logits(native, [mixed]), 1e-4f);
        }
    }

    [Fact]
    public void Average_is_the_mean_under_the_first_name()
    {
        Prompt mean = Prompt.Average([new("a", [1, 2]), new("b", [3, 6], truncated: true)]);
        Assert.Equal([2, 4], mean.Conditional.ToArray());
        Assert.Equal(("a", true), (mean.Name, mean.Truncated));
    }

    [Fact]
    public void Prompts_of_different_widths_do_not_mix()
    {
        Assert.Throws<ArgumentException>(() => Prompt.Mix(new("a", [1, 2]), new("b", [1]), 0.5f));
        Assert.Throws<ArgumentException>(() => Prompt.Average([new("a", [1, 2]), new("b", [1])]));
        Assert.Throws<ArgumentException>(() => Prompt.Average([]));
    }

    [Fact]
    public void A_saved_prompt_comes_back_as_it_was()
    {
        using TemporaryFolder folder = new();
        Prompt prompt = new("a \"red\" 圆", [0.1f, -2, 3e20f]);
        prompt.Save(folder.At("p.safetensors"));

        Prompt loaded = Prompt.Load(folder.At("p.safetensors"));

        Assert.Equal(prompt.Name, loaded.Name);
        Assert.Equal(prompt.Conditional.ToArray(), loaded.Conditional.ToArray());
    }

    [Fact]
    public void Load_says_what_is_wrong_with_a_file()
    {
        using TemporaryFolder folder = new();
        Check("missing", null, "cannot be opened");
        Check("other", StoredTensor.Of("x", new Tensor([1], 1)), "has no tensor 'conditional'");
        Check("square", StoredTensor.Of("conditional", new Tensor([1], 1, 1)),
            "has shape [1, 1], expected one dimension");
        Check("empty", StoredTensor.Of("conditional", new Tensor([], 0)), "has shape [0]");
        Check("nan", StoredTensor.Of("conditional", new Tensor([1, float.NaN], 2)), "not finite");
        Check("infinite", StoredTensor.Of("conditional", new Tensor([1, float.PositiveInfinity], 2)), "not finite");

        void Check(string name, StoredTensor? tensor, string expected)
        {
            if (tensor is not null) SafeTensorsWriter.Write(folder.At(name), [tensor]);
            Assert.Contains(expected, Assert.Throws<CheckpointException>(() => Prompt.Load(folder.At(name))).Message);
        }
    }
}
