using System.Diagnostics;
using ClipSeg.Numerics;

namespace ClipSeg.Tests.Numerics;

public sealed class ProfileTests
{
    [Fact]
    public void Operations_are_recorded_with_their_stage_and_without_what_ran_inside_them()
    {
        using Profile profile = new();
        long start = Stopwatch.GetTimestamp();
        using (Profile.Measure("stage"))
        {
            Thread.Sleep(5);
            using (Profile.Measure("inner", new("key", [1], (_, y) => y.Fill(1)), 7)) Thread.Sleep(40);
        }
        long elapsed = Stopwatch.GetTimestamp() - start;
        using (Profile.Measure("other")) { }

        Assert.Equal([("stage", "inner"), ("stage", "stage"), ("other", "other")],
            profile.Records.Select(r => (r.Stage, r.Operation)));
        Assert.Equal(("key", 7), (profile.Records[0].Weight?.Name, profile.Records[0].Operations));
        Assert.InRange(profile.Records[0].Ticks + profile.Records[1].Ticks, 40 * Stopwatch.Frequency / 1000, elapsed);
        Assert.All(profile.Records, r => Assert.True(r.Ticks >= 0));
    }

    [Fact]
    public void A_product_says_its_weight_and_its_size()
    {
        Parameter weight = new("fc.weight", [5, 7], (_, y) => y.Fill(1));
        using Profile profile = new();
        Tensor.Zeros(2, 3, 7).Linear(weight, null);

        Profile.Record record = Assert.Single(profile.Records);
        Assert.Equal(("fc.weight", 2L * 6 * 5 * 7), (record.Weight?.Name, record.Operations));
    }

    [Fact]
    public void Nothing_is_recorded_when_the_profile_is_closed_or_on_another_thread()
    {
        Profile profile = new();
        Thread other = new(() => { using (Profile.Measure("elsewhere")) { } });
        other.Start();
        other.Join();
        profile.Dispose();
        using (Profile.Measure("later")) { }
        Assert.Empty(profile.Records);
    }
}
