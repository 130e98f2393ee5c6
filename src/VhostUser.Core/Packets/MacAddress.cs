using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace VhostUser.Packets;

/// <summary>A 48-bit Ethernet address; written as "02:00:00:00:00:01".</summary>
public readonly record struct MacAddress : IParsable<MacAddress>
{
    /// <summary>The number of bytes of an address on the wire: 6.</summary>
    public const int Size = 6;

    private readonly ulong _value;

    private MacAddress(ulong value) => _value = value;

    /// <summary>The address of every station, ff:ff:ff:ff:ff:ff.</summary>
    public static MacAddress Broadcast { get; } = new(0xFFFF_FFFF_FFFF);

    /// <summary>True when the address names a group (the broadcast address included), not one station.</summary>
    public bool IsMulticast => (_value >> 40 & 1) != 0;

    /// <summary>True when the address was chosen by an administrator or program and not by a manufacturer.</summary>
    public bool IsLocallyAdministered => (_value >> 40 & 2) != 0;

    /// <summary>Reads the first 6 bytes; throws <see cref="ArgumentException"/> when there are fewer.</summary>
    public static MacAddress FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Size)
            throw PacketError.Argument("MAC address", $"{Size} bytes", bytes.Length);
        return new((ulong)BinaryPrimitives.ReadUInt16BigEndian(bytes) << 32 | BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]));
    }

    /// <summary>Writes the 6 bytes in wire order to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination[2..], (uint)_value);
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)(_value >> 32));
    }

    /// <summary>Reads "02:00:00:00:00:01", "02-00-00-00-00-01" or "020000000001"; throws <see cref="FormatException"/> otherwise.</summary>
    public static MacAddress Parse(string text) => TryParse(text, out MacAddress address)
        ? address
        : throw new FormatException($"MAC address: expected six pairs of hexadecimal digits as 02:00:00:00:00:01, got '{text}'.");

    /// <summary>Reads an address as <see cref="Parse(string)"/> does; returns false when the text is not one.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out MacAddress address)
    {
        address = default;
        string digits = text?.Trim() ?? "";
        if (digits.Length == 17)
        {
            char separator = digits[2];
            if (separator is not (':' or '-'))
                return false;
            for (int i = 2; i < 17; i += 3)
                if (digits[i] != separator)
                    return false;
            digits = digits.Replace(separator.ToString(), "");
        }
        if (digits.Length != 12 || !ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value))
            return false;
        address = new(value);
        return true;
    }

    /// <summary>Reads an address as <see cref="Parse(string)"/> does; the provider is not used.</summary>
    public static MacAddress Parse(string s, IFormatProvider? provider) => Parse(s);

    /// <summary>Reads an address as <see cref="TryParse(string?, out MacAddress)"/> does; the provider is not used.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out MacAddress result) =>
        TryParse(s, out result);

    /// <summary>The group address an IP multicast or broadcast destination is sent to (RFC 1112, RFC 2464), or null for one host.</summary>
    public static MacAddress? ForGroup(IPAddress destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        byte[] ip = destination.GetAddressBytes();
        uint low = BinaryPrimitives.ReadUInt32BigEndian(ip.AsSpan(ip.Length - 4));
        if (destination.AddressFamily == AddressFamily.InterNetworkV6)
            return destination.IsIPv6Multicast ? new(0x3333_0000_0000UL | low) : null;
        if (low == uint.MaxValue)
            return Broadcast;
        return low >> 28 == 0xE ? new(0x0100_5E00_0000UL | low & 0x7F_FFFF) : null;
    }

    /// <summary>The six pairs of lower-case hexadecimal digits, joined by colons.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return $"{bytes[0]:x2}:{bytes[1]:x2}:{bytes[2]:x2}:{bytes[3]:x2}:{bytes[4]:x2}:{bytes[5]:x2}";
    }
}
