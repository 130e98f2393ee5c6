namespace VhostUser.Endpoints;

/// <summary>A request that was sent or received on a vhost-user socket, with its reply.</summary>
public sealed record VhostMessageInfo
{
    /// <summary>The server or client whose socket it was.</summary>
    public required string Owner { get; init; }
    /// <summary>Place among the messages of the session, replies counted too; a gap means that messages between were not kept.</summary>
    public required int Number { get; init; }
    /// <summary>When it was sent or received.</summary>
    public required DateTimeOffset Time { get; init; }
    /// <summary>Time since the connection was made.</summary>
    public required TimeSpan SinceStart { get; init; }
    /// <summary>Name of the request in the specification.</summary>
    public required string Request { get; init; }
    /// <summary>What it carried, in words.</summary>
    public required string Content { get; init; }
    /// <summary>File descriptors that came along.</summary>
    public required int Descriptors { get; init; }
    /// <summary>How long the reply took; null when there was none.</summary>
    public required TimeSpan? ReplyTime { get; init; }
    /// <summary>What the reply said, or that none was asked for or has come.</summary>
    public required string Result { get; init; }
}
