namespace VhostUser.Packets;

/// <summary>One decoded header, or one run of bytes without a known header, of a packet.</summary>
/// <param name="Offset">Where the layer begins, in bytes from the start of the frame.</param>
/// <param name="Length">The layer's own length in bytes: its header, without what it carries.</param>
public abstract record PacketLayer(int Offset, int Length)
{
    /// <summary>The layer's name, such as "IPv4".</summary>
    public abstract string Name { get; }
}
