namespace ClipSeg.Text;

/// <summary>A text file of prompts: one per line; blank lines and lines that begin with <c>#</c> are skipped.</summary>
internal static class PromptFile
{
    private const int MaxBytes = 16 << 20;

    /// <summary>The prompts in their order, without the white space around them.</summary>
    /// <exception cref="InvalidDataException">The file is not UTF-8, or has more than 16 MB.</exception>
    /// <exception cref="IOException">The file is missing or cannot be opened.</exception>
    public static IReadOnlyList<string> Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        byte[] bytes = StrictUtf8.ReadAtMost(file, MaxBytes)
            ?? throw new InvalidDataException($"{path} has more than {MaxBytes >> 20} MB, expected a list of prompts.");
        if (!StrictUtf8.TryDecode(bytes, out string text, out int offset))
        {
            int line = bytes.AsSpan(0, offset).Count((byte)'\n') + 1;
            throw new InvalidDataException($"{path} is not UTF-8: line {line}, byte {offset} of the file, "
                + $"is 0x{bytes[offset]:X2}. Save the file as UTF-8.");
        }

        List<string> prompts = [];
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            ReadOnlySpan<char> prompt = line.Trim();
            if (!prompt.IsEmpty && prompt[0] != '#') prompts.Add(prompt.ToString());
        }
        return prompts;
    }
}
