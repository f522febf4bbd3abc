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
        string[] names = [.. PrecisionNames.All.Take(training ? 2 : 3)];
        _precision = new("--precision")
        {
            Description = "What matrix products multiply: f32 is exact, bf16 is twice as fast"
                + (training ? "." : ", int8 faster still."),
            HelpName = string.Join('|', names),
            DefaultValueFactory = _ => names[0],
        };
        _precision.AcceptOnlyFromAmong(names);
    }

    public void AddTo(Command command)
    {
        AddThreadsTo(command);
        AddPrecisionTo(command);
    }

    public void AddThreadsTo(Command command) => command.Options.Add(_threads);

    public void AddPrecisionTo(Command command) => command.Options.Add(_precision);

    /// <summary>Null for one per processor.</summary>
    public int? Threads(ParseResult parsed) => parsed.GetValue(_threads);

    public Precision PrecisionOf(ParseResult parsed) => PrecisionNames.Parse(parsed.GetValue(_precision)!);
}
