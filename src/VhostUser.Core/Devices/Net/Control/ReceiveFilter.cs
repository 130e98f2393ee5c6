using System.Buffers.Binary;
using System.Collections;

namespace VhostUser.Devices.Net.Control;

/// <summary>What a guest wants to receive, as it says by control commands (virtio 1.3 §5.1.6.5.1 to §5.1.6.5.3). At first, everything.</summary>
internal sealed unsafe class ReceiveFilter
{
    private const int EthernetLength = 14;
    private const int TaggedLength = 18;
    private const int MacLength = 6;
    private const ushort VlanTag = 0x8100;
    private const ulong Broadcast = 0xFFFF_FFFF_FFFF;
    private const ulong MulticastBit = 1UL << 40; // the first byte's lowest bit

    private readonly BitArray _vlans = new(4096);

    /// <summary>Whether CTRL_RX was negotiated, so that addresses matter.</summary>
    public bool ChecksAddresses { get; init; }

    /// <summary>Whether CTRL_VLAN was negotiated, so that tags matter.</summary>
    public bool ChecksVlans { get; init; }

    public bool Promiscuous { get; set; } = true;

    public bool AllMulticast { get; set; }

    public bool AllUnicast { get; set; }

    public bool NoMulticast { get; set; }

    public bool NoUnicast { get; set; }

    public bool NoBroadcast { get; set; }

    /// <summary>The guest's own address, or null while it is not known: then every unicast packet may be for it.</summary>
    public ulong? Mac { get; set; }

    public HashSet<ulong> Unicast { get; set; } = [];

    public HashSet<ulong> Multicast { get; set; } = [];

    /// <summary>Lets a VLAN (0 to 4095) pass, or no longer.</summary>
    public void SetVlan(int vlan, bool pass) => _vlans[vlan] = pass;

    /// <summary>A MAC address as a number, its first byte highest.</summary>
    public static ulong ReadMac(ReadOnlySpan<byte> bytes) =>
        (ulong)BinaryPrimitives.ReadUInt16BigEndian(bytes) << 32 | BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]);

    /// <summary>Whether the guest wants a packet.</summary>
    public bool Accepts(in PacketView packet)
    {
        if (ChecksAddresses && Promiscuous || packet.Length < EthernetLength) return true;
        Span<byte> head = stackalloc byte[TaggedLength];
        fixed (byte* p = head) packet.CopyHead(p, Math.Min(packet.Length, TaggedLength));
        if (ChecksVlans && BinaryPrimitives.ReadUInt16BigEndian(head[(2 * MacLength)..]) == VlanTag
            && !_vlans[BinaryPrimitives.ReadUInt16BigEndian(head[EthernetLength..]) & 0xFFF]) return false;
        return !ChecksAddresses || AcceptsAddress(ReadMac(head));
    }

    private bool AcceptsAddress(ulong destination)
    {
        if (destination == Broadcast) return !NoBroadcast;
        if ((destination & MulticastBit) != 0) return !NoMulticast && (AllMulticast || Multicast.Contains(destination));
        return !NoUnicast && (AllUnicast || Mac is null || destination == Mac || Unicast.Contains(destination));
    }
}
