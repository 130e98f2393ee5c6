namespace VhostUser.Packets.Pcap;

/// <summary>An interface of a capture file: an endpoint whose packets are in it.</summary>
internal sealed record CaptureInterface
{
    /// <summary>Kind of link (LINKTYPE_); <see cref="Pcapng.Ethernet"/> is 1.</summary>
    public int LinkType { get; init; } = Pcapng.Ethernet;

    /// <summary>The most bytes kept of a packet, or 0 for all.</summary>
    public uint SnapLength { get; init; }

    /// <summary>if_name; null where the file has none.</summary>
    public string? Name { get; init; }

    /// <summary>if_description.</summary>
    public string? Description { get; init; }

    /// <summary>if_tsresol: the unit of time stamps is 10^-n seconds, or with the top bit set 2^-n.</summary>
    public byte TimeResolution { get; init; } = 6;

    /// <summary>if_tsoffset: seconds to be added to every time stamp.</summary>
    public long TimeOffset { get; init; }

    /// <summary>A time stamp of this interface in nanoseconds since 1970; one that has no such number becomes the nearest that has.</summary>
    public long ToNanoseconds(ulong stamp)
    {
        int power = TimeResolution & 0x7F;
        Int128 nanoseconds = (TimeResolution & 0x80) != 0
            ? (Int128)((UInt128)stamp * 1_000_000_000 >> power)
            : power <= 9 ? (Int128)stamp * Power(9 - power) : (Int128)stamp / Power(Math.Min(power - 9, 30));
        nanoseconds += (Int128)TimeOffset * 1_000_000_000;
        return (long)Int128.Clamp(nanoseconds, long.MinValue, long.MaxValue);
    }

    private static Int128 Power(int exponent)
    {
        Int128 result = 1;
        for (; exponent > 0; exponent--) result *= 10;
        return result;
    }
}
