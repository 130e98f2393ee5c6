namespace VhostUser.Devices.Net.Switching;

/// <summary>What the switch found out about a frame.</summary>
internal readonly struct SwitchFrame
{
    /// <summary>VLAN, or 0 where no port has any.</summary>
    public int Vlan { get; init; }

    /// <summary>Whether the frame has a tag as it stands in the sender's memory.</summary>
    public bool IsTagged { get; init; }

    /// <summary>Queue pair that it came by.</summary>
    public int Queue { get; init; }
}
