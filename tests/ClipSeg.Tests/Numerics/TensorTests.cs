using ClipSeg.Numerics;

namespace ClipSeg.Tests.Numerics;

public sealed class TensorTests
{
    [Fact]
    public void Tensor_refuses_data_of_another_length()
        => Assert.Throws<ArgumentException>(() => new Tensor(new float[5], 2, 3));

    [Fact]
    public void Scope_reuses_memory_but_keeps_what_it_is_told_to()
    {
        Tensor kept;
        using (TensorScope scope = new())
        {
            kept = scope.Keep(Tensor.Zeros(4, 4).Reshape(16));
            Tensor.Zeros(4, 4);
        }
        using TensorScope other = new();
        Tensor reused = Tensor.Empty(4, 4);
        reused.Data.Fill(7);
        Assert.All(kept.Data.ToArray(), v => Assert.Equal(0, v));
    }

    [Fact]
    public void Memory_goes_back_to_where_it_came_from()
    {
        using Compute compute = new();
        using (TensorScope outside = new())
        {
            using Compute.Entry entry = compute.Enter();
            Tensor.Empty(1000).Data.Fill(7);
        }
        Assert.All(compute.Buffers.Take(1000)[..1000], v => Assert.Equal(7, v));
    }
}
