using System.Net;
using VhostUser.Packets;
using Xunit;

namespace VhostUser.Tests.Packets;

public class MacAddressTests
{
    [Theory]
    [InlineData("02:00:00:00:ab:01")]
    [InlineData("02-00-00-00-AB-01")]
    [InlineData("02000000ab01")]
    [InlineData(" 02:00:00:00:AB:01 ")]
    public void Address_is_read_in_every_common_form_and_written_in_one(string text)
    {
        MacAddress address = MacAddress.Parse(text);
        Assert.Equal("02:00:00:00:ab:01", address.ToString());
        Assert.Equal(MacAddress.FromBytes([2, 0, 0, 0, 0xAB, 1]), address);
        var bytes = new byte[6];
        address.CopyTo(bytes);
        Assert.Equal([2, 0, 0, 0, 0xAB, 1], bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("02:00:00:00:00")]
    [InlineData("02:00:00:00:00:0g")]
    [InlineData("02:00-00:00-00:01")]
    [InlineData("0200:0000:0001")]
    [InlineData("+2:00:00:00:00:01")]
    [InlineData("02:00:00:00:00:01:02")]
    public void Text_that_is_no_address_is_refused_with_the_expected_form(string text)
    {
        Assert.False(MacAddress.TryParse(text, out _));
        FormatException error = Assert.Throws<FormatException>(() => MacAddress.Parse(text));
        Assert.Contains("02:00:00:00:00:01", error.Message);
        Assert.Contains($"'{text}'", error.Message);
    }

    [Fact]
    public void Group_and_local_bits_are_those_of_the_first_byte()
    {
        Assert.True(MacAddress.Broadcast.IsMulticast);
        Assert.False(MacAddress.Parse("02:00:00:00:00:01").IsMulticast);
        Assert.True(MacAddress.Parse("02:00:00:00:00:01").IsLocallyAdministered);
        Assert.False(MacAddress.Parse("00:1b:21:00:00:01").IsLocallyAdministered);
        Assert.True(MacAddress.Parse("01:00:5e:00:00:01").IsMulticast);
    }

    [Theory]
    [InlineData("239.129.2.3", "01:00:5e:01:02:03")]
    [InlineData("255.255.255.255", "ff:ff:ff:ff:ff:ff")]
    [InlineData("ff02::1:ff00:2", "33:33:ff:00:00:02")]
    [InlineData("10.0.0.1", null)]
    [InlineData("fd00::1", null)]
    public void Ip_groups_have_the_group_addresses_of_their_rfcs(string ip, string? mac) =>
        Assert.Equal(mac, MacAddress.ForGroup(IPAddress.Parse(ip))?.ToString());

    [Fact]
    public void Too_few_bytes_are_refused() =>
        Assert.Contains("expected 6 bytes, got 5", Assert.Throws<ArgumentException>(() => MacAddress.FromBytes([1, 2, 3, 4, 5])).Message);
}
