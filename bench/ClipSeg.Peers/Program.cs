using System.Globalization;
using System.Text.Json;
using ClipSeg.Peers;

// "clipseg" and "onnx" are engines that answer requests; with more arguments, they make one mask and end. Anything
// else compares engines (scripts/bench-peers.cs).
switch (args)
{
    case ["clipseg" or "onnx", _]:
        {
            using PeerServer server = new(Peer(args));
            server.Run(Console.In, Console.Out);
            return 0;
        }
    case ["clipseg" or "onnx", string variant, string folder, string picture, string ids, string mask, string side,
        string threads]:
        {
            using IPeer peer = Peer(args, once: true);
            peer.Load(folder, precision: variant, Number(threads));
            PeerCold.Once(peer, picture, JsonSerializer.Deserialize<int[][]>(ids)![0], mask, Number(side));
            return 0;
        }
    default:
        return PeersCommand.Run(args);
}

static IPeer Peer(string[] args, bool once = false) => args[0] == "clipseg"
    ? new OwnPeer { AskedOnce = once } : new OnnxPeer(tuned: args[1] == "tuned");

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
