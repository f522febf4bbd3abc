using System.Text.Json;
using ClipSeg.Files;
using ClipSeg.Formats;
using ClipSeg.Model;
using ClipSeg.Text;

namespace ClipSeg.Checkpoints;

/// <summary>
/// A model as files: where it is, the vocabulary beside it, and writing one as a Hugging Face folder.
/// </summary>
internal static class ModelFiles
{
    private const string OpenAiVocabulary = "bpe_simple_vocab_16e6.txt.gz";
    private const string Weights = "model.safetensors";

    /// <summary>
    /// The path of a model: as given if there is such a folder or file, else of a download of that name.
    /// </summary>
    /// <param name="model">A path, NAME or NAME@REVISION.</param>
    /// <param name="hub">Asked for a name only: a folder needs no settings, and no token.</param>
    /// <param name="revision">Of a name; null for the one in it, or the newest.</param>
    /// <exception cref="CheckpointException">There is neither.</exception>
    public static string Locate(string model, Func<Hub> hub, string? revision = null)
    {
        if (Directory.Exists(model) || File.Exists(model)) return model;
        Hub downloads = hub();
        if (downloads.Find(model, revision) is { } found) return found;
        string[] others = [.. downloads.Revisions(model).Select(other => $"'{model.Split('@')[0]}@{other}'")];
        throw new CheckpointException($"There is no model '{model}': no such folder or file, and no pulled model of "
            + $"that name{(revision is null ? "" : $" and revision '{revision}'")}."
            + (others.Length > 0 ? $" There is {string.Join(", ", others)}." : ""));
    }

    /// <summary>The vocabulary beside a model, or OpenAI's in the cache of its package.</summary>
    /// <exception cref="CheckpointException">There is none.</exception>
    /// <exception cref="TokenizerException">It is damaged.</exception>
    public static BpeVocabulary ReadVocabulary(Checkpoint checkpoint, CheckpointOptions options)
    {
        if (checkpoint.File("vocab.json") is { } vocabulary && checkpoint.File("merges.txt") is not null)
            return BpeVocabulary.Load(Path.GetDirectoryName(vocabulary)!);
        if (checkpoint.File("tokenizer.json") is { } tokenizer) return BpeVocabulary.FromTokenizer(tokenizer);
        if (checkpoint.File(OpenAiVocabulary) is { } beside) return BpeVocabulary.FromOpenAi(beside);
        string cached = Path.Combine(options.ClipCache, OpenAiVocabulary);
        if (File.Exists(cached)) return BpeVocabulary.FromOpenAi(cached);
        throw new CheckpointException(
            $"Model '{checkpoint.Path}' has no vocabulary, so it cannot read text: put tokenizer.json, "
            + $"or vocab.json and merges.txt, or OpenAI's {OpenAiVocabulary}, beside it, "
            + $"or the latter into '{options.ClipCache}'.");
    }

    /// <summary>
    /// Writes a folder that <see cref="Checkpoint"/> and Hugging Face's tools open. A new folder appears when it is
    /// complete; in one that exists, each file is replaced when it is complete, the weights last.
    /// </summary>
    /// <param name="tensors">By Hugging Face's names.</param>
    /// <param name="type">Of the weights: float32, float16 or bfloat16.</param>
    /// <param name="others">Paths of files to copy, such as a licence.</param>
    public static void Write(string folder, IEnumerable<StoredTensor> tensors, ClipSegConfig config,
        Preprocessing preprocessing, BpeVocabulary vocabulary, StoredType type = StoredType.Float32,
        params IReadOnlyList<string> others)
    {
        OutputFolder.Write(folder, temporary =>
        {
            WriteDescription(temporary, config, preprocessing, vocabulary, others);

            // Hugging Face's loaders refuse a file that does not say for which framework it was written.
            Dictionary<string, string> metadata = new() { ["format"] = "pt" };
            SafeTensorsWriter.Write(Path.Combine(temporary, Weights), tensors, metadata, type);
        }, last: Weights);
    }

    /// <summary>Writes all but the weights: what they are, how their inputs are made, other files.</summary>
    internal static void WriteDescription(string folder, ClipSegConfig config, Preprocessing preprocessing,
        BpeVocabulary vocabulary, IReadOnlyList<string> others)
    {
        OutputFile.Write(Path.Combine(folder, "config.json"),
            JsonSerializer.Serialize(config.ToFile(), ModelJson.Default.ConfigFile));
        OutputFile.Write(Path.Combine(folder, "preprocessor_config.json"),
            JsonSerializer.Serialize(preprocessing.ToFile(), ModelJson.Default.PreprocessorFile));
        vocabulary.Save(folder);
        foreach (string other in others) File.Copy(other, Path.Combine(folder, Path.GetFileName(other)));
    }
}
