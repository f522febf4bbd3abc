using System.CommandLine;

namespace ClipSeg.Peers;

/// <summary><c>peers</c>: measures engines side by side. scripts/bench-peers.cs sets them up.</summary>
internal static class PeersCommand
{
    public static int Run(string[] args)
    {
        Option<int> threads = new("--threads") { DefaultValueFactory = _ => 2, Description = "For each engine." };
        Option<int> rounds = new("--rounds") { DefaultValueFactory = _ => 7, Description = "Turns of every engine." };
        Option<string> precisions = new("--precisions")
        {
            DefaultValueFactory = _ => "f32,bf16,int8",
            Description = "Of ClipSeg.",
        };
        Option<string[]> only = new("--only")
        {
            AllowMultipleArgumentsPerToken = true,
            Description = "Scenarios, by their names in peers.json: one-352 ten many one-224 one-512 one-704 cold box "
                + "box-ten; by default all.",
        };
        Option<string> skip = new("--skip")
        {
            DefaultValueFactory = _ => "",
            Description = "Engines whose names contain this are not measured, such as transformers.",
        };
        Option<bool> quick = new("--quick") { Description = "A tiny round with a toy model: whether it all works." };
        Option<string?> output = new("--output")
        {
            Description = "The folder for peers.md, peers.json and peers.png; by default this machine's "
                + "in bench/results, with --quick one in that of --work.",
        };
        Option<string> work = new("--work")
        {
            DefaultValueFactory = _ => Path.Combine("runs", "peers"),
            Description = "A folder for models and inputs, 3.1 GB, which are kept.",
        };
        Option<string> box = new("--box")
        {
            DefaultValueFactory = _ => Path.Combine("models", "clipseg-emoji"),
            Description = "The model in the box.",
        };
        Option<string> clipseg = new("--clipseg") { Required = true, Description = "The program of src/ClipSeg.Cli." };
        RootCommand command =
            new("Measures ClipSeg, ONNX Runtime, Transformers.js and PyTorch side by side, in the repository.")
        {
            threads, rounds, precisions, only, skip, quick, output, work, box, clipseg,
        };
        command.SetAction(parsed =>
        {
            (string program, string without) = (Environment.ProcessPath!, parsed.GetValue(skip)!);
            PeerOptions options = new()
            {
                Engines = [.. Engines(parsed.GetValue(precisions)!, program)
                    .Where(e => without.Length == 0 || !e.Name.Contains(without, StringComparison.Ordinal))],
                Only = parsed.GetValue(only) ?? [],
                Clipseg = parsed.GetValue(clipseg)!,
                Work = parsed.GetValue(work)!,
                Box = parsed.GetValue(box)!,
                Toy = Path.Combine("tests", "fixtures", "model", "mini"),
                Threads = parsed.GetValue(threads),
                Rounds = parsed.GetValue(quick) ? 1 : parsed.GetValue(rounds),
                Quick = parsed.GetValue(quick),
            };
            PeerResults results = new PeerRun(options, Console.WriteLine).Measure();
            string folder = parsed.GetValue(output) ?? (options.Quick
                ? Path.Combine(options.Work, "quick")
                : Path.Combine("bench", "results", PeerOptions.MachineName()));
            PeerReport.Write(results, folder);
            Console.WriteLine($"Results are in {folder}.");
            return 0;
        });
        return command.Parse(args).Invoke();
    }

    private static IEnumerable<PeerEngine> Engines(string precisions, string program) =>
    [
        .. precisions.Split(',').Select(p => PeerEngine.Ours(p, program)), .. PeerEngine.Onnx(program),
        .. PeerEngine.InNode(Path.Combine("bench", "peers")), PeerEngine.InPython(Path.Combine("bench", "peers")),
    ];
}
