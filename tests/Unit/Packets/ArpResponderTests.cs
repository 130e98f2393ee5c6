using System.Net;
using VhostUser.Packets;
using Xunit;

namespace VhostUser.Tests.Packets;

public class ArpResponderTests
{
    private static readonly MacAddress Mac = MacAddress.Parse("02:00:00:00:00:02");

    [Fact]
    public void Reply_to_a_captured_request_is_the_captured_reply()
    {
        var reply = new byte[64];
        Assert.True(ArpResponder.TryBuildArpReply(Bytes(Captures.ArpRequest), Mac, reply, out int length));
        Assert.Equal(Bytes(Captures.ArpReply), reply[..length]);
    }

    [Fact]
    public void Reply_may_be_written_over_the_request()
    {
        byte[] frame = Bytes(Captures.ArpRequest);
        Assert.True(ArpResponder.TryBuildArpReply(frame, Mac, frame, out int length));
        Assert.Equal(Bytes(Captures.ArpReply), frame[..length]);
    }

    [Fact]
    public void Reply_keeps_the_vlan_tag()
    {
        var reply = new byte[64];
        Assert.True(ArpResponder.TryBuildArpReply(Bytes(Captures.ArpRequest.Replace(" 0806", " 8100 0064 0806")), Mac, reply, out int length));
        VhostPacket packet = VhostPacket.FromBytes(reply.AsSpan(0, length));
        Assert.Equal("VLAN 100 ARP 10.0.0.2 is at 02:00:00:00:00:02", packet.Summary);
        Assert.Equal(46, length);
    }

    [Fact]
    public void Only_the_named_address_is_answered_for()
    {
        var reply = new byte[64];
        Assert.True(ArpResponder.TryBuildArpReply(Bytes(Captures.ArpRequest), Mac, reply, out _, IPAddress.Parse("10.0.0.2")));
        Assert.False(ArpResponder.TryBuildArpReply(Bytes(Captures.ArpRequest), Mac, reply, out _, IPAddress.Parse("10.0.0.3")));
        Assert.False(ArpResponder.TryBuildArpReply(Bytes(Captures.ArpRequest), Mac, reply, out _, IPAddress.Parse("fd00::2")));
    }

    [Theory]
    [InlineData(Captures.ArpReply)]
    [InlineData(Captures.DnsQuery)]
    [InlineData("ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000001")]
    [InlineData("ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a0000")]
    [InlineData("ffffffffffff 020000000001 8100")]
    public void Frame_that_asks_nothing_is_not_answered(string hex)
    {
        Assert.False(ArpResponder.TryBuildArpReply(Bytes(hex), Mac, new byte[64], out int length));
        Assert.Equal(0, length);
    }

    [Fact]
    public void Reply_memory_that_is_too_short_is_not_written()
    {
        var reply = new byte[41];
        Assert.False(ArpResponder.TryBuildArpReply(Bytes(Captures.ArpRequest), Mac, reply, out _));
        Assert.Equal(new byte[41], reply);
    }

    [Fact]
    public void Answering_allocates_nothing()
    {
        byte[] request = Bytes(Captures.ArpRequest);
        var reply = new byte[64];
        IPAddress own = IPAddress.Parse("10.0.0.2");
        ArpResponder.TryBuildArpReply(request, Mac, reply, out _, own);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            ArpResponder.TryBuildArpReply(request, Mac, reply, out _, own);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static byte[] Bytes(string hex) => VhostPacket.FromHex(hex).Bytes.ToArray();
}
