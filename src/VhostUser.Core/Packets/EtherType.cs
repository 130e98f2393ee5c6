namespace VhostUser.Packets;

/// <summary>What an Ethernet frame carries: the 16-bit numbers this library knows; others keep their number.</summary>
public enum EtherType : ushort
{
    /// <summary>No type: the frame is too short to have one.</summary>
    None = 0,

    /// <summary>Internet Protocol version 4, 0x0800.</summary>
    IPv4 = 0x0800,

    /// <summary>Address Resolution Protocol, 0x0806.</summary>
    Arp = 0x0806,

    /// <summary>A customer VLAN tag follows (IEEE 802.1Q), 0x8100.</summary>
    Vlan = 0x8100,

    /// <summary>Internet Protocol version 6, 0x86DD.</summary>
    IPv6 = 0x86DD,

    /// <summary>A provider VLAN tag follows (IEEE 802.1ad), 0x88A8.</summary>
    ProviderVlan = 0x88A8,

    /// <summary>
    /// Free for local experiments (IEEE 802), 0x88B5; what a built packet of protocol Ethernet has unless told otherwise.
    /// </summary>
    LocalExperimental = 0x88B5,
}
