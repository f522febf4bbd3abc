using System.Text.Json;
using ClipSeg.Tests.Cli;
using ClipSeg.Tests.Training.Data;
using ClipSeg.Training.Data;
using ClipSeg.Training.Evaluation;
using ClipSeg.Training.Reports;

namespace ClipSeg.Tests.Training.Evaluation;

public sealed class EvaluationLoopTests : IDisposable
{
    private const int Pictures = 40;

    private readonly TemporaryFolder _folder = new();
    private readonly Segmenter _segmenter = Segmenter.Load(CliRun.Mini);

    public EvaluationLoopTests() => PictureFolder.Write(_folder.Path, Pictures);

    public void Dispose()
    {
        _segmenter.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void An_evaluation_that_is_stopped_goes_on_and_ends_with_the_same_numbers()
    {
        string journal = _folder.At("new", "journal");
        using CancellationTokenSource stop = new();
        List<int> before = [], after = [];
        Assert.Throws<OperationCanceledException>(() => Run(new()
        {
            Journal = journal,
            Stop = stop.Token,
            OnUnit = (done, _) =>
            {
                before.Add(done);
                if (done >= 0.6 * Pictures) stop.Cancel();
            },
        }));
        File.AppendAllText(journal, "{\"Samples\":[{\"Pict");          // as if it had been killed while writing
        string resumed = Run(new() { Journal = journal, OnUnit = (done, _) => after.Add(done) });
        Assert.Equal(before[^1], after[0]);
        Assert.True(after.Count > 1);
        Assert.Equal(Run(new()), resumed);
        Assert.Equal(resumed, Run(new() { Journal = journal }));        // all of it from the journal
    }

    [Fact]
    public void Another_evaluations_journal_is_refused_and_so_is_a_damaged_one()
    {
        string journal = _folder.At("journal");
        Run(new() { Journal = journal });
        Assert.Contains("is of another evaluation",
            Assert.Throws<DataFormatException>(() => Run(new() { Journal = journal, Limit = 3 })).Message);
        string[] lines = File.ReadAllLines(journal);
        Assert.Equal(Pictures + 1, lines.Length);
        lines[7] = "{}";
        File.WriteAllLines(journal, lines);
        Assert.Contains($"'{journal}', line 8: ",
            Assert.Throws<DataFormatException>(() => Run(new() { Journal = journal })).Message);
    }

    private string Run(EvaluationRun run)
    {
        ReferringTask task = new(new MaskFolder(_folder.Path), 0.5, asPublished: false) { Data = "pictures" };
        return JsonSerializer.Serialize(task.Run(_segmenter, "mini", run), TaskJson.Readable.TaskResult);
    }
}
