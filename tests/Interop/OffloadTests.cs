using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using VhostUser.Tests.Interop.Peers;
using Xunit;
using static VhostUser.Protocol.VirtioFeatures;

namespace VhostUser.Tests.Interop;

/// <summary>Large packets that nobody has cut yet, to DPDK and back: its net_vhost with tso=1, and flags that io forwarding keeps.</summary>
[Peer("DPDK net_vhost", "back-end")]
public class OffloadTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    [PeerTheory]
    [InlineData(5_000)]
    [InlineData(60_000)]
    public void A_large_TCP_packet_crosses_net_vhost_whole_in_both_directions(int bytes)
    {
        using SocketFolder folder = new();
        using SharedRegion region = SharedRegion.Create(new SharedRegionOptions { Name = "lab", Size = 64 << 20 });
        using Testpmd back = Testpmd.VhostBackEnd(folder.Socket, TestpmdMode.Io, new TestpmdOptions { ExtraDevice = "tso=1,legacy-ol-flags=1" });
        back.WaitUntilReady(Bound);
        using VhostClient client = VhostClient.Connect(new VhostClientOptions
        {
            Name = "vm0", Path = folder.Socket, Regions = [region], Retry = true, RequireFeatures = Csum | HostTso4 | GuestCsum | GuestTso4,
        });
        byte[] data = new byte[bytes];
        new Random(1).NextBytes(data);
        VhostPacket whole = PacketBuilder.Build(new PacketSpec { Protocol = PacketProtocol.Tcp, TcpFlags = TcpFlags.Ack, Payload = data });
        var received = new List<ReceivedPacket>();
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(1, client.Send(whole.LeaveSegments(1448), 1, 1, new SendPace(0), Bound, default));
            received.Clear();
            Assert.Equal(1, client.Receive(received, 0, 1, Bound, default));
            Assert.Equal(("TCPv4", 1448), (received[0].NetHeader.GsoType, received[0].NetHeader.GsoSize));
            Assert.True(received[0].NeedsChecksum);
            Assert.Equal(WithoutChecksum(whole), WithoutChecksum(received[0]));
        }
    }

    // DPDK writes the field anew and, for what is to be cut, leaves the length out of its sum: whoever cuts replaces it.
    private static string WithoutChecksum(VhostPacket packet)
    {
        byte[] frame = packet.Bytes.ToArray();
        frame.AsSpan(50, 2).Clear();
        return Convert.ToHexString(frame);
    }
}
