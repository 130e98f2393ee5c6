using System.Buffers.Binary;
using VhostUser.Protocol;

namespace VhostUser.Devices.Net.Control;

/// <summary>
/// Obeys the commands of a control virtqueue (virtio 1.3 §5.1.6.5) and keeps what they set. A command whose feature was not
/// negotiated, that does not exist, or whose data does not fit is answered with VIRTIO_NET_ERR and changes nothing. RSS and hash
/// configurations are among these.
/// </summary>
/// <param name="features">What was negotiated.</param>
/// <param name="queuePairs">Queue pairs of the device.</param>
internal sealed class NetControl(VirtioFeatures features, int queuePairs)
{
    /// <summary>The features that a guest may turn off and on again.</summary>
    public const VirtioFeatures GuestOffloads =
        VirtioFeatures.GuestCsum | VirtioFeatures.GuestTso4 | VirtioFeatures.GuestTso6 | VirtioFeatures.GuestEcn | VirtioFeatures.GuestUfo
        | VirtioFeatures.GuestUso4 | VirtioFeatures.GuestUso6;

    private const int MacLength = 6;
    private const int MaxAddresses = 1024;

    private int? _pairs;

    /// <summary>What the guest wants to receive; null when it can't say.</summary>
    public ReceiveFilter? Filter { get; } = (features & (VirtioFeatures.CtrlRx | VirtioFeatures.CtrlVlan)) == 0 ? null : new ReceiveFilter
    {
        ChecksAddresses = (features & VirtioFeatures.CtrlRx) != 0,
        ChecksVlans = (features & VirtioFeatures.CtrlVlan) != 0,
    };

    /// <summary>Queue pairs that get packets. All until VQ_PAIRS_SET comes: with vhost-user SET_VRING_ENABLE says which are in use.</summary>
    public int ActivePairs => _pairs ?? queuePairs;

    /// <summary>Guest offloads that are turned off.</summary>
    public VirtioFeatures OffloadsOff { get; private set; }

    /// <summary>Whether the guest was asked to announce itself and has not said that it did (VIRTIO_NET_S_ANNOUNCE).</summary>
    public bool AnnouncePending { get; set; }

    /// <summary>Commands that were obeyed.</summary>
    public long Obeyed { get; private set; }

    /// <summary>Commands that were not.</summary>
    public long Refused { get; private set; }

    /// <summary>Obeys one command and returns the answer.</summary>
    /// <param name="command">A private copy: class, command, data.</param>
    public byte Execute(ReadOnlySpan<byte> command)
    {
        bool obeyed = command.Length >= 2 && TryExecute(command[0], command[1], command[2..]);
        if (obeyed) Obeyed++;
        else Refused++;
        return obeyed ? ControlClass.Ok : ControlClass.Error;
    }

    private bool TryExecute(byte group, byte command, ReadOnlySpan<byte> data) => group switch
    {
        ControlClass.Receive => TrySetReceive(command, data),
        ControlClass.Mac when command == ControlClass.MacAddressSet => Has(VirtioFeatures.CtrlMacAddr) && TrySetMac(data),
        ControlClass.Mac when command == ControlClass.MacTableSet => Has(VirtioFeatures.CtrlRx) && TrySetTables(data),
        ControlClass.Vlan => Has(VirtioFeatures.CtrlVlan) && TrySetVlan(command, data),
        ControlClass.Announce => Has(VirtioFeatures.GuestAnnounce) && command == ControlClass.AnnounceAck && TryAcknowledge(),
        ControlClass.MultiQueue => Has(VirtioFeatures.Mq) && command == ControlClass.MultiQueuePairsSet && TrySetPairs(data),
        ControlClass.GuestOffloads => Has(VirtioFeatures.CtrlGuestOffloads) && command == ControlClass.GuestOffloadsSet && TrySetOffloads(data),
        _ => false,
    };

    private bool Has(VirtioFeatures feature) => (features & feature) != 0;

    private bool TrySetReceive(byte command, ReadOnlySpan<byte> data)
    {
        if (!Has(command <= ControlClass.ReceiveAllMulticast ? VirtioFeatures.CtrlRx : VirtioFeatures.CtrlRxExtra) || Filter is null || data.Length != 1) return false;
        bool on = data[0] != 0;
        switch (command)
        {
            case ControlClass.ReceivePromiscuous: Filter.Promiscuous = on; return true;
            case ControlClass.ReceiveAllMulticast: Filter.AllMulticast = on; return true;
            case ControlClass.ReceiveAllUnicast: Filter.AllUnicast = on; return true;
            case ControlClass.ReceiveNoMulticast: Filter.NoMulticast = on; return true;
            case ControlClass.ReceiveNoUnicast: Filter.NoUnicast = on; return true;
            case ControlClass.ReceiveNoBroadcast: Filter.NoBroadcast = on; return true;
            default: return false;
        }
    }

    private bool TrySetMac(ReadOnlySpan<byte> data)
    {
        if (data.Length != MacLength) return false;
        if (Filter is not null) Filter.Mac = ReceiveFilter.ReadMac(data);
        return true;
    }

    // Two tables, unicast and multicast: a count of 32 bits and so many addresses each.
    private bool TrySetTables(ReadOnlySpan<byte> data)
    {
        if (!TryReadTable(ref data, out HashSet<ulong> unicast) || !TryReadTable(ref data, out HashSet<ulong> multicast) || !data.IsEmpty) return false;
        Filter!.Unicast = unicast;
        Filter.Multicast = multicast;
        return true;
    }

    private static bool TryReadTable(ref ReadOnlySpan<byte> data, out HashSet<ulong> addresses)
    {
        addresses = [];
        if (data.Length < sizeof(uint)) return false;
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(data);
        data = data[sizeof(uint)..];
        if (count > MaxAddresses || data.Length < count * MacLength) return false;
        for (uint i = 0; i < count; i++)
        {
            addresses.Add(ReceiveFilter.ReadMac(data));
            data = data[MacLength..];
        }
        return true;
    }

    private bool TrySetVlan(byte command, ReadOnlySpan<byte> data)
    {
        if (command > ControlClass.VlanRemove || data.Length != sizeof(ushort)) return false;
        int vlan = BinaryPrimitives.ReadUInt16LittleEndian(data);
        if (vlan > 4095) return false;
        Filter!.SetVlan(vlan, pass: command == ControlClass.VlanAdd);
        return true;
    }

    private bool TryAcknowledge()
    {
        AnnouncePending = false;
        return true;
    }

    private bool TrySetPairs(ReadOnlySpan<byte> data)
    {
        if (data.Length != sizeof(ushort)) return false;
        int pairs = BinaryPrimitives.ReadUInt16LittleEndian(data);
        if (pairs < 1 || pairs > queuePairs) return false;
        _pairs = pairs;
        return true;
    }

    private bool TrySetOffloads(ReadOnlySpan<byte> data)
    {
        if (data.Length != sizeof(ulong)) return false;
        var on = (VirtioFeatures)BinaryPrimitives.ReadUInt64LittleEndian(data);
        if ((on & ~(features & GuestOffloads)) != 0) return false; // virtio 1.3 §5.1.6.5.6.2: only what was negotiated
        if (FeatureDependencies.Keep(on) != on) return false;
        OffloadsOff = features & GuestOffloads & ~on;
        return true;
    }
}
