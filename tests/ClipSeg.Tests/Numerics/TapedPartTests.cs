using ClipSeg.Numerics;

namespace ClipSeg.Tests.Numerics;

public sealed class TapedPartTests
{
    [Fact]
    public void An_error_in_a_part_is_not_hidden_by_the_scopes_around_it()
    {
        Assert.Throws<FormatException>(() =>
        {
            using TensorScope scope = new();
            TapedPart.Record(() => throw new FormatException());
        });
        Assert.Null(TensorScope.Current);
        Assert.Null(Tape.Current);
    }
}
