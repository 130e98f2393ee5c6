using System.Buffers.Binary;
using VhostUser.Packets;
using Xunit;

namespace VhostUser.Tests.Packets;

public class InternetChecksumTests
{
    [Fact]
    public void Sum_of_the_example_in_rfc_1071_is_ddf2()
    {
        Assert.Equal(0xDDF2, InternetChecksum.Sum([0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]));
        Assert.Equal(0x220D, InternetChecksum.Compute([0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]));
    }

    [Fact]
    public void Random_data_of_every_length_and_alignment_agrees_with_the_definition()
    {
        var random = new Random(1071);
        for (int length = 0; length < 700; length++)
        {
            var data = new byte[length + 3];
            random.NextBytes(data);
            uint partial = (uint)random.Next();
            ReadOnlySpan<byte> part = data.AsSpan(random.Next(4), length);
            Assert.Equal(Naive(part, partial), InternetChecksum.Sum(part, partial));
        }
    }

    [Theory]
    [InlineData(65535)]
    [InlineData(1 << 20)]
    public void Long_runs_of_ones_lose_no_carry(int length)
    {
        byte[] data = new byte[length];
        data.AsSpan().Fill(0xFF);
        Assert.Equal(Naive(data, 0xFFFF_FFFF), InternetChecksum.Sum(data, 0xFFFF_FFFF));
    }

    [Fact]
    public void Sum_continues_where_an_even_part_ended()
    {
        byte[] data = new byte[1001];
        new Random(7).NextBytes(data);
        Assert.Equal(InternetChecksum.Sum(data), InternetChecksum.Sum(data.AsSpan(400), InternetChecksum.Sum(data.AsSpan(0, 400))));
    }

    [Fact]
    public void Empty_data_sums_to_zero() => Assert.Equal(0, InternetChecksum.Sum([]));

    [Theory]
    [InlineData(Captures.DnsQuery, 34, 6, 26, 8, 17)]
    [InlineData(Captures.TcpSyn, 34, 16, 26, 8, 6)]
    [InlineData(Captures.UdpOverIpv6, 54, 6, 22, 32, 17)]
    public void Complete_turns_the_pseudo_header_sum_into_the_checksum_the_kernel_wrote(
        string hex, int start, int offset, int addresses, int addressBytes, byte protocol)
    {
        byte[] wanted = VhostPacket.FromHex(hex).Bytes.ToArray();
        byte[] frame = (byte[])wanted.Clone();
        ushort pseudo = InternetChecksum.PseudoHeader(frame.AsSpan(addresses, addressBytes), protocol, frame.Length - start);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(start + offset), pseudo);
        Assert.NotEqual(wanted, frame);
        Assert.True(InternetChecksum.Complete(frame, start, offset));
        Assert.Equal(wanted, frame);
    }

    [Theory]
    [InlineData(0, 9)]
    [InlineData(9, 0)]
    [InlineData(10, 0)]
    [InlineData(65535, 65535)]
    [InlineData(-1, 4)]
    [InlineData(4, -1)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public void Complete_refuses_a_place_outside_the_frame_and_changes_nothing(int start, int offset)
    {
        byte[] frame = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        Assert.False(InternetChecksum.Complete(frame, start, offset));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], frame);
    }

    [Fact]
    public void Complete_accepts_the_last_two_bytes_and_refuses_an_empty_frame()
    {
        byte[] frame = [1, 2, 3, 4];
        Assert.True(InternetChecksum.Complete(frame, 0, 2));
        Assert.Equal([1, 2, 0xFB, 0xF9], frame);
        Assert.False(InternetChecksum.Complete([], 0, 0));
    }

    [Fact]
    public void Complete_stores_all_ones_where_the_checksum_would_be_zero()
    {
        byte[] frame = [0xFF, 0xFF, 0, 0];
        Assert.True(InternetChecksum.Complete(frame, 0, 2));
        Assert.Equal([0xFF, 0xFF, 0xFF, 0xFF], frame);
    }

    private static ushort Naive(ReadOnlySpan<byte> data, uint partial)
    {
        ulong sum = partial;
        for (int i = 0; i < data.Length; i++)
            sum += (i & 1) == 0 ? (ulong)data[i] << 8 : data[i];
        while (sum > 0xFFFF)
            sum = (sum >> 16) + (sum & 0xFFFF);
        return (ushort)sum;
    }
}
