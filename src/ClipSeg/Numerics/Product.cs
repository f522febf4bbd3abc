namespace ClipSeg.Numerics;

/// <summary>
/// A product with a weight, activation(x Wᵀ + bias), that is computed when it is used: adding it to something costs no
/// pass over memory of its own.
/// </summary>
internal readonly struct Product
{
    private readonly Tensor _x;
    private readonly Parameter? _weight;    // null: x is the result
    private readonly Parameter? _bias;
    private readonly Activation _activation;

    public Product(Tensor x, Parameter weight, Parameter? bias, Activation activation)
        => (_x, _weight, _bias, _activation) = (x, weight, bias, activation);

    private Product(Tensor result) => _x = result;

    /// <summary>What makes the rows that the weight multiplies out of x; null if x is those rows.</summary>
    public InnerLayer? First { get; init; }

    public static implicit operator Tensor(Product p) => p.AddTo(null);

    public static Tensor operator +(Tensor addend, Product p) => p.AddTo(addend);

    /// <summary>The same product, while no tape asks for dropout.</summary>
    public Product Dropout() => Tape.Current is { Dropout: > 0 } ? new(AddTo(null).Dropout()) : this;

    private Tensor AddTo(Tensor? addend)
    {
        if (_weight is not null && (addend is null || addend.Rows == _x.Rows))
            return Of(addend);
        Tensor result = _weight is null ? _x : Of(null);
        return addend is null ? result : addend + result;
    }

    private Tensor Of(Tensor? addend) => First is null ? _x.Linear(_weight!, _bias, _activation, addend)
        : _x.TwoLayers(First, _weight!, _bias, addend);
}

/// <summary>A layer whose result only another one reads: activation(x Wᵀ + bias).</summary>
internal sealed record InnerLayer(Parameter Weight, Parameter? Bias, Activation Activation);
