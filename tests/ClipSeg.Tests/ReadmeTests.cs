using System.Text.RegularExpressions;
using ClipSeg.Imaging;
using ClipSeg.Prompts;
using ClipSeg.Tests.Checkpoints;
using ClipSeg.Tests.Scenes;

namespace ClipSeg.Tests;

/// <summary>The README's example is the text of a method here, which compiles and runs.</summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public void The_example_of_the_readme_is_the_code_of_this_file()
        => AssertFencesAreIn(nameof(ReadmeTests), "README.md");

    [Fact]
    public void The_example_of_the_readme_runs()
    {
        using TemporaryFolder folder = new();
        string scene = Fixtures.At("model", "scene.png");
        Mask mask = new(133, 97);
        mask.Values.AsSpan(50 * 133, 10 * 133).Fill(1);
        mask.Save(folder.At("mask.png"));

        Example(Fixtures.At("model", "mini"), scene, folder.At("overlay.png"), scene, folder.At("mask.png"));

        Assert.Equal(
            (133, 97), (Image.Load(folder.At("overlay.png")).Width, Image.Load(folder.At("overlay.png")).Height));
    }

    /// <summary>Asserts that a document's examples of C# are part of a test's source.</summary>
    internal static void AssertFencesAreIn(string test, params ReadOnlySpan<string> document)
    {
        string[] fences = [.. Fence().Matches(Read(document)).Select(m => m.Groups[1].Value)];
        Assert.NotEmpty(fences);
        string source = Normal(Read("tests", "ClipSeg.Tests", $"{test}.cs"));
        Assert.All(fences, fence => Assert.Contains(Normal(fence), source));
    }

    private static void Example(string model, string photo, string overlay, string mug, string mugMask)
    {
        using Segmenter segmenter = Segmenter.Load(model);          // a folder, a file, or a name that was pulled
        Image picture = Image.Load(photo);

        Mask pizza = segmenter.Segment(picture, "a slice of pizza");        // a probability for every pixel
        pizza.Overlay(picture).Save(overlay);

        EncodedImage encoded = segmenter.Encode(picture);                   // pay for the picture once,
        Mask[] masks = segmenter.Segment(encoded, ["a dog", "a red kite"]); // prompt as often as you like

        Prompt shown = segmenter.Prompt(Image.Load(mug), Mask.Load(mugMask));   // show it instead of naming it,
        Prompt blend = Prompt.Mix(shown, segmenter.Prompt("a mug"), 0.5f);      // or both: half picture, half words
        Mask mugs = segmenter.Segment(encoded, [blend])[0];

        Assert.Equal(3, masks.Append(mugs).Count(m => m.Width == picture.Width));
    }

    private static string Read(params ReadOnlySpan<string> path)
        => File.ReadAllText(Path.Combine([Fixtures.Root, .. path]));

    /// <summary>Without indentation and line ends.</summary>
    private static string Normal(string text)
        => string.Join('\n', text.Split('\n').Select(line => line.Trim())).Trim();

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Fence();
}
