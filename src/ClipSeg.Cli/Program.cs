using ClipSeg.Cli;

using CancellationTokenSource stop = new();
Console.CancelKeyPress += (_, pressed) =>
{
    // The first time, what is being written is finished or removed; the second time, the process just ends.
    pressed.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
};
return CommandLine.Run(args, Terminal.OfProcess(stop.Token));
