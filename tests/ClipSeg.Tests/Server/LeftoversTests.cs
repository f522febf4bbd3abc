using ClipSeg.Server;

namespace ClipSeg.Tests.Server;

public sealed class LeftoversTests
{
    [Fact]
    public void What_is_left_is_collected_each_time_it_is_much()
    {
        long allocated = 1000;
        int collected = 0;
        Leftovers leftovers = new(() => allocated, () => collected++);

        leftovers.Look();
        allocated += Leftovers.Most - 1;
        leftovers.Look();
        Assert.Equal(0, collected);

        allocated += 1;
        leftovers.Look();
        leftovers.Look();
        Assert.Equal(1, collected);

        allocated += 3 * Leftovers.Most;
        leftovers.Look();
        leftovers.Look();
        Assert.Equal(2, collected);
    }
}
