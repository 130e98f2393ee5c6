using VhostUser.Packets;

namespace VhostUser.Endpoints;

/// <summary>How a path is tested.</summary>
public sealed record VhostPathOptions
{
    /// <summary>The client that sends.</summary>
    public required VhostClient From { get; init; }

    /// <summary>The client that receives: the same one where the path leads back.</summary>
    public required VhostClient To { get; init; }

    /// <summary>How long packets are sent.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Packets per second, or 0 for as many as the ring takes.</summary>
    public double Rate { get; init; } = 10_000;

    /// <summary>Bytes of a frame; several sizes take turns.</summary>
    public IReadOnlyList<int> PacketSizes { get; init; } = [64];

    /// <summary>Transmit ring: an odd index. What comes back is taken from all receive rings.</summary>
    public int Queue { get; init; } = 1;

    /// <summary>Whose addresses and tags the packets have: UDP over IPv4; null for the usual ones.</summary>
    public VhostPacket? Template { get; init; }

    /// <summary>How long to wait for packets still missing when all were sent and none came any more.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(1);
}
