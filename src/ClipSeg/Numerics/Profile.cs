using System.Diagnostics;

namespace ClipSeg.Numerics;

/// <summary>Where the time of one thread goes, while it exists: a record for each operation that says so.</summary>
/// <remarks>An operation costs one check for null while nobody listens.</remarks>
internal sealed class Profile : IDisposable
{
    [ThreadStatic]
    private static Profile? _current;

    private readonly List<Record> _records = [];
    private string? _stage;
    private long _inside;           // ticks of the operations that ended inside the one that runs

    public Profile() => _current = this;

    /// <summary>In the order in which they ended.</summary>
    public IReadOnlyList<Record> Records => _records;

    /// <summary>Times what happens until the result is disposed, if anybody listens.</summary>
    /// <param name="operation">What it is.</param>
    /// <param name="weight">Its weight, if it has one.</param>
    /// <param name="operations">Multiplications and additions of its matrix products.</param>
    public static Timing Measure(string operation, Parameter? weight = null, long operations = 0)
        => _current is { } profile ? new(profile, operation, weight, operations) : default;

    public void Dispose() => _current = null;

    /// <summary>One operation.</summary>
    /// <param name="Stage">The outermost operation around it; its own name if there is none.</param>
    /// <param name="Operation">What it is.</param>
    /// <param name="Weight">Its weight, if it has one.</param>
    /// <param name="Ticks">Of <see cref="Stopwatch"/>, without those of measured operations inside.</param>
    /// <param name="Operations">Multiplications and additions of its matrix products.</param>
    public sealed record Record(string Stage, string Operation, Parameter? Weight, long Ticks, long Operations);

    /// <summary>An operation that runs.</summary>
    public readonly ref struct Timing
    {
        private readonly Profile? _profile;
        private readonly string _operation;
        private readonly Parameter? _weight;
        private readonly long _operations, _start, _outerInside;
        private readonly bool _outermost;

        public Timing(Profile profile, string operation, Parameter? weight, long operations)
        {
            (_profile, _operation, _weight, _operations) = (profile, operation, weight, operations);
            _outermost = profile._stage is null;
            profile._stage ??= operation;
            (_outerInside, profile._inside) = (profile._inside, 0);
            _start = Stopwatch.GetTimestamp();
        }

        public void Dispose()
        {
            if (_profile is null) return;
            long ticks = Stopwatch.GetTimestamp() - _start;
            _profile._records.Add(new(_profile._stage!, _operation, _weight, ticks - _profile._inside, _operations));
            _profile._inside = _outerInside + ticks;
            if (_outermost) _profile._stage = null;
        }
    }
}
