namespace ClipSeg.Tests.Text;

/// <summary>OpenAI's vocabulary, which the repository does not carry.</summary>
internal static class OpenAiVocabulary
{
    public static string Path { get; } = System.IO.Path.GetFullPath(System.IO.Path.Combine(
        Fixtures.Root, "..", "shared", "reference", "tokenizer", "bpe_simple_vocab_16e6.txt.gz"));
}

/// <summary>A fact about OpenAI's vocabulary; skipped, by name, where its file is missing.</summary>
internal sealed class OpenAiVocabularyFactAttribute : FactAttribute
{
    public OpenAiVocabularyFactAttribute()
    {
        if (!File.Exists(OpenAiVocabulary.Path)) Skip = "bpe_simple_vocab_16e6.txt.gz is not beside the repository.";
    }
}
