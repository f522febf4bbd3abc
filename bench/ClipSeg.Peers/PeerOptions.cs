using System.Text.RegularExpressions;
using ClipSeg.Numerics;

namespace ClipSeg.Peers;

/// <summary>What is measured, and where things are.</summary>
internal sealed partial record PeerOptions
{
    public required IReadOnlyList<PeerEngine> Engines { get; init; }

    /// <summary>The program of src/ClipSeg.Cli, for cold starts.</summary>
    public required string Clipseg { get; init; }

    /// <summary>A folder for models and inputs; what is in it is used again.</summary>
    public required string Work { get; init; }

    /// <summary>The model that comes with the program, if it is there.</summary>
    public required string Box { get; init; }

    /// <summary>The tests' smallest model.</summary>
    public required string Toy { get; init; }

    public int Threads { get; init; } = 2;

    /// <summary>How often every engine has its turn.</summary>
    public int Rounds { get; init; } = 7;

    /// <summary>The keys of the scenarios that are measured; all if empty.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>One round of little work with the toy.</summary>
    public bool Quick { get; init; }

    /// <summary>The folder of this machine's results: "amd-epyc-zen5-2-cores".</summary>
    public static string MachineName()
    {
        string name = $"{Processor.Name} {Processor.Design.Replace(" ", "")} {Environment.ProcessorCount} cores";
        return NoLetter().Replace(name.ToLowerInvariant(), "-").Trim('-');
    }

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NoLetter();
}
