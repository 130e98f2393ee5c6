using VhostUser.Rings;

namespace VhostUser.Devices.Net.Switching;

/// <summary>One port of an <see cref="EthernetSwitch"/>: where its packets come from and go to is the subclass's affair.</summary>
internal abstract class SwitchPort(string name)
{
    /// <summary>Name, unique in the switch.</summary>
    public string Name => name;

    /// <summary>Number in the switch, from 0; free again when the port is removed.</summary>
    public int Number { get; set; } = -1;

    /// <summary>Ports of one group other than 0 never send to each other (split horizon): links of a full mesh, which would make loops.</summary>
    public int Group { get; init; }

    /// <summary>The VLANs that pass, or null for all.</summary>
    public VlanFilter? Vlans { get; init; }

    /// <summary>Packets that came in.</summary>
    public long PacketsIn { get; set; }

    /// <summary>Packets that went out here, to a station known to be here.</summary>
    public long PacketsOut { get; set; }

    /// <summary>Packets that went out here because they are for everybody, or for a station not known.</summary>
    public long Flooded { get; set; }

    /// <summary>Packets that came in here and were sent nowhere, and copies not sent out here, by reason.</summary>
    public DropCounters Drops { get; } = new();

    /// <summary>Copies a packet out; what can't be taken is dropped and counted. <see cref="Flush"/> makes it visible.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="header">What is left to do for it; allowed by the sender's features, perhaps more than the receiver takes.</param>
    /// <param name="queue">Queue pair that the packet came by, to keep a flow on one ring.</param>
    public abstract void Send(in PacketView packet, in NetHeader header, int queue);

    /// <summary>Publishes what was sent since the last time.</summary>
    public abstract void Flush();
}
