using ClipSeg.Peers;

// "serve" is ClipSeg as one of the engines that are compared (scripts/bench-peers.cs).
if (args is ["serve"])
{
    using PeerServer server = new();
    server.Run(Console.In, Console.Out);
    return 0;
}
return PeersCommand.Run(args);
