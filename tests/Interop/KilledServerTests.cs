using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using VhostUser.Tests.Interop.Peers;
using Xunit;
using Xunit.Abstractions;

namespace VhostUser.Tests.Interop;

/// <summary>
/// A server of ours in a process of its own, killed with SIGKILL under a client's traffic. The client keeps the record of what was in work
/// (INFLIGHT_SHMFD), so every request is answered at least once, whenever the server died.
/// </summary>
public sealed class KilledServerTests(ITestOutputHelper output) : IDisposable
{
    private const string Us = "198.18.0.2";
    private const int Burst = 40;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly SocketFolder _folder = new();
    private readonly SharedRegion _region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 16 << 20 });

    public void Dispose()
    {
        _region.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false, 128)]
    [InlineData(true, 128)]
    [InlineData(true, 100)]
    public void No_request_is_lost_in_ten_kills(bool packed, int size)
    {
        byte[] request = PacketBuilder.Build(new PacketSpec { Protocol = PacketProtocol.Arp, Source = System.Net.IPAddress.Parse("198.18.0.1"), Destination = System.Net.IPAddress.Parse(Us) }).Bytes.ToArray();
        ServerProcess server = ServerProcess.Start(_folder.Socket, Us, connect: false);
        try
        {
            using VhostClient client = VhostClient.Connect(new VhostClientOptions
            {
                Name = "vm", Path = _folder.Socket, Regions = [_region], QueueSize = size, Reconnect = true, RequireFeatures = packed ? VirtioFeatures.RingPacked : 0,
            });
            Assert.Contains("InflightShmfd", client.Snapshot().ProtocolFeatures);
            long sent = 0, answered = 0;
            var received = new List<ReceivedPacket>();
            for (int kill = 0; kill < 10; kill++)
            {
                for (int i = 0; i < 20; i++)
                {
                    // A window, or answers would find no receive buffer; half of the last burst is in work when the server dies.
                    Deadline.Wait(Collect, have => have >= sent - Burst / 2, Bound);
                    sent += client.Send(request, 1, Burst, 0, Bound, default);
                }
                server.Program.Kill();
                server.Dispose();
                server = ServerProcess.Start(_folder.Socket, Us, connect: false);
            }
            Deadline.Wait(Collect, have => have >= sent && client.GetVringStates(1)[0].InFlight == 0, Bound);
            VhostClientInfo info = client.Snapshot();
            output.WriteLine($"{sent} requests, {answered} answers, {info.Reconnects} reconnects, {info.Retransmitted} offered again");
            Assert.Equal((10, 0L), (info.Reconnects, info.Lost));
            Assert.Null(info.Fault);

            long Collect()
            {
                answered += client.Receive(received, 0, 1000, TimeSpan.FromSeconds(0.01), default);
                received.Clear();
                return answered;
            }
        }
        finally
        {
            server.Dispose();
        }
    }
}
