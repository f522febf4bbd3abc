using System.Text.Json;
using ClipSeg.Formats;
using ClipSeg.Imaging;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Prompts;
using ClipSeg.Text;

namespace ClipSeg.Tests.Prompts;

public sealed class PromptEncoderTests : IDisposable
{
    private static readonly Image _scene = Image.Load(Fixtures.At("model", "scene.png"));

    private readonly Segmenter _segmenter = Segmenter.Load(Fixtures.At("model", "mini"));

    public void Dispose() => _segmenter.Dispose();

    [Fact]
    public void Texts_give_the_references_embeddings()
    {
        Tensor expected = FixtureTensors.Read("model/mini.cases.safetensors", "text.embeddings");
        Prompt[] prompts = _segmenter.Prompts.Texts(
            ["a red circle", "the dog next to the wooden bench", "something to sit on, left of the striped ring"]);
        for (int i = 0; i < 3; i++)
            Close.All(expected.Data.Slice(i * 40, 40), prompts[i].Conditional, 1e-4f);
    }

    [Fact]
    public void A_text_is_encoded_once()
    {
        Prompt first = _segmenter.Prompts.Texts(["a red circle"])[0];
        Prompt[] again = _segmenter.Prompts.Texts(["the dog", "a red circle", "the dog"]);
        Assert.Same(first, again[1]);
        Assert.Same(again[0], again[2]);
    }

    [Fact]
    public void A_template_is_put_around_the_phrase_but_not_its_name()
    {
        Prompt prompt = _segmenter.Prompt("cat", "a photo of a {}.");
        Assert.Equal("cat", prompt.Name);
        Assert.Equal(_segmenter.Prompt("a photo of a cat.").Conditional.ToArray(), prompt.Conditional.ToArray());
    }

    [Fact]
    public void Several_templates_are_averaged()
    {
        IReadOnlyList<string> templates = PromptTemplates.Shuffle;
        Prompt expected = Prompt.Average([.. templates.Select(t => _segmenter.Prompt("cat", t))]);
        Close.All(expected.Conditional, _segmenter.Prompts.Text("cat", templates).Conditional, 1e-5f);
    }

    [Fact]
    public void A_text_that_is_too_long_is_marked()
    {
        string text = string.Join(' ', Enumerable.Repeat("striped", 40));
        Assert.True(_segmenter.Prompt(text).Truncated);
        Assert.False(_segmenter.Prompt("striped").Truncated);
    }

    [Fact]
    public void A_tokenizer_that_allows_more_tokens_than_the_network_has_positions_is_held_to_those()
    {
        BpeVocabulary vocabulary = BpeVocabulary.Load(Fixtures.At("model", "mini"));
        ClipTokenizer patient = new(BpeVocabulary.FromMerges(vocabulary.Merges, maxLength: 77));
        PromptEncoder prompts = new(_segmenter.Model, _segmenter.Preprocessing, () => patient);
        string text = string.Join(' ', Enumerable.Repeat("striped", 40));

        Prompt prompt = prompts.Text(text);

        Assert.True(prompt.Truncated);
        Close.All(_segmenter.Prompt(text).Conditional, prompt.Conditional, 1e-5f);
    }

    [Fact]
    public void A_tokenizer_of_another_model_is_refused()
    {
        BpeVocabulary vocabulary = BpeVocabulary.Load(Fixtures.At("model", "mini"));
        PromptEncoder fewer = new(_segmenter.Model, _segmenter.Preprocessing,
            () => new(BpeVocabulary.FromMerges([.. vocabulary.Merges.Take(20)])));
        ClipSegModel small = new(new Weights(new Dictionary<string, StoredTensor>(), fresh: Part.All),
            _segmenter.Model.Config with { VocabularySize = 600 });
        PromptEncoder more = new(small, _segmenter.Preprocessing, () => new(vocabulary));

        Assert.Contains("ends texts with token", Assert.Throws<CheckpointException>(() => fewer.Text("a cat")).Message);
        Assert.Contains(
            "has 620 tokens, the network 600", Assert.Throws<CheckpointException>(() => more.Text("a cat")).Message);
    }

    [Fact]
    public void A_whole_picture_gives_its_image_embedding()
    {
        Tensor expected = _segmenter.Model.Vision.Embed(_segmenter.Preprocessing.Apply(_scene));
        Assert.Equal(expected.Data, _segmenter.Prompt(_scene).Conditional);
    }

    [Fact]
    public void Every_engineered_prompt_is_the_embedding_of_its_picture()
    {
        Mask mask = Disc();
        Tensor pixels = _segmenter.Preprocessing.Apply(_scene).Reshape(3, 48, 48);
        foreach (string name in VisualPrompt.Names)
        {
            VisualPrompt engineering = VisualPrompt.Named(name);
            Tensor picture = (engineering with { ImageSize = 48 }).Apply(pixels, _segmenter.Preprocessing.Apply(mask));
            Tensor expected = _segmenter.Model.Vision.Embed(picture.Reshape(1, 3, 48, 48));
            Close.All(expected.Data, _segmenter.Prompt(_scene, mask, engineering).Conditional, 1e-5f, what: name);
        }
        Assert.Equal(_segmenter.Prompt(_scene, mask, VisualPrompt.Default).Conditional.ToArray(),
            _segmenter.Prompt(_scene, mask).Conditional.ToArray());
    }

    [Fact]
    public void Soft_and_dark_masks_count_as_their_half_maximum_says()
    {
        Mask mask = Disc();
        Mask dark = new(mask.Width, mask.Height, Array.ConvertAll(mask.Values, v => v > 0 ? 0.25f : 0.02f));
        Assert.Equal(_segmenter.Prompt(_scene, mask).Conditional.ToArray(),
            _segmenter.Prompt(_scene, dark).Conditional.ToArray());
    }

    [Fact]
    public void A_mask_that_cannot_be_meant_is_refused()
    {
        Check(() => _segmenter.Prompt(_scene, new Mask(_scene.Width, _scene.Height)), "The mask is empty");
        Check(() => _segmenter.Prompt(_scene, new Mask(3, 3)), "The mask is 3x3, its picture");
        Check(() => _segmenter.Prompt(_scene, null, VisualPrompt.Default), "there is no mask");
        Check(() => _segmenter.Prompt(_scene, Disc(), new ClipMasking(AttentionMaskScope.Patches, 5)), "no block 5");

        static void Check(Action prompt, string expected)
            => Assert.Contains(expected, Assert.Throws<ArgumentException>(prompt).Message);
    }

    private static Mask Disc()
    {
        Mask mask = new(_scene.Width, _scene.Height);
        for (int y = 0; y < mask.Height; y++)
        {
            for (int x = 0; x < mask.Width; x++)
                mask[x, y] = Math.Pow(x - mask.Width * 0.4, 2) + Math.Pow(y - mask.Height * 0.5, 2) < 400 ? 1 : 0;
        }
        return mask;
    }
}
