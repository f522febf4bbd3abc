using ClipSeg.Numerics;
using ClipSeg.Training.Reports;

namespace ClipSeg.Training.Evaluation;

/// <summary>Keeps the questions with the best and with the worst answers, and some at random.</summary>
internal sealed class ExampleChoice
{
    private const int Each = 6;

    private readonly PriorityQueue<TaskExample, double> _best = new(), _worst = new(), _some = new();

    /// <param name="score">What ranks it: higher is better.</param>
    public void Add(int unit, int sample, string phrase, double score)
    {
        Keep(_best, "best", score);
        Keep(_worst, "worst", -score);
        Keep(_some, "random", new RandomStream(RandomUse.EvaluatedExamples, sample, unit).NextDouble());

        void Keep(PriorityQueue<TaskExample, double> queue, string choice, double rank)
        {
            queue.Enqueue(new(choice, unit, sample, phrase, score), rank);
            if (queue.Count > Each) queue.Dequeue();
        }
    }

    /// <summary>All that are kept.</summary>
    public IReadOnlyList<TaskExample> All() => [.. Drain(_best), .. Drain(_worst), .. Drain(_some)];

    private static IEnumerable<TaskExample> Drain(PriorityQueue<TaskExample, double> queue)
    {
        List<TaskExample> examples = [];
        while (queue.TryDequeue(out TaskExample? example, out _)) examples.Insert(0, example);
        return examples;
    }
}
