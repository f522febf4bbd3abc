using System.Runtime.ExceptionServices;

namespace ClipSeg.Numerics;

/// <summary>
/// The threads that the kernels of one engine share: a small pool, static splits, a short spin before a thread sleeps.
/// </summary>
/// <remarks>
/// This is the only place where work is split over threads. Each part of a job belongs to one thread, whose caches it
/// suits; a part that its thread has not begun when the caller is done with its own, for want of a processor, is the
/// caller's.
/// </remarks>
internal sealed class Workers : IDisposable
{
    /// <summary>How often a waiting thread looks for work before it sleeps: about 20 microseconds.</summary>
    private const int SpinsBeforeSleep = 400;

    [ThreadStatic]
    private static bool _inside;        // what is split runs on the thread that it is split on

    private readonly Compute _owner;
    private readonly Lock _oneJobAtATime = new();
    private readonly List<Worker> _workers = [];
    private readonly int[] _offers;     // per part, whether nobody has taken it yet
    private Action<int, int>? _body;
    private int _total;
    private int _parts;
    private int _running;
    private Exception? _failure;
    private volatile bool _disposed;

    /// <param name="owner">What the kernels that run on these threads compute with.</param>
    /// <param name="count">How many threads a kernel uses, the caller's included.</param>
    public Workers(Compute owner, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        (_owner, Count, _offers) = (owner, count, new int[count]);
    }

    /// <summary>How many threads a kernel uses, the caller's included.</summary>
    public int Count { get; }

    /// <summary>
    /// Calls <paramref name="body"/>(start, end) for contiguous ranges that cover 0..<paramref name="total"/>, one per
    /// thread, none (but the last) shorter than <paramref name="grain"/>. Runs inline if that leaves one range, if it
    /// is called from inside another split or by a thread that works <see cref="Alone"/>, or if another caller has the
    /// pool.
    /// </summary>
    public static void Split(int total, int grain, Action<int, int> body)
        => Compute.Current.Workers.SplitHere(total, grain, body);

    /// <summary>
    /// Calls <paramref name="body"/>(i) for 0..<paramref name="total"/>, each as soon as a thread is free: for few and
    /// large pieces of work, where a slower processor should do fewer of them.
    /// </summary>
    public static void Each(int total, Action<int> body)
    {
        int next = 0;
        Split(Math.Min(total, Compute.Current.Workers.Count), 1, (_, _) =>
        {
            for (int i = Interlocked.Increment(ref next) - 1; i < total; i = Interlocked.Increment(ref next) - 1)
                body(i);
        });
    }

    /// <summary>
    /// Calls <paramref name="body"/>(i) for 0..<paramref name="total"/>, as many at once as there are threads, which
    /// then need not wait for each other; what does not fill a round of that follows on all threads, one by one.
    /// </summary>
    public static void EachApart(int total, Action<int> body)
    {
        int apart = total - total % Compute.Current.Workers.Count;
        Each(apart, body);
        for (int i = apart; i < total; i++) body(i);
    }

    /// <summary>Until the result is disposed, what this thread computes is not split: others have work of their own.
    /// </summary>
    /// <param name="alone">If not, nothing changes.</param>
    public static Turn Alone(bool alone = true)
    {
        Turn turn = new(_inside);
        _inside |= alone;
        return turn;
    }

    /// <summary>Ends the threads, once the job that runs is done.</summary>
    public void Dispose()
    {
        lock (_oneJobAtATime)
        {
            _disposed = true;
            foreach (Worker worker in _workers) worker.Wake();
            _workers.Clear();
        }
    }

    private void SplitHere(int total, int grain, Action<int, int> body)
    {
        if (total <= 0) return;
        int parts = Math.Min(Count, (total + grain - 1) / grain);
        if (parts <= 1 || _inside || _disposed || !_oneJobAtATime.TryEnter())
        {
            body(0, total);
            return;
        }

        try
        {
            while (_workers.Count < parts - 1) _workers.Add(new(this, _workers.Count + 1));
            (_body, _total, _parts, _failure) = (body, total, parts, null);
            Volatile.Write(ref _running, parts - 1);
            for (int i = 1; i < parts; i++)
            {
                Volatile.Write(ref _offers[i], 1);
                _workers[i - 1].Wake();
            }

            Run(0);
            for (int i = 1; i < parts; i++) RunIfOffered(i);
            SpinWait wait = new();
            while (Volatile.Read(ref _running) > 0) wait.SpinOnce(sleep1Threshold: -1);

            Exception? failure = _failure;
            (_body, _failure) = (null, null);
            if (failure is not null) ExceptionDispatchInfo.Throw(failure);      // as if it had run inline
        }
        finally
        {
            _oneJobAtATime.Exit();
        }
    }

    private void RunIfOffered(int part)
    {
        if (Interlocked.Exchange(ref _offers[part], 0) == 0) return;
        Run(part);
        Interlocked.Decrement(ref _running);
    }

    private void Run(int part)
    {
        _inside = true;
        try
        {
            int start = (int)((long)_total * part / _parts);
            int end = (int)((long)_total * (part + 1) / _parts);
            _body!(start, end);
        }
        catch (Exception e)
        {
            _failure = e;
        }
        finally
        {
            _inside = false;
        }
    }

    /// <summary>Restores what was before.</summary>
    public readonly ref struct Turn(bool inside)
    {
        public void Dispose() => _inside = inside;
    }

    private sealed class Worker
    {
        private readonly Workers _pool;
        private readonly int _part;
        private readonly SemaphoreSlim _sleep = new(0);
        private int _woken;

        public Worker(Workers pool, int part)
        {
            (_pool, _part) = (pool, part);
            new Thread(Loop) { IsBackground = true, Name = $"ClipSeg worker {part}" }.Start();
        }

        /// <summary>Gives the worker its part of the current job.</summary>
        public void Wake()
        {
            // 0 idle and spinning, 1 has work, 2 asleep.
            if (Interlocked.Exchange(ref _woken, 1) == 2) _sleep.Release();
        }

        private void Loop()
        {
            using Compute.Entry entry = _pool._owner.Enter();
            while (true)
            {
                int spins = 0;
                while (Volatile.Read(ref _woken) != 1)
                {
                    if (++spins < SpinsBeforeSleep) Thread.SpinWait(8);
                    else if (Interlocked.CompareExchange(ref _woken, 2, 0) == 0) _sleep.Wait();
                }
                Volatile.Write(ref _woken, 0);
                if (_pool._disposed) return;
                _pool.RunIfOffered(_part);
            }
        }
    }
}
