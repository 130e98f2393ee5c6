namespace VhostUser.Packets;

/// <summary>What an ARP packet does (RFC 826).</summary>
public enum ArpOperation : ushort
{
    /// <summary>Who has this IPv4 address?</summary>
    Request = 1,

    /// <summary>This IPv4 address is at this MAC address.</summary>
    Reply = 2,
}
