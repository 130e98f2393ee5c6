using VhostUser.Endpoints;
using VhostUser.Rings;

namespace VhostUser.Handles;

/// <summary>What a server and a client have in common for those who only look.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Snapshot">A photograph with its counters.</param>
/// <param name="GetVringStates">Photographs of its rings: of one or all, with descriptors or without.</param>
/// <param name="GetCaptureSource">Where its packets are captured: those of one ring or of all.</param>
/// <param name="GetMessages">The messages of its session.</param>
internal sealed record Endpoint(string Name, Func<EndpointInfo> Snapshot, Func<int?, bool, VringState[]> GetVringStates, Func<int?, CaptureSource> GetCaptureSource, Func<VhostMessageInfo[]> GetMessages)
{
    /// <summary>The server or client itself.</summary>
    public object? Handle { get; init; }

    public static Endpoint Of(VhostServer server) => new(server.Name, server.Snapshot, server.GetVringStates, queue => CaptureSource.Of(server, queue), server.GetMessages) { Handle = server };

    public static Endpoint Of(VhostClient client) => new(client.Name, client.Snapshot, client.GetVringStates, queue => CaptureSource.Of(client, queue), client.GetMessages) { Handle = client };
}
