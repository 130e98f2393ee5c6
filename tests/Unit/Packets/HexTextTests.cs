using VhostUser.Packets;
using Xunit;

namespace VhostUser.Tests.Packets;

public class HexTextTests
{
    [Theory]
    [InlineData("0200ff")]
    [InlineData("02 00 FF")]
    [InlineData("02:00:ff")]
    [InlineData("02-00-ff")]
    [InlineData("0x02, 0x00, 0xFF")]
    [InlineData("0x0200ff")]
    [InlineData("0200\r\nff\r\n")]
    [InlineData("\t02\n00\nff\n")]
    public void Pairs_of_digits_are_read_however_they_are_set_apart(string text) =>
        Assert.Equal("0200ff", VhostPacket.FromHex(text).ToHex());

    [Theory]
    [InlineData("00000000: 0200 0000 0002 0200 0000 0001 0800 4142  ..............AB\n00000010: 4344                                     CD")]
    [InlineData("\t0x0000:  0200 0000 0002 0200 0000 0001 0800 4142\n\t0x0010:  4344")]
    [InlineData("\t0x0000:  0200 0000 0002 0200 0000 0001 0800 4142  ..............AB\n\t0x0010:  4344                                     CD")]
    [InlineData("00000000  02 00 00 00 00 02 02 00  00 00 00 01 08 00 41 42  |..............AB|\n00000010  43 44                                             |CD|\n00000012")]
    [InlineData("0000   02 00 00 00 00 02 02 00 00 00 00 01 08 00 41 42   ..............AB\n0010   43 44                                             CD")]
    public void Dumps_of_the_usual_tools_are_read_without_their_other_columns(string dump) =>
        Assert.Equal("020000000002020000000001080041424344", VhostPacket.FromHex(dump).ToHex());

    [Fact]
    public void Own_dump_shows_offset_digits_and_text_and_is_read_back()
    {
        VhostPacket packet = VhostPacket.FromHex(Captures.PingRequest);
        string[] lines = packet.ToHexDump().Split('\n');
        Assert.Equal(4, lines.Length);
        Assert.Equal("0000  02 00 00 00 00 02 02 00  00 00 00 01 08 00 45 00  |..............E.|", lines[0]);
        Assert.Equal("0030  67 68                                             |gh|", lines[3]);
        foreach (string hex in Captures.All)
        {
            packet = VhostPacket.FromHex(hex);
            Assert.Equal(packet.ToHex(), VhostPacket.FromHex(packet.ToHexDump()).ToHex());
            Assert.Equal(packet.ToHex(), VhostPacket.FromHex(packet.ToHex()).ToHex());
        }
    }

    [Fact]
    public void Dumps_of_random_frames_of_every_length_are_read_back()
    {
        var random = new Random(5);
        for (int length = 1; length < 200; length++)
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            Assert.Equal(bytes, VhostPacket.FromHex(VhostPacket.FromBytes(bytes).ToHexDump()).Bytes.ToArray());
        }
    }

    [Theory]
    [InlineData("02 0g", "line 1, column 5: expected a pair of hexadecimal digits, found 'g'")]
    [InlineData("02\n0", "line 2, column 2: expected a pair of hexadecimal digits, found the end of the line")]
    [InlineData("02 0 01", "line 1, column 5: expected a pair of hexadecimal digits, found ' '")]
    [InlineData("hello", "line 1, column 1: expected a pair of hexadecimal digits, found 'h'")]
    [InlineData(" \n ", "expected at least one pair of digits, got none")]
    [InlineData("0x0000:  0200 0000\n0x0010:  0200", "line 2, column 1: expected offset 0x0004 after 4 bytes, found 0x0010")]
    [InlineData("0000  02 00 00 00\n0010  43 44", "line 2, column 1: expected offset 0x0004 after 4 bytes, found 0x0010")]
    public void Text_that_is_no_hex_is_refused_with_its_place(string text, string message) =>
        Assert.Contains(message, Assert.Throws<FormatException>(() => VhostPacket.FromHex(text)).Message);
}
