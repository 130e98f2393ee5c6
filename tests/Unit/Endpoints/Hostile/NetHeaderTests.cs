using VhostUser.Devices.Net;
using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Rings;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>Group N: virtio-net headers and packet lengths that can't be served.</summary>
public sealed class NetHeaderTests : HostileTest
{
    private const int Slot = 200;

    [Theory]
    [InlineData("N-1 checksum wanted in an empty packet", 1, 0, 0, 0, 0, DropReason.Empty)]
    [InlineData("N-1 checksum start beyond the packet", 1, 0, 0, 0xffff, 100, DropReason.InvalidHeader)]
    [InlineData("N-1 checksum offset beyond the packet", 1, 0, 0, 14, 16, DropReason.InvalidHeader)]
    [InlineData("N-2 segments of size 0", 0, 1, 0, 0, 100, DropReason.InvalidHeader)]
    [InlineData("N-2 unknown kind of segments", 0, 0x7f, 1448, 0, 100, DropReason.InvalidHeader)]
    [InlineData("N-3 packet of no bytes", 0, 0, 0, 0, 0, DropReason.Empty)]
    [InlineData("N-3 packet of 65551 bytes", 0, 0, 0, 0, 65551, DropReason.TooLong)]
    [InlineData("N-3 chain of 11 bytes", 0, 0, 0, 0, -1, DropReason.ShorterThanHeader)]
    [InlineData("N-3 chain of no bytes", 0, 0, 0, 0, -12, DropReason.ShorterThanHeader)]
    public void A_packet_that_can_not_be_served_is_counted_and_its_buffer_returned(string name, byte flags, byte gso, ushort gsoSize, ushort start, int length, DropReason reason)
    {
        Assert.StartsWith("N-", name, StringComparison.Ordinal);
        using (RawFrontEnd client = Connect())
        {
            client.Start();
            Offer(client, new NetHeader { Flags = flags, GsoType = gso, GsoSize = gsoSize, ChecksumStart = start, ChecksumOffset = start }, length);
            Assert.True(RawFrontEnd.WaitUntil(() => client.Rings[1].UsedIndex == 1), "The buffer was not returned.");
            Assert.Equal((Slot, 0u), ((int)client.Rings[1].Used(0).Id, client.Rings[1].Used(0).Length));
            Assert.Equal(0, client.Rings[0].UsedIndex);
            VhostServerInfo info = Server.Snapshot();
            Assert.Equal(1, info.Drops[reason.ToString()]);
            Assert.Equal(1, info.Dropped);
            Assert.Equal(EndpointState.Running, info.State);
            Assert.True(client.PassPacket());
        }
        AssertSurvived();
    }

    [Theory]
    [InlineData("N-2 hdr_len beyond the packet", 0xffff, 60)]
    [InlineData("N-3 packet of 1 byte", 0, 1)]
    [InlineData("N-3 packet of 13 bytes", 0, 13)]
    public void A_strange_packet_that_can_be_served_comes_back(string name, ushort headerLength, int length)
    {
        Assert.StartsWith("N-", name, StringComparison.Ordinal);
        using (RawFrontEnd client = Connect())
        {
            client.Start();
            client.Rings[0].Describe(Slot, GuestMemory.GuestAddress + (ulong)client.Memory.Buffer(128), 2048, DescriptorFlags.Write);
            client.Rings[0].Offer(Slot);
            Offer(client, new NetHeader { HeaderLength = headerLength }, length);
            Assert.True(RawFrontEnd.WaitUntil(() => client.Rings[0].UsedIndex == 1));
            Assert.Equal((uint)(12 + length), client.Rings[0].Used(0).Length);
            // What the guest wrote into its header is not handed on.
            Assert.Equal(new byte[10], client.Memory.Bytes.Slice(client.Memory.Buffer(128), 10).ToArray());
        }
        AssertSurvived();
    }

    private static unsafe void Offer(RawFrontEnd client, NetHeader header, int length)
    {
        int offset = client.Memory.Buffer(130);
        *(NetHeader*)(client.Memory.Address + offset) = header;
        client.Rings[1].Describe(Slot, GuestMemory.GuestAddress + (ulong)offset, (uint)(NetHeader.Length + length));
        client.Rings[1].Offer(Slot);
        client.Signal(1);
    }
}
