namespace VhostUser.Transport;

/// <summary>What both ends of a session agreed on for its frames.</summary>
internal sealed record ChannelOptions
{
    /// <summary>Bytes of a frame's buffer: one packet of the greatest length fits with all that goes with it.</summary>
    public const int FrameBytes = 66 << 10;

    /// <summary>Buffers that each end posts for each queue pair.</summary>
    public const int ReceiveFrames = 16;

    /// <summary>Frames that may be on their way out.</summary>
    public const int SendFrames = 8;

    /// <summary>Small frames that may be on their way out besides.</summary>
    public const int ControlFrames = 8;

    /// <summary>Bytes of a small frame's buffer.</summary>
    public const int ControlBytes = 128;

    /// <summary>Receive buffers of the peer that packets leave alone, so that credits and signs of life always get through.</summary>
    public const int Reserve = 4;

    /// <summary>Engine slots of one channel.</summary>
    public const int Slots = ReceiveFrames + SendFrames + ControlFrames;

    /// <summary>Bytes of memory of one channel.</summary>
    public const int MemoryBytes = (ReceiveFrames + SendFrames) * FrameBytes + ControlFrames * ControlBytes;

    /// <summary>Number of the session.</summary>
    public required uint Session { get; init; }

    /// <summary>Bytes at which a frame is full.</summary>
    public required int FillBytes { get; init; }

    /// <summary>Encrypts, or null.</summary>
    public FrameSealer? Sealer { get; init; }

    /// <summary>Whether only the peer can send here; where anybody can, frames of strangers are left out rather than held against the peer.</summary>
    public bool IsConnected { get; init; } = true;
}
