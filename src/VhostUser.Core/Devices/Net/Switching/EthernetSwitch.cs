using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using VhostUser.Rings;

namespace VhostUser.Devices.Net.Switching;

/// <summary>
/// A learning Ethernet switch: a packet goes to the port of its destination when that is known, else to all others, in one copy per
/// receiver, straight from the sender's buffers into the receiver's. One thread works all ports, so there is no lock.
/// </summary>
internal sealed unsafe class EthernetSwitch(TimeSpan ageing)
{
    /// <summary>The most ports.</summary>
    public const int MaxPorts = 1024;

    private const int EthernetLength = 14;
    private const int TaggedLength = 18;
    private const ushort VlanTag = 0x8100;

    private readonly SwitchPort?[] _slots = new SwitchPort?[MaxPorts];
    private readonly VlanTagger _tagger = new();
    private SwitchPort[] _ports = [];
    private ulong _lastSource;

    /// <summary>Who is where.</summary>
    public MacTable Stations { get; } = new(ageing);

    /// <summary>The ports, in the order of their numbers.</summary>
    public IReadOnlyList<SwitchPort> Ports => _ports;

    /// <summary>Adds a port; false when all numbers are taken.</summary>
    public bool TryAdd(SwitchPort port)
    {
        int number = Array.IndexOf(_slots, null);
        if (number < 0) return false;
        port.Number = number;
        _slots[number] = port;
        _ports = [.. _slots.OfType<SwitchPort>()];
        return true;
    }

    /// <summary>Removes a port and forgets who was there.</summary>
    public void Remove(SwitchPort port)
    {
        _slots[port.Number] = null;
        _ports = [.. _slots.OfType<SwitchPort>()];
        Stations.Forget(port.Number);
    }

    /// <summary>To be called before a burst of packets of one port.</summary>
    public void BeginBurst() => _lastSource = 0;

    /// <summary>Publishes at every port what a burst brought.</summary>
    public void Flush()
    {
        foreach (SwitchPort port in _ports) port.Flush();
    }

    /// <summary>Sends a packet on its way.</summary>
    /// <param name="from">The port that it came by.</param>
    /// <param name="packet">The packet, still in the sender's memory.</param>
    /// <param name="header">A private, checked copy of its header.</param>
    /// <param name="queue">Queue pair that it came by.</param>
    /// <param name="now">Milliseconds of the clock of <see cref="MacTable.Learn"/>.</param>
    public void Forward(SwitchPort from, in PacketView packet, in NetHeader header, int queue, long now)
    {
        from.PacketsIn++;
        byte* head = stackalloc byte[24]; // decided upon once: the sender may change its own memory at any time
        if (packet.Length < EthernetLength)
        {
            from.Drops.Add(DropReason.NoEthernetHeader);
            return;
        }
        packet.CopyHead(head, Math.Min(TaggedLength, packet.Length));
        bool tagged = BinaryPrimitives.ReverseEndianness(*(ushort*)(head + 12)) == VlanTag && packet.Length >= TaggedLength;
        int vlan = tagged ? BinaryPrimitives.ReverseEndianness(*(ushort*)(head + 14)) & 0xFFF : 0;
        if (from.Vlans is VlanFilter filter && !TryClassify(filter, ref vlan))
        {
            from.Drops.Add(DropReason.VlanFiltered);
            return;
        }
        ulong source = MacTable.KeyOf(ReadMac(head + 6), vlan);
        if (source != 0 && source != _lastSource)
        {
            Stations.Learn(source, from.Number, now);
            _lastSource = source;
        }
        ulong destination = MacTable.KeyOf(ReadMac(head), vlan);
        int number = destination == 0 ? -1 : Stations.Find(destination, now);
        var frame = new SwitchFrame { Vlan = vlan, IsTagged = tagged, Queue = queue };
        if (number < 0) Flood(from, packet, header, frame);
        else if (!MaySend(from, _slots[number]!, vlan)) from.Drops.Add(DropReason.SamePort);
        else if (Send(_slots[number]!, packet, header, frame)) _slots[number]!.PacketsOut++;
    }

    private void Flood(SwitchPort from, in PacketView packet, in NetHeader header, in SwitchFrame frame)
    {
        bool sent = false;
        foreach (SwitchPort to in _ports)
        {
            if (!MaySend(from, to, frame.Vlan)) continue;
            sent = true;
            if (Send(to, packet, header, frame)) to.Flooded++;
        }
        if (!sent) from.Drops.Add(DropReason.NoDestination);
    }

    private bool Send(SwitchPort to, in PacketView packet, in NetHeader header, in SwitchFrame frame)
    {
        // A tag comes or goes only where a port has VLANs; the usual packet stays as it is.
        bool tagged = to.Vlans is VlanFilter filter ? frame.Vlan != filter.Untagged && frame.Vlan != 0 : frame.IsTagged;
        if (tagged == frame.IsTagged)
        {
            to.Send(packet, header, frame.Queue);
            return true;
        }
        if (!_tagger.TryChange(packet, header, tagged ? frame.Vlan : 0, out PacketView changed, out NetHeader moved))
        {
            to.Drops.Add(DropReason.TooLong);
            return false;
        }
        to.Send(changed, moved, frame.Queue);
        return true;
    }

    private static bool MaySend(SwitchPort from, SwitchPort to, int vlan) =>
        to != from && (to.Group == 0 || to.Group != from.Group) && (to.Vlans is null || to.Vlans.Contains(vlan));

    // A priority tag (VLAN 0) counts as none (IEEE 802.1Q §6.9).
    private static bool TryClassify(VlanFilter filter, ref int vlan)
    {
        if (vlan == 0) vlan = filter.Untagged;
        return vlan != 0 && vlan <= VlanFilter.MaxVlan && filter.Contains(vlan);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ReadMac(byte* at) => BinaryPrimitives.ReverseEndianness(*(ulong*)at) >> 16;
}
