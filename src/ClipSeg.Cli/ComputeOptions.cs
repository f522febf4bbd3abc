using System.CommandLine;
using ClipSeg.Numerics;

namespace ClipSeg.Cli;

/// <summary><c>--threads</c> and <c>--precision</c>, of every command that computes.</summary>
internal sealed class ComputeOptions
{
    private static readonly Precision[] _precisions = [Precision.Float32, Precision.BFloat16, Precision.Int8];

    private readonly Option<string> _precision;

    private readonly Option<int?> _threads = new Option<int?>("--threads")
    {
        Description = "How many processors to use; by default all.",
        HelpName = "N",
    }.Between(1, 1024);

    /// <param name="training">Whether gradients are computed, for which integers will not do.</param>
    public ComputeOptions(bool training = false)
    {
        string[] names = [.. _precisions.Select(NameOf).Take(training ? 2 : 3)];
        _precision = new("--precision")
        {
            Description = "What matrix products multiply: f32 is exact, bf16 is twice as fast"
                + (training ? "." : ", int8 faster still."),
            HelpName = string.Join('|', names),
            DefaultValueFactory = _ => names[0],
        };
        _precision.AcceptOnlyFromAmong(names);
    }

    /// <summary>What a precision is called on the command line and in results.</summary>
    public static string NameOf(Precision precision) => precision switch
    {
        Precision.BFloat16 => "bf16",
        Precision.Int8 => "int8",
        _ => "f32",
    };

    public void AddTo(Command command)
    {
        AddThreadsTo(command);
        AddPrecisionTo(command);
    }

    public void AddThreadsTo(Command command) => command.Options.Add(_threads);

    public void AddPrecisionTo(Command command) => command.Options.Add(_precision);

    /// <summary>The precision of this name.</summary>
    public static Precision Named(string name) => _precisions.Single(p => NameOf(p) == name);

    /// <summary>Null for one per processor.</summary>
    public int? Threads(ParseResult parsed) => parsed.GetValue(_threads);

    public Precision PrecisionOf(ParseResult parsed)
        => Named(parsed.GetValue(_precision)!);
}
