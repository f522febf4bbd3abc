using System.Collections.Concurrent;
using ClipSeg.Cli.Segmenting;

namespace ClipSeg.Tests.Cli;

public sealed class PipelineTests
{
    private static readonly int[] _numbers = [.. Enumerable.Range(0, 200)];

    [Fact]
    public void Items_are_computed_and_reported_in_their_order_whatever_the_other_stages_take()
    {
        List<int> computed = [], reported = [];
        ConcurrentDictionary<int, bool> prepared = [], finished = [];

        Pipeline.Run(_ => _numbers,
            n => { Delay(n); prepared[n] = true; },
            n => { Assert.True(prepared[n]); computed.Add(n); },
            n => { Delay(n + 1); finished[n] = true; },
            n => { Assert.True(finished[n]); reported.Add(n); }, ahead: 4);

        Assert.Equal(_numbers, computed);
        Assert.Equal(_numbers, reported);
    }

    [Fact]
    public void Few_items_are_under_way_at_once()
    {
        int under = 0, most = 0;
        IEnumerable<int> Items()
        {
            foreach (int n in _numbers)
            {
                most = Math.Max(most, Interlocked.Increment(ref under));
                yield return n;
            }
        }

        Pipeline.Run(_ => Items(), _ => { }, _ => { }, _ => Thread.Sleep(1), _ => Interlocked.Decrement(ref under), 3);

        // Three before and three after the network, one in it, and one in each thread between.
        Assert.InRange(most, 2, 10);
    }

    [Fact]
    public void Items_have_threads_of_their_own_no_more_than_may_be()
    {
        int now = 0, most = 0;
        Lock counting = new();
        void Work(int n)
        {
            Assert.False(Thread.CurrentThread.IsThreadPoolThread);
            lock (counting) most = Math.Max(most, ++now);
            Thread.Sleep(1);
            lock (counting) now--;
        }

        Pipeline.Run(_ => _numbers, Work, _ => { }, _ => { }, _ => { }, ahead: 8, threads: 2);

        Assert.Equal(2, most);
    }

    [Fact]
    public void The_stages_overlap()
    {
        using ManualResetEventSlim second = new(), first = new();
        Pipeline.Run<int>(_ => [1, 2],
            _ => { },
            n => { if (n == 2) Assert.True(first.Wait(TimeSpan.FromSeconds(60))); },
            n => { if (n == 1) first.Set(); },
            _ => { }, ahead: 1);

        // The finishing of 1 waits for the computing of 2: with stages in turns it would wait for ever.
        Pipeline.Run<int>(_ => [1, 2],
            _ => { },
            n => { if (n == 2) second.Set(); },
            n => { if (n == 1) Assert.True(second.Wait(TimeSpan.FromSeconds(60))); },
            _ => { }, ahead: 1);
    }

    [Theory]
    [InlineData("items")]
    [InlineData("prepare")]
    [InlineData("compute")]
    [InlineData("finish")]
    [InlineData("report")]
    [InlineData("prepare", 3)]
    [InlineData("items", 3)]
    public void What_a_stage_throws_ends_the_run_and_what_came_before_is_reported(string stage, int threads = 0)
    {
        List<int> reported = [];
        void Fail(string here, int n)
        {
            if (here == stage && n == 100) throw new InvalidDataException($"{here} {n}");
        }
        IEnumerable<int> Items() => _numbers.Select(n =>
        {
            Fail("items", n);
            return n;
        });

        InvalidDataException thrown = Assert.Throws<InvalidDataException>(() => Pipeline.Run(_ => Items(),
            n => Fail("prepare", n), n => Fail("compute", n), n => Fail("finish", n),
            n => { Fail("report", n); reported.Add(n); }, ahead: 4, threads));

        Assert.Equal($"{stage} 100", thrown.Message);
        Assert.Equal(_numbers[..100], reported);
    }

    private static void Delay(int n)
    {
        if (n % 7 == 0) Thread.Sleep(2);
    }
}
