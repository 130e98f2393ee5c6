namespace VhostUser.Endpoints;

/// <summary>Where a capture stands.</summary>
public enum CaptureState
{
    /// <summary>Packets are captured.</summary>
    Running,
    /// <summary>A limit was reached, and the file is closed.</summary>
    Finished,
    /// <summary>It was stopped, and the file is closed.</summary>
    Stopped,
    /// <summary>The file could not be written any more.</summary>
    Faulted,
}
