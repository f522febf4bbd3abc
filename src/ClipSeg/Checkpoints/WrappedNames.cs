namespace ClipSeg.Checkpoints;

/// <summary>
/// The names of a file's tensors without what frameworks put around a network: DataParallel, Lightning, compilers, or
/// a class of one's own. What was put in front is found from the names that the network has itself.
/// </summary>
internal sealed class WrappedNames
{
    // Parts of a name, at any place, that say how a part of the network was run.
    private static readonly HashSet<string> _wrappers =
    [
        "module", "_orig_mod", "_module", "_forward_module", "_fsdp_wrapped_module", "_fpw_module",
        "_checkpoint_wrapped_module",
    ];

    // Beginnings of the network's own names in the layouts that KeyMap knows.
    private static readonly string[] _clipRoots = ["clip.", "clipseg.", "clip_model.", ""];

    private static readonly string[] _clip =
    [
        "text_model.", "vision_model.", "visual_projection.", "text_projection", "logit_scale",
        "token_embedding.", "positional_embedding", "transformer.resblocks.", "ln_final.", "visual.",
        "input_resolution", "context_length", "vocab_size",
    ];

    private static readonly string[] _decoderRoots = ["decoder.", ""];

    private static readonly string[] _decoder =
    [
        "film_mul.", "film_add.", "reduces.", "reduce.", "reduce2.", "blocks.", "trans_conv.", "decoder.layers.",
        "transposed_convolution.",
    ];

    private readonly string _prefix;

    private WrappedNames(string prefix) => _prefix = prefix;

    /// <summary>Looks at all names of a file: what is in front of most of the network's own is the prefix.</summary>
    public static WrappedNames Of(IEnumerable<string> names)
    {
        Dictionary<string, int> votes = new(StringComparer.Ordinal);
        foreach (string name in names)
        {
            string clean = WithoutWrappers(name);
            if (PrefixLength(clean) is { } length)
                votes[clean[..length]] = votes.GetValueOrDefault(clean[..length]) + 1;
        }
        return new(votes.Count == 0 ? "" : votes.MaxBy(vote => vote.Value).Key);
    }

    /// <summary>The network's own name for a tensor; null for one beside it, such as a loss's weights.</summary>
    /// <param name="name">As the file has it.</param>
    /// <param name="other">Whether it stands under another prefix than most: a second copy, or a part apart.</param>
    public string? Unwrap(string name, out bool other)
    {
        string clean = WithoutWrappers(name);
        other = PrefixLength(clean) is { } length && clean[..length] != _prefix;
        if (other) return clean[PrefixLength(clean)!.Value..];
        return clean.StartsWith(_prefix, StringComparison.Ordinal) ? clean[_prefix.Length..] : null;
    }

    private static string WithoutWrappers(string name)
        => string.Join('.', name.Split('.').Where(part => !_wrappers.Contains(part)));

    /// <summary>How much stands before the first place where one of the network's names begins.</summary>
    private static int? PrefixLength(string name)
    {
        for (int at = 0; at >= 0 && at < name.Length; at = NextPart(name, at))
        {
            if (Begins(name, at, _clipRoots, _clip) || Begins(name, at, _decoderRoots, _decoder)) return at;
        }
        return null;
    }

    private static int NextPart(string name, int at) => name.IndexOf('.', at) is >= 0 and int dot ? dot + 1 : -1;

    private static bool Begins(string name, int at, string[] roots, string[] beginnings)
    {
        foreach (string root in roots)
        {
            if (string.CompareOrdinal(name, at, root, 0, root.Length) != 0) continue;
            foreach (string beginning in beginnings)
            {
                if (string.CompareOrdinal(name, at + root.Length, beginning, 0, beginning.Length) == 0) return true;
            }
        }
        return false;
    }
}
