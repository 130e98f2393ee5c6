using System.Diagnostics;
using VhostUser.Devices.Net;
using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Tests.Interop;
using VhostUser.Transport;

namespace VhostUser.Bench.Link;

/// <summary>The whole way: a client's ring, a server, a link, and at the other end a server and a client's ring.</summary>
internal sealed class RingEnd : IDisposable
{
    private const int Burst = 64;
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);

    private readonly SocketFolder _folder = new();
    private readonly VhostServer _server;
    private readonly SharedRegion _region;
    private readonly VhostClient _client;

    public RingEnd(LinkProvider provider, string? listen, string? connect, int port)
    {
        _server = VhostServer.Start(new VhostServerOptions { Name = "bench", Path = _folder.Socket });
        _region = SharedRegion.Create(new SharedRegionOptions { Name = "bench", Size = 64 << 20 });
        _client = VhostClient.Connect(new VhostClientOptions { Name = "bench", Path = _folder.Socket, Regions = [_region], QueueSize = 1024, BufferSize = 2048 });
        Transport = IbTransport.Create(new IbTransportOptions { Name = "bench", Listen = listen, Connect = connect, Port = port, Provider = provider, Mode = LinkMode.Bundle, DropAfter = TimeSpan.FromSeconds(20) }, _server);
    }

    public IbTransport Transport { get; }

    public void Send(int size, TimeSpan time)
    {
        WaitUntilUp();
        byte[] frame = new byte[size];
        NetTransmitter transmitter = _client.TransmitterOf(1);
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < time)
            if (_client.SendBurst(transmitter, frame, Burst) == 0) Thread.Yield(); // the server may need this core
    }

    public Stream Receive()
    {
        WaitUntilUp();
        NetReceiver receiver = _client.ReceiverOf(0);
        var counter = new Counter();
        var stream = new Stream();
        ulong received = 0;
        long heard = 0;
        while (heard == 0 || Stopwatch.GetElapsedTime(heard) < Silence)
        {
            int count = _client.ReceiveBurst(receiver, ref counter, Burst);
            if (count == 0)
            {
                Thread.Yield();
                continue;
            }
            stream.Count(received += (ulong)count);
            heard = Stopwatch.GetTimestamp();
        }
        return stream;
    }

    public void Dispose()
    {
        Transport.Dispose();
        _client.Dispose();
        _server.Dispose();
        _region.Dispose();
        _folder.Dispose();
    }

    private void WaitUntilUp()
    {
        if (!Transport.WaitFor([IbTransportState.Up], TimeSpan.FromSeconds(20))) throw new TimeoutException($"the link did not come up: {Transport.Snapshot().Fault}");
    }

    private struct Counter : IPacketConsumer
    {
        public readonly void Consume(in PacketView packet, Segment header) { }
    }
}
