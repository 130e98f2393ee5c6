using System.Globalization;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Transport;

namespace VhostUser.Tests.LinkProcess;

/// <summary>A host of a mesh: a guest on a server on a bridge, whose other ports are links to the other hosts.</summary>
internal static class MeshNode
{
    /// <summary>Works the lines of the standard input until it ends: "send" broadcasts a packet, "count" tells how many came from each host.</summary>
    /// <param name="id">Number of this host, 0 to 9.</param>
    /// <param name="links">As "listen:ADDRESS:PORT,connect:ADDRESS:PORT".</param>
    /// <param name="folder">For the socket.</param>
    /// <param name="common">What all links have in common.</param>
    public static void Run(int id, string links, string folder, IbTransportOptions common)
    {
        string socket = Path.Combine(folder, "mesh.sock");
        using VhostBridge bridge = VhostBridge.Create(new VhostBridgeOptions { Name = "mesh" });
        using VhostServer server = VhostServer.Start(new VhostServerOptions { Name = "mesh", Path = socket });
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "mesh", Size = 16 << 20 });
        using VhostClient client = VhostClient.Connect(new VhostClientOptions { Name = "guest", Path = socket, Regions = [region], QueueSize = 1024 });
        bridge.AddServer(server);
        IbTransport[] made = [.. links.Split(',').Select((link, index) => Make(common, link, index, bridge))];
        Console.WriteLine("ready");
        foreach (IbTransport link in made)
        {
            if (!link.WaitFor([IbTransportState.Up], TimeSpan.FromSeconds(60))) Console.WriteLine($"failed not up: {link.Snapshot().Fault}");
        }
        Console.WriteLine($"up {made.Count(link => link.State == IbTransportState.Up)} links");
        var counts = new int[10];
        while (Console.ReadLine() is string line)
        {
            if (line == "send") client.Send(Broadcast(id), 1, 1, 0, TimeSpan.FromSeconds(10), default);
            Count(client, counts);
            Console.WriteLine($"counts {string.Join(' ', counts)}; links {string.Join(' ', made.Select(link => $"{link.State}/{link.Snapshot().Sessions}"))}");
        }
        foreach (IbTransport link in made) link.Dispose();
    }

    private static IbTransport Make(IbTransportOptions common, string link, int index, VhostBridge bridge)
    {
        string[] parts = link.Split(':');
        bool listens = parts[0] == "listen";
        return IbTransport.Create(common with
        {
            Name = $"link{index}",
            Listen = listens ? parts[1] : null,
            Connect = listens ? null : parts[1],
            Port = int.Parse(parts[2], CultureInfo.InvariantCulture),
        }, bridge);
    }

    private static byte[] Broadcast(int id)
    {
        byte[] frame = new byte[100];
        new byte[] { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, (byte)id, 0x88, 0xb5 }.CopyTo(frame, 0);
        return frame;
    }

    private static void Count(VhostClient client, int[] counts)
    {
        var received = new List<ReceivedPacket>();
        while (client.Receive(received, 0, 64, TimeSpan.FromMilliseconds(100), default) > 0) { }
        foreach (ReceivedPacket packet in received) counts[packet.Bytes.Span[11]]++;
    }
}
