using VhostUser.Devices.Net;
using VhostUser.Protocol;
using Xunit;
using static VhostUser.Protocol.VirtioFeatures;

namespace VhostUser.Tests.Devices;

public class NetHeaderTests
{
    [Theory]
    [InlineData(None, 10)]
    [InlineData(Csum | EventIdx, 10)]
    [InlineData(MrgRxbuf, 12)]
    [InlineData(Version1, 12)]
    [InlineData(RingPacked, 12)]
    [InlineData(Version1 | MrgRxbuf, 12)]
    [InlineData(Version1 | HashReport, 20)]
    [InlineData(HashReport, 20)]
    public void The_header_has_the_length_that_was_negotiated(VirtioFeatures features, int expected) =>
        Assert.Equal(expected, NetHeader.LengthFor(features));
}
