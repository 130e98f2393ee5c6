using System.Buffers.Binary;
using VhostUser.Devices.Net.Control;
using VhostUser.Packets;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>One command for a network device's control virtqueue (virtio 1.3 §5.1.6.5): class, command and data.</summary>
public sealed class ControlCommand
{
    private ControlCommand(string name, byte group, byte command, byte[] data)
    {
        Name = name;
        Head = [group, command];
        Data = data;
    }

    /// <summary>The command in words, for messages.</summary>
    public string Name { get; }

    /// <summary>Class and command, one byte each.</summary>
    internal byte[] Head { get; }

    internal byte[] Data { get; }

    /// <summary>Receive packets for everybody.</summary>
    public static ControlCommand Promiscuous(bool on) => Receive("Promiscuous", ControlClass.ReceivePromiscuous, on);

    /// <summary>Receive all multicast packets.</summary>
    public static ControlCommand AllMulticast(bool on) => Receive("AllMulticast", ControlClass.ReceiveAllMulticast, on);

    /// <summary>Receive all unicast packets.</summary>
    public static ControlCommand AllUnicast(bool on) => Receive("AllUnicast", ControlClass.ReceiveAllUnicast, on);

    /// <summary>Receive no multicast packets.</summary>
    public static ControlCommand NoMulticast(bool on) => Receive("NoMulticast", ControlClass.ReceiveNoMulticast, on);

    /// <summary>Receive no unicast packets.</summary>
    public static ControlCommand NoUnicast(bool on) => Receive("NoUnicast", ControlClass.ReceiveNoUnicast, on);

    /// <summary>Receive no broadcast packets.</summary>
    public static ControlCommand NoBroadcast(bool on) => Receive("NoBroadcast", ControlClass.ReceiveNoBroadcast, on);

    /// <summary>The driver's own address.</summary>
    public static ControlCommand SetMac(MacAddress address)
    {
        byte[] data = new byte[MacAddress.Size];
        address.CopyTo(data);
        return new ControlCommand($"MAC address {address}", ControlClass.Mac, ControlClass.MacAddressSet, data);
    }

    /// <summary>More addresses to receive packets for; they replace those set before.</summary>
    public static ControlCommand SetMacTable(IReadOnlyList<MacAddress> unicast, IReadOnlyList<MacAddress> multicast)
    {
        ArgumentNullException.ThrowIfNull(unicast);
        ArgumentNullException.ThrowIfNull(multicast);
        byte[] data = new byte[2 * sizeof(uint) + (unicast.Count + multicast.Count) * MacAddress.Size];
        WriteTable(WriteTable(data, unicast), multicast);
        return new ControlCommand($"MAC table of {unicast.Count} and {multicast.Count} addresses", ControlClass.Mac, ControlClass.MacTableSet, data);
    }

    /// <summary>Receive packets of a VLAN, 0 to 4095.</summary>
    public static ControlCommand AddVlan(int vlan) => Vlan("Add", ControlClass.VlanAdd, vlan);

    /// <summary>Receive packets of a VLAN no longer.</summary>
    public static ControlCommand RemoveVlan(int vlan) => Vlan("Remove", ControlClass.VlanRemove, vlan);

    /// <summary>The number of queue pairs that the device uses.</summary>
    public static ControlCommand SetQueuePairs(int pairs) => new($"{pairs} queue pairs", ControlClass.MultiQueue, ControlClass.MultiQueuePairsSet, UInt16(pairs));

    /// <summary>The guest offloads that are on from now; all others are off.</summary>
    public static ControlCommand SetGuestOffloads(VirtioFeatures offloads)
    {
        byte[] data = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(data, (ulong)offloads);
        return new ControlCommand($"guest offloads {string.Join(", ", FeatureNames.Of(offloads))}", ControlClass.GuestOffloads, ControlClass.GuestOffloadsSet, data);
    }

    /// <summary>The driver has announced itself to its network.</summary>
    public static ControlCommand AcknowledgeAnnounce() => new("announcement", ControlClass.Announce, ControlClass.AnnounceAck, []);

    /// <summary>Any command, for devices that know more, and for breaking the rules on purpose.</summary>
    public static ControlCommand Raw(byte group, byte command, ReadOnlySpan<byte> data) => new($"class {group}, command {command}", group, command, data.ToArray());

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static ControlCommand Receive(string name, byte command, bool on) => new($"{name} {(on ? "on" : "off")}", ControlClass.Receive, command, [on ? (byte)1 : (byte)0]);

    private static ControlCommand Vlan(string verb, byte command, int vlan) => new($"{verb} VLAN {vlan}", ControlClass.Vlan, command, UInt16(vlan));

    private static byte[] UInt16(int value)
    {
        byte[] data = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(data, checked((ushort)value));
        return data;
    }

    private static Span<byte> WriteTable(Span<byte> data, IReadOnlyList<MacAddress> addresses)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(data, (uint)addresses.Count);
        data = data[sizeof(uint)..];
        foreach (MacAddress address in addresses)
        {
            address.CopyTo(data);
            data = data[MacAddress.Size..];
        }
        return data;
    }
}
