using VhostUser.Devices.Net;
using VhostUser.Devices.Net.Offloads;
using VhostUser.Protocol;
using Xunit;
using static VhostUser.Protocol.VirtioFeatures;

namespace VhostUser.Tests.Devices.Offloads;

/// <summary>What a header may ask for and who takes it as it is.</summary>
public class OffloadRulesTests
{
    private const VirtioFeatures Everything = Csum | HostTso4 | HostTso6 | HostEcn | HostUfo | HostUso;

    [Fact]
    public void A_plain_header_is_always_allowed_and_always_accepted()
    {
        Assert.True(OffloadRules.IsAllowed(default, None, 1));
        Assert.True(OffloadRules.IsAccepted(default, None));
    }

    [Theory]
    [InlineData(100, 34, 16, true)]
    [InlineData(52, 34, 16, true)] // the field ends with the packet
    [InlineData(51, 34, 16, false)]
    [InlineData(100, 65535, 65535, false)] // CVE-2024-11614
    [InlineData(1, 0, 0, false)]
    [InlineData(2, 0, 0, true)]
    public void A_checksum_must_lie_inside_the_packet_CVE_2024_11614(uint length, int start, int offset, bool allowed)
    {
        var header = new NetHeader { Flags = NetHeader.NeedsCsum, ChecksumStart = (ushort)start, ChecksumOffset = (ushort)offset };
        Assert.Equal(allowed, OffloadRules.IsAllowed(header, Csum, length));
        Assert.False(OffloadRules.IsAllowed(header, Everything & ~Csum, length));
    }

    [Theory]
    [InlineData(GsoType.TcpV4, HostTso4)]
    [InlineData(GsoType.TcpV6, HostTso6)]
    [InlineData(GsoType.TcpV4 | GsoType.Ecn, HostTso4 | HostEcn)]
    [InlineData(GsoType.TcpV6 | GsoType.Ecn, HostTso6 | HostEcn)]
    [InlineData(GsoType.Udp, HostUfo)]
    [InlineData(GsoType.UdpL4, HostUso)]
    public void Each_segmentation_needs_its_own_features(byte type, VirtioFeatures needed)
    {
        NetHeader header = Segmented(type);
        Assert.True(OffloadRules.IsAllowed(header, Csum | needed, 3000));
        foreach (VirtioFeatures one in Enum.GetValues<VirtioFeatures>())
        {
            if (one != None && (needed & one) == one) Assert.False(OffloadRules.IsAllowed(header, Everything & ~one, 3000));
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(6)]
    [InlineData(0x80)]
    [InlineData(0x82)]
    [InlineData(0x83)] // ECN is TCP's
    [InlineData(0x85)]
    [InlineData(0xFF)]
    public void A_type_that_does_not_exist_is_refused(byte type) => Assert.False(OffloadRules.IsAllowed(Segmented(type), Everything, 3000));

    [Fact]
    public void Segments_need_a_size_and_the_checksum_to_be_left()
    {
        Assert.False(OffloadRules.IsAllowed(Segmented(GsoType.TcpV4) with { GsoSize = 0 }, Everything, 3000));
        Assert.False(OffloadRules.IsAllowed(Segmented(GsoType.TcpV4) with { Flags = 0 }, Everything, 3000));
    }

    [Theory]
    [InlineData(GsoType.None, GuestCsum)]
    [InlineData(GsoType.TcpV4, GuestCsum | GuestTso4)]
    [InlineData(GsoType.TcpV6 | GsoType.Ecn, GuestCsum | GuestTso6 | GuestEcn)]
    [InlineData(GsoType.Udp, GuestCsum | GuestUfo)]
    [InlineData(GsoType.UdpL4, GuestCsum | GuestUso4 | GuestUso6)]
    public void A_receiver_takes_what_it_negotiated_and_nothing_else(byte type, VirtioFeatures features)
    {
        Assert.True(OffloadRules.IsAccepted(Segmented(type), features));
        foreach (VirtioFeatures one in Enum.GetValues<VirtioFeatures>())
        {
            if (one != None && (features & one) == one) Assert.False(OffloadRules.IsAccepted(Segmented(type), features & ~one));
        }
    }

    private static NetHeader Segmented(byte type) =>
        new() { Flags = NetHeader.NeedsCsum, GsoType = type, GsoSize = 1000, ChecksumStart = 34, ChecksumOffset = 16 };
}
