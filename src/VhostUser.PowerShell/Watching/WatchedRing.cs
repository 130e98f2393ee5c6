using VhostUser.Rings;

namespace VhostUser.Watching;

/// <summary>A ring in one frame.</summary>
/// <param name="State">Its photograph.</param>
/// <param name="PacketsPerSecond">Packets that crossed it since the frame before; 0 in the first one.</param>
internal sealed record WatchedRing(VringState State, double PacketsPerSecond);

/// <summary>A server or client in one frame.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Title">What it is and where it stands: 'server, Echo, Running'.</param>
/// <param name="Peer">The peer, or "-".</param>
/// <param name="Dropped">Packets dropped so far.</param>
/// <param name="BitsPerSecond">Bits that crossed all its rings since the frame before.</param>
/// <param name="Rings">Its rings.</param>
/// <param name="Problem">Why it can't be shown, or its fault; null when there is nothing to say.</param>
internal sealed record WatchedEndpoint(string Name, string Title, string Peer, long Dropped, double BitsPerSecond, WatchedRing[] Rings, string? Problem);
