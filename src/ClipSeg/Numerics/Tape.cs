using System.Diagnostics.CodeAnalysis;

namespace ClipSeg.Numerics;

/// <summary>
/// Reverse-mode differentiation: while a tape is open on this thread, operations on tensors that want gradients record
/// how to pass a gradient back, and <c>Backward</c> runs those records in reverse.
/// </summary>
/// <example><code>
/// using TensorScope step = new();
/// using Tape tape = new();
/// Tensor loss = Loss(model.Forward(x), truth);
/// tape.Backward(loss);                           // parameter.Grad is now set
/// </code></example>
internal sealed class Tape : IDisposable
{
    [ThreadStatic]
    private static Tape? _current;

    [ThreadStatic]
    private static Tape? _running;

    private readonly Tape? _outer;
    private readonly List<(Tensor Result, Action Backward)> _records = [];
    private readonly Dictionary<Parameter, Tensor> _gradients = [];
    private RandomStream _random;

    public Tape()
    {
        _outer = _current;
        _current = this;
    }

    /// <summary>The probability with which <see cref="Tensor.Dropout"/> zeroes an element; 0 by default.</summary>
    public float Dropout { get; init; }

    /// <summary>What the dropout of this tape is drawn from: the same stream, the same zeros.</summary>
    internal RandomStream Random { init => _random = value; }

    /// <summary>The tape of this thread, if one is open.</summary>
    public static Tape? Current => _current;

    /// <summary>Runs the recorded operations backwards from <paramref name="loss"/>, whose gradient is 1.</summary>
    public void Backward(Tensor loss)
    {
        if (loss.Length != 1) Throw.Shape(nameof(Backward), loss.Shape, "a single element");
        Tensor one = Tensor.Empty(loss.Shape);
        one.Data[0] = 1;
        Backward(loss, one);
    }

    /// <summary>The same from any tensor, given the gradient with respect to it (of the same shape).</summary>
    public void Backward(Tensor y, Tensor gradient)
    {
        Run(y, gradient);
        AddToParameters();
    }

    /// <summary>Runs backwards, but keeps the parameters' gradients until <see cref="AddToParameters"/>.</summary>
    internal void Run(Tensor y, Tensor gradient)
    {
        if (!gradient.Shape.SequenceEqual(y.Shape))
            Throw.ShapeMismatch(nameof(Backward), gradient.Shape, y.Shape);
        if (!y.RequiresGrad)
            throw new InvalidOperationException("Nothing on the tape leads to this tensor: no input wants a gradient.");

        (Tape? current, Tape? running) = (_current, _running);
        (_current, _running) = (null, this);        // what backward computes is not itself recorded
        try
        {
            gradient.Data.CopyTo(y.GradTarget(out _).Data);
            for (int i = _records.Count - 1; i >= 0; i--)
            {
                (Tensor result, Action backward) = _records[i];
                if (result.Grad is null) continue;              // the loss does not depend on it
                backward();
                result.ReleaseGrad();
            }
        }
        finally
        {
            (_current, _running) = (current, running);
        }
    }

    /// <summary>Adds what <see cref="Run"/> collected to the parameters' gradients.</summary>
    internal void AddToParameters()
    {
        foreach ((Parameter parameter, Tensor gradient) in _gradients)
        {
            Kernels.Add(gradient.Data, parameter.Value.AddableGrad().Data);
            gradient.ReturnBuffer();
        }
        _gradients.Clear();
    }

    /// <summary>Where an operation that runs backwards adds a parameter's gradient.</summary>
    internal static Tensor GradientOf(Parameter parameter)
    {
        Tape tape = _running ?? throw new InvalidOperationException("No tape is running backwards on this thread.");
        if (!tape._gradients.TryGetValue(parameter, out Tensor? gradient))
            tape._gradients[parameter] = gradient = Tensor.Rented(parameter.Shape);
        return gradient;
    }

    public void Dispose() => _current = _outer;

    /// <summary>Whether an operation on <paramref name="x"/> has to be recorded.</summary>
    [MemberNotNullWhen(true, nameof(Current))]
    internal static bool Records(Tensor x) => _current is not null && x.RequiresGrad;

    [MemberNotNullWhen(true, nameof(Current))]
    internal static bool Records(Tensor x, Tensor y) => _current is not null && (x.RequiresGrad || y.RequiresGrad);

    [MemberNotNullWhen(true, nameof(Current))]
    internal static bool Records(Tensor x, Parameter p, Parameter? q = null)
        => _current is not null && (x.RequiresGrad || p.Trainable || q is { Trainable: true });

    /// <summary>A seed for the next operation that draws random numbers.</summary>
    internal uint NextSeed() => (uint)(_random.NextBits() >> 32);

    /// <summary>Records that <paramref name="result"/> came of an operation, and how its gradient goes on.</summary>
    internal void Add(Tensor result, Action backward)
    {
        result.RequiresGrad = true;
        _records.Add((result, backward));
    }
}
