namespace VhostUser.Devices.Net;

/// <summary>Receives one packet of a peer and returns the packets to send back; called on the server's thread.</summary>
/// <param name="queue">Index of the transmit ring it came from.</param>
/// <param name="header">The virtio-net header, 10, 12 or 20 bytes.</param>
/// <param name="frame">The Ethernet frame.</param>
public delegate IReadOnlyList<ReadOnlyMemory<byte>> PacketHandler(int queue, ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> frame);
