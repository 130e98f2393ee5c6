namespace VhostUser.Transport;

/// <summary>What moved through a channel; written by the thread that works it.</summary>
internal sealed class ChannelCounters
{
    public long FramesSent;
    public long PacketsSent;
    public long BytesSent;
    public long FramesReceived;
    public long PacketsReceived;
    public long BytesReceived;
    /// <summary>Frames of strangers or older sessions, which were left out.</summary>
    public long ForeignFrames;
    /// <summary>Times that a frame was ready and had to wait for credits.</summary>
    public long CreditStalls;

    /// <summary>Adds another's counts.</summary>
    public void Add(ChannelCounters other)
    {
        FramesSent += other.FramesSent;
        PacketsSent += other.PacketsSent;
        BytesSent += other.BytesSent;
        FramesReceived += other.FramesReceived;
        PacketsReceived += other.PacketsReceived;
        BytesReceived += other.BytesReceived;
        ForeignFrames += other.ForeignFrames;
        CreditStalls += other.CreditStalls;
    }
}
