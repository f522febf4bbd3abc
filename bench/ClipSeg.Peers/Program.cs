using System.Globalization;
using System.Text.Json;
using ClipSeg.Peers;

// "clipseg", "onnx default" and "onnx tuned" are engines that answer requests; with more arguments, "onnx" makes one
// mask and ends. Anything else compares engines (scripts/bench-peers.cs).
switch (args)
{
    case ["clipseg"]:
        Serve(new OwnPeer());
        return 0;
    case ["onnx", string options]:
        Serve(new OnnxPeer(tuned: options == "tuned"));
        return 0;
    case ["onnx", string options, string folder, string picture, string ids, string mask, string side, string threads]:
        int[] prompt = JsonSerializer.Deserialize<int[][]>(ids)![0];
        OnnxPeer.Cold(options == "tuned", folder, picture, prompt, mask, Number(side), Number(threads));
        return 0;
    default:
        return PeersCommand.Run(args);
}

static void Serve(IPeer peer)
{
    using PeerServer server = new(peer);
    server.Run(Console.In, Console.Out);
}

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
