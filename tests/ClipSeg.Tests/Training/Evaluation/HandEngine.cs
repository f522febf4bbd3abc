using ClipSeg.Checkpoints;
using ClipSeg.Imaging;
using ClipSeg.Model;
using ClipSeg.Numerics;
using ClipSeg.Tests.Cli;
using ClipSeg.Text;

namespace ClipSeg.Tests.Training.Evaluation;

/// <summary>
/// A network whose answers are painted into the pictures: bit k of a pixel's red level says that phrase k is found
/// there, bit k of its green level that it is half found. A support picture shows the phrase of its highest blue level.
/// </summary>
internal sealed class HandEngine : IEngine
{
    public const float Found = 0.9f, HalfFound = 0.4f, NotFound = 0.05f;

    private readonly string[] _known;

    private HandEngine(ClipTokenizer tokenizer, string[] phrases, int size)
    {
        _known = Array.ConvertAll(phrases, phrase => Key(tokenizer.Encode(phrase).Ids));
        Config = ClipSegConfig.Rd64 with
        {
            PatchSize = 1,
            ImageSize = size,
            VocabularySize = tokenizer.VocabularySize,
            EndToken = tokenizer.EndToken,
            EmbeddingWidth = 1,
        };
    }

    public ClipSegConfig Config { get; }

    /// <summary>A model that reads pictures of this side and knows these phrases, at most eight.</summary>
    public static Segmenter Segmenter(int size, params string[] phrases)
    {
        using Checkpoint mini = Checkpoint.Open(CliRun.Mini);
        ClipTokenizer tokenizer = new(ModelFiles.ReadVocabulary(mini, new()));
        Preprocessing raw = new()
        {
            Width = size,
            Height = size,
            Rescale = 1,
            Mean = [0, 0, 0],
            Std = [1, 1, 1],
        };
        return new(new HandEngine(tokenizer, phrases, size), raw, () => tokenizer);
    }

    /// <summary>
    /// A picture, rows parted by /: at '.' nothing is found, at '0' to '7' that phrase, at 'a' to 'h' half of it.
    /// </summary>
    public static Image Paint(string rows, byte blue = 0)
    {
        string[] lines = rows.Split('/');
        Image picture = new(lines[0].Length, lines.Length);
        for (int i = 0; i < picture.Width * picture.Height; i++)
        {
            char c = lines[i / picture.Width][i % picture.Width];
            if (char.IsAsciiDigit(c)) picture.Pixels[3 * i] = (byte)(1 << c - '0');
            if (char.IsAsciiLetter(c)) picture.Pixels[3 * i + 1] = (byte)(1 << c - 'a');
            picture.Pixels[3 * i + 2] = blue;
        }
        return picture;
    }

    public Tensor[] Activations(Tensor pixels) => [Tensor.Empty(pixels.Shape).Filled(pixels)];

    public Tensor EmbedPictures(Tensor pixels, LayerMask? mask = null)
    {
        int plane = pixels[2] * pixels[3];
        return new([MathF.Round(pixels.Data.Slice(2 * plane, plane).ToArray().Max())], 1, 1);
    }

    public Tensor EmbedTexts(IReadOnlyList<int[]> ids)
    {
        float[] known = [.. ids.Select(i => (float)Array.IndexOf(_known, Key(i)))];
        Assert.DoesNotContain(-1, known);
        return new(known, ids.Count, 1);
    }

    public Tensor Decode(IReadOnlyList<Tensor> activations, Tensor conditionals, int height, int width)
    {
        Tensor logits = Tensor.Empty(conditionals[0], height, width);
        int plane = height * width;
        for (int i = 0; i < logits.Length; i++)
        {
            int bit = 1 << (int)conditionals.Data[i / plane];
            int red = (int)activations[0].Data[i % plane], green = (int)activations[0].Data[plane + i % plane];
            float p = (red & bit) != 0 ? Found : (green & bit) != 0 ? HalfFound : NotFound;
            logits.Data[i] = MathF.Log(p / (1 - p));
        }
        return logits;
    }

    private static string Key(int[] ids) => string.Join(',', ids);
}

/// <summary>Copies of tensors.</summary>
internal static class TensorCopies
{
    public static Tensor Filled(this Tensor tensor, Tensor values)
    {
        values.Data.CopyTo(tensor.Data);
        return tensor;
    }
}
