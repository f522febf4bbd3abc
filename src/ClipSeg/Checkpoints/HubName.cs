namespace ClipSeg.Checkpoints;

/// <summary>A model on the hub: ORGANISATION/NAME, and which of its revisions.</summary>
/// <param name="Name">Without the revision.</param>
/// <param name="Revision">A branch, tag or commit.</param>
internal sealed record HubName(string Name, string Revision)
{
    private const string Newest = "main";
    private const int MaxLength = 96;
    private const int CommitLength = 40;

    /// <summary>Whether the revision says itself which files it is.</summary>
    public bool IsFixed => IsCommit(Revision);

    /// <summary>Takes NAME or NAME@REVISION apart; null if it cannot be a model's name.</summary>
    /// <param name="revision">If there is no @; null for the newest.</param>
    public static HubName? TryParse(string name, string? revision = null)
    {
        int at = name.IndexOf('@');
        if (at >= 0) (name, revision) = (name[..at], revision ?? name[(at + 1)..]);
        revision ??= Newest;
        return IsName(name) && IsRevision(revision) ? new(name, revision) : null;
    }

    /// <exception cref="ArgumentException">This cannot be a model's name, or a revision.</exception>
    public static HubName Parse(string name, string? revision = null)
    {
        if (revision is not null && !IsRevision(revision))
            throw new ArgumentException($"'{revision}' is not a branch, tag or commit.", nameof(revision));
        return TryParse(name, revision) ?? throw new ArgumentException(
            $"'{name}' is not a model's name; expected ORGANISATION/NAME or ORGANISATION/NAME@REVISION.", nameof(name));
    }

    public static bool IsCommit(string text)
        => text.Length == CommitLength && text.All(char.IsAsciiHexDigitLower);

    /// <summary>As the user writes it.</summary>
    public override string ToString() => Revision == Newest ? Name : $"{Name}@{Revision}";

    private static bool IsName(string name)
    {
        string[] parts = name.Split('/');
        return name.Length <= MaxLength && parts.Length <= 2 && parts.All(part => part.Length > 0
            && part[0] is not ('.' or '-')
            && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')
            && !part.Contains("..") && !part.Contains("--"));
    }

    /// <summary>Whether this can also be a path below refs.</summary>
    private static bool IsRevision(string revision) => revision.Length is > 0 and <= MaxLength
        && revision.Split('/').All(part => part.Length > 0 && part[0] != '.' && !part.Contains("..")
            && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '+'));
}
