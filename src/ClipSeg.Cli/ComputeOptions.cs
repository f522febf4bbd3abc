using System.CommandLine;
using ClipSeg.Numerics;

namespace ClipSeg.Cli;

/// <summary><c>--threads</c> and <c>--precision</c>, of every command that computes.</summary>
internal sealed class ComputeOptions
{
    private readonly Option<string> _precision;

    private readonly Option<int?> _threads = new Option<int?>("--threads")
    {
        Description = "How many processors to use; by default all.",
        HelpName = "N",
    }.Between(1, 1024);

    /// <param name="training">Whether gradients are computed, for which integers will not do.</param>
    public ComputeOptions(bool training = false)
    {
        string[] names = training ? ["f32", "bf16"] : ["f32", "bf16", "int8"];
        _precision = new("--precision")
        {
            Description = "What matrix products multiply: f32 is exact, bf16 is twice as fast"
                + (training ? "." : ", int8 faster still."),
            HelpName = string.Join('|', names),
            DefaultValueFactory = _ => "f32",
        };
        _precision.AcceptOnlyFromAmong(names);
    }

    public void AddTo(Command command)
    {
        command.Options.Add(_threads);
        command.Options.Add(_precision);
    }

    /// <summary>Null for one per processor.</summary>
    public int? Threads(ParseResult parsed) => parsed.GetValue(_threads);

    public Precision Precision(ParseResult parsed) => parsed.GetValue(_precision) switch
    {
        "bf16" => Numerics.Precision.BFloat16,
        "int8" => Numerics.Precision.Int8,
        _ => Numerics.Precision.Float32,
    };
}
