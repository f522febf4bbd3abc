using System.Runtime.InteropServices;
using ClipSeg.Cli;

using CancellationTokenSource stop = new();
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return CommandLine.Run(args, Terminal.OfProcess(stop.Token));

void Stop(PosixSignalContext signal)
{
    // The first time, what is being written is finished or removed; the second time, the process just ends.
    signal.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}
