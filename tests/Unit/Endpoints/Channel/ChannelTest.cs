using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;
using VhostUser.Tests.Endpoints.Traps;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Channel;

/// <summary>What the tests of the back-end's channel share: live servers and clients of ours, and one end of the channel by hand.</summary>
public abstract class ChannelTest : TrapTest
{
    private protected const ProtocolFeatures ChannelFeatures = ProtocolFeatures.ReplyAck | ProtocolFeatures.BackendReq | ProtocolFeatures.BackendSendFd;

    private int _regions;

    private protected static TimeSpan Limit => Soon;

    private protected SharedRegion Region() => SharedRegion.Create(new SharedRegionOptions { Name = "lab" + ++_regions, Size = 8 << 20 });

    private protected VhostClient Client(SharedRegion region, Func<VhostClientOptions, VhostClientOptions>? with = null)
    {
        var options = new VhostClientOptions { Name = "vm", Path = SocketPath, Regions = [region], QueueSize = 64 };
        return VhostClient.Connect(with is null ? options : with(options));
    }

    /// <summary>A front-end by hand with an open channel; returns the front-end's end of it.</summary>
    private protected (RawFrontEnd Front, RawSocket Channel) ConnectWithChannel(ProtocolFeatures more = 0, VirtioFeatures exclude = 0, Action<RawFrontEnd>? before = null)
    {
        RawFrontEnd front = Connect();
        front.Negotiate(ChannelFeatures | more, exclude);
        return (front, OpenChannel(front));
    }

    private protected static RawSocket OpenChannel(RawFrontEnd front)
    {
        (FileDescriptor ours, FileDescriptor theirs) = Libc.UnixSocketPair();
        using (theirs) Assert.Equal(0ul, front.Ask(FrontEndRequest.SetBackendReqFd, [], theirs.Number));
        return new RawSocket(ours);
    }

    /// <summary>Sends packets one by one and gets each back.</summary>
    private protected static void Echo(VhostClient client, int packets, int length = 200)
    {
        var received = new List<ReceivedPacket>();
        for (int i = 0; i < packets; i++)
        {
            byte[] frame = new byte[length];
            frame[12] = 0x88;
            frame[13] = 0xb5;
            BitConverter.TryWriteBytes(frame.AsSpan(14), i);
            Assert.Equal(1, client.Send(frame, 1, 1, 0, Limit, default));
            received.Clear();
            Assert.True(client.Receive(received, 0, 1, Limit, default) == 1,
                $"packet {i} did not come back; {string.Join("; ", client.GetVringStates().Select(ring => ring.Verdict))}");
            Assert.Equal(frame, received[0].Bytes.ToArray());
        }
    }
}
