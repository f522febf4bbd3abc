using ClipSeg.Formats;
using ClipSeg.Numerics;

namespace ClipSeg.Prompts;

/// <summary>What to segment: a name to show, and the conditional vector that steers the decoder.</summary>
public sealed class Prompt
{
    private const string TensorName = "conditional";
    private const string NameKey = "name";

    private readonly float[] _conditional;

    /// <param name="name">What tables and files call it.</param>
    /// <param name="conditional">[E], copied. A vector of CLIP's joint space, not normalised.</param>
    /// <param name="truncated">Whether the text was too long for the model.</param>
    public Prompt(string name, ReadOnlySpan<float> conditional, bool truncated = false)
    {
        if (conditional.IsEmpty)
            throw new ArgumentException("A conditional needs at least one value.", nameof(conditional));
        (Name, _conditional, Truncated) = (name, conditional.ToArray(), truncated);
    }

    public string Name { get; }

    /// <summary>[E].</summary>
    public ReadOnlySpan<float> Conditional => _conditional;

    /// <summary>E: the width of the model's joint embedding.</summary>
    public int Width => _conditional.Length;

    /// <summary>Whether the text was too long, so that the model did not read its end.</summary>
    public bool Truncated { get; }

    /// <summary>The same vector under another name.</summary>
    public Prompt Rename(string name) => new(name, _conditional, Truncated);

    /// <summary>a * image + (1 - a) * text, under the text's name.</summary>
    /// <param name="a">0 is the text alone, 1 the image alone.</param>
    /// <exception cref="ArgumentException">The two come from models of different widths.</exception>
    public static Prompt Mix(Prompt image, Prompt text, float a)
    {
        CheckWidth(image, text.Width);
        float[] mixed = new float[text.Width];
        for (int i = 0; i < mixed.Length; i++) mixed[i] = a * image._conditional[i] + (1 - a) * text._conditional[i];
        return new(text.Name, mixed, text.Truncated || image.Truncated);
    }

    /// <summary>
    /// The mean of several, for example of several pictures of one thing, under the first one's name.
    /// </summary>
    /// <exception cref="ArgumentException">There are none, or they come from models of different widths.</exception>
    public static Prompt Average(IReadOnlyList<Prompt> prompts)
    {
        if (prompts.Count == 0)
            throw new ArgumentException("The average of no prompts is not defined.", nameof(prompts));
        float[] mean = new float[prompts[0].Width];
        foreach (Prompt prompt in prompts)
        {
            CheckWidth(prompt, mean.Length);
            for (int i = 0; i < mean.Length; i++) mean[i] += prompt._conditional[i] / prompts.Count;
        }
        return new(prompts[0].Name, mean, prompts.Any(p => p.Truncated));
    }

    /// <summary>CLIP's similarity of two prompts: the cosine of their conditionals, 0 for a zero vector.</summary>
    internal static double Cosine(Prompt a, Prompt b)
    {
        (double dot, double aa, double bb) = (0, 0, 0);
        for (int i = 0; i < a.Width; i++)
        {
            (double x, double y) = (a._conditional[i], b._conditional[i]);
            (dot, aa, bb) = (dot + x * y, aa + x * x, bb + y * y);
        }
        return aa == 0 || bb == 0 ? 0 : dot / Math.Sqrt(aa * bb);
    }

    /// <summary>Writes a safetensors file with the vector and the name, for <see cref="Load"/>.</summary>
    public void Save(string path)
    {
        StoredTensor tensor = StoredTensor.Of(TensorName, new Tensor(_conditional, Width));
        SafeTensorsWriter.Write(path, [tensor], new Dictionary<string, string> { [NameKey] = Name });
    }

    /// <summary>Reads what <see cref="Save"/> wrote. It fits models of the same CLIP.</summary>
    /// <exception cref="CheckpointException">The file is missing, damaged, or holds something else.</exception>
    public static Prompt Load(string path)
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        if (!file.Tensors.TryGetValue(TensorName, out StoredTensor? stored))
            throw new CheckpointException($"File '{path}' holds no prompt: it has no tensor '{TensorName}'.");
        if (stored.Shape is not [> 0])
        {
            throw new CheckpointException($"File '{path}': tensor '{TensorName}' has shape "
                + $"[{string.Join(", ", stored.Shape.ToArray())}], expected one dimension.");
        }
        Span<float> conditional = stored.ToTensor().Data;
        if (conditional.ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
            throw new CheckpointException($"File '{path}': tensor '{TensorName}' has values that are not finite.");
        string name = file.Metadata.GetValueOrDefault(NameKey) ?? Path.GetFileNameWithoutExtension(path);
        return new(name, conditional);
    }

    public override string ToString() => Name;

    private static void CheckWidth(Prompt prompt, int expected)
    {
        if (prompt.Width != expected)
            throw new ArgumentException($"Prompt '{prompt.Name}' has {prompt.Width} values, expected {expected}.");
    }
}
