using System.Globalization;
using System.Net;
using VhostUser.Endpoints;
using VhostUser.Transport;

namespace VhostUser.Bench.Link;

/// <summary>One end of ours in a process of its own, with the twin's command line.</summary>
internal static class LinkEndProcess
{
    /// <summary>The first argument that makes the benchmark's program be one.</summary>
    public const string Switch = "--link-end";

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    /// <param name="args">listen|connect PROVIDER ADDRESS PORT pingpong|send|bundle|ring SIZE SECONDS.</param>
    public static int Run(string[] args)
    {
        bool listens = args[0] == "listen";
        FabricProvider provider = FabricProvider.Of(Enum.Parse<LinkProvider>(args[1], ignoreCase: true));
        IPAddress address = IPAddress.Parse(args[2]);
        int port = int.Parse(args[3], CultureInfo.InvariantCulture), size = int.Parse(args[5], CultureInfo.InvariantCulture);
        TimeSpan time = TimeSpan.FromSeconds(double.Parse(args[6], CultureInfo.InvariantCulture));
        Stream? result = args[4] == "ring" ? Ring(listens, provider, address, port, size, time) : Fabric(listens, provider, address, port, args[4], size, time);
        if (result is not null) Console.WriteLine(result);
        return 0;
    }

    private static Stream? Ring(bool listens, FabricProvider provider, IPAddress address, int port, int size, TimeSpan time)
    {
        using RingEnd end = new(provider.Provider, listens ? $"{address}" : null, listens ? null : $"{address}", listens ? 0 : port);
        if (listens)
        {
            Console.WriteLine($"listening {IPEndPoint.Parse(end.Transport.Snapshot().Address).Port}");
            return end.Receive();
        }
        end.Send(size, time);
        return null;
    }

    private static Stream? Fabric(bool listens, FabricProvider provider, IPAddress address, int port, string what, int size, TimeSpan time)
    {
        // Whatever gets the engine ends it.
        byte[] token = new byte[FabricEngine.TokenSize];
        int slots = Math.Max(ChannelOptions.Slots, 2 * MessageEnd.Window);
        FabricEngine engine = listens ? FabricEngine.Listen(provider, address, 1, slots) : FabricEngine.ForPeer(provider, new IPEndPoint(address, port), address, 1, slots);
        if (listens)
        {
            Console.WriteLine($"listening {FabricEngine.ReadAddress(engine.Address).Port}");
            engine.Accept(token, Bound, default);
        }
        else
        {
            engine.Connect(token, Bound, default);
        }
        if (what == "bundle")
        {
            using BundleEnd bundle = new(engine, provider);
            if (listens) return bundle.Receive();
            bundle.Send(size, time);
            return null;
        }
        using MessageEnd end = new(engine);
        if (what == "pingpong" && !listens) return end.Ping(size, time);
        if (what != "pingpong" && listens) return end.Receive();
        if (listens) end.Pong(size);
        else end.Send(size, time);
        return null;
    }
}
