using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;

namespace ClipSeg.Cli.Segmenting;

/// <summary>
/// Takes items through four stages that overlap: what comes before and after the network is done on other items, on
/// other threads, while the network works on one.
/// </summary>
internal static class Pipeline
{
    /// <summary>How many items wait where nothing else is known: enough for all processors, and few.</summary>
    public static int UsualAhead => Math.Clamp(Environment.ProcessorCount, 2, 8);

    /// <summary>Runs until all items are reported, or one fails.</summary>
    /// <remarks>
    /// What a stage throws ends the run and is thrown from here, once everything that is under way has come to an end.
    /// What was computed before is still reported.
    /// </remarks>
    /// <param name="items">Asked for one after another, a few ahead; may take their time, until the token is
    /// cancelled.</param>
    /// <param name="prepare">On several items at once.</param>
    /// <param name="compute">On one item after another, in their order, on the calling thread.</param>
    /// <param name="finish">On several items at once.</param>
    /// <param name="report">On one item after another, in their order.</param>
    /// <param name="ahead">How many items may wait before and after the network, at least 1: what bounds
    /// memory.</param>
    /// <param name="threads">How many threads of their own prepare items: for long work, which would keep the thread
    /// pool from those who wait for an answer. 0: the pool does, as many at once as may wait.</param>
    public static void Run<T>(Func<CancellationToken, IEnumerable<T>> items, Action<T> prepare, Action<T> compute,
        Action<T> finish, Action<T> report, int ahead, int threads = 0)
    {
        BoundedChannelOptions bounded = new(ahead) { SingleReader = true, SingleWriter = true };
        Channel<Task<T>> ready = Channel.CreateBounded<Task<T>>(bounded);
        Channel<Task<T>> done = Channel.CreateBounded<Task<T>>(bounded);
        CancellationTokenSource failed = new();
        _ = OnThread(() => Feed(items(failed.Token), prepare, threads, ready.Writer, failed.Token));
        Task reporting = OnThread(() => Report(done.Reader, report, failed));
        Exception? failure = null;
        try
        {
            while (TryTake(ready.Reader, failed.Token, out Task<T>? task))
            {
                T item = task.GetAwaiter().GetResult();
                compute(item);
                Put(done.Writer, Task.Run(() => Through(finish, item)), failed.Token);
            }
        }
        catch (Exception e)
        {
            failure = e;
            failed.Cancel();
        }

        // The source may be waiting for somebody to type: it is left to itself.
        done.Writer.Complete();
        try
        {
            reporting.GetAwaiter().GetResult();
        }
        catch (Exception e) when (failure is null or OperationCanceledException)
        {
            failure = e;
        }
        if (failure is not null) ExceptionDispatchInfo.Throw(failure);
    }

    private static void Feed<T>(IEnumerable<T> items, Action<T> prepare, int threads, ChannelWriter<Task<T>> ready,
        CancellationToken failed)
    {
        BlockingCollection<Task<T>> todo = [];
        for (int i = 0; i < threads; i++)
        {
            _ = OnThread(() =>
            {
                foreach (Task<T> task in todo.GetConsumingEnumerable()) task.RunSynchronously();
            });
        }
        try
        {
            foreach (T item in items) Put(ready, Begin(item), failed);
            ready.Complete();
        }
        catch (Exception e)
        {
            ready.TryComplete(e);       // whoever reads on gets it after what came before
        }
        todo.CompleteAdding();

        Task<T> Begin(T item)
        {
            if (threads == 0) return Task.Run(() => Through(prepare, item));
            Task<T> task = new(() => Through(prepare, item));
            todo.Add(task);
            return task;
        }
    }

    private static void Report<T>(ChannelReader<Task<T>> done, Action<T> report, CancellationTokenSource failed)
    {
        Exception? first = null;
        while (TryTake(done, CancellationToken.None, out Task<T>? task))
        {
            try
            {
                T item = task.GetAwaiter().GetResult();
                if (first is null) report(item);
            }
            catch (Exception e)
            {
                first ??= e;
                failed.Cancel();
            }
        }
        if (first is not null) ExceptionDispatchInfo.Throw(first);
    }

    private static T Through<T>(Action<T> stage, T item)
    {
        stage(item);
        return item;
    }

    private static Task OnThread(Action loop) => Task.Factory.StartNew(
        loop, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static void Put<T>(ChannelWriter<T> writer, T item, CancellationToken cancel)
        => writer.WriteAsync(item, cancel).AsTask().GetAwaiter().GetResult();

    private static bool TryTake<T>(
        ChannelReader<T> reader, CancellationToken cancel, [MaybeNullWhen(false)] out T item)
    {
        item = default;
        return reader.WaitToReadAsync(cancel).AsTask().GetAwaiter().GetResult() && reader.TryRead(out item);
    }
}
