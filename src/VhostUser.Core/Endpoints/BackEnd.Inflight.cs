using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Rings.Split;

namespace VhostUser.Endpoints;

/// <summary>The buffer that tells the next back-end which chains this one had in work (vhost-user, "Inflight I/O tracking").</summary>
internal sealed partial class BackEnd
{
    private InflightBuffer? _inflight;

    private unsafe void GetInflightFd(Message message)
    {
        InflightPayload asked = message.Read<InflightPayload>();
        var reply = new InflightPayload { QueueCount = asked.QueueCount, QueueSize = asked.QueueSize };
        FileDescriptor? file = null;
        try
        {
            CheckInflight(asked, "GET_INFLIGHT_FD");
            reply.MmapSize = SplitInflight.BytesFor(asked.QueueSize) * asked.QueueCount;
            file = InflightBuffer.CreateFile(reply.MmapSize);
            ReplaceInflight(reply, file);
        }
        catch (VhostException error)
        {
            LastRefusal = error;
            reply.MmapSize = 0; // as libvhost-user says that there is no buffer
            file?.Dispose();
            file = null;
        }
        using (file)
        {
            _connection.Send(MessageHeader.ForReply(FrontEndRequest.GetInflightFd, sizeof(InflightPayload)), new ReadOnlySpan<byte>(&reply, sizeof(InflightPayload)), file is null ? [] : [file.Number]);
        }
    }

    private void SetInflightFd(Message message)
    {
        InflightPayload given = message.Read<InflightPayload>();
        CheckInflight(given, "SET_INFLIGHT_FD");
        ReplaceInflight(given, message.BorrowFd(0));
    }

    private void CheckInflight(in InflightPayload numbers, string message)
    {
        if (Layout.Packed && _featuresSet)
            throw new VhostException(VhostError.InflightInvalid, $"{message}: inflight records of packed rings are not kept by this back-end.", message, "A packed ring resumes from marks in the ring itself; leave the buffer out.");
        if (numbers.QueueCount == 0 || numbers.QueueCount > _rings.Length)
            throw new VhostException(VhostError.InflightInvalid, $"{message} is for {numbers.QueueCount} rings; this back-end has {_rings.Length}.", message, "num_queues counts rings, not pairs.");
        if (!SplitRing.IsValidSize(numbers.QueueSize))
            throw new VhostException(VhostError.InflightInvalid, $"{message} is for rings of {numbers.QueueSize} descriptors; expected a power of two from 1 to {SplitRing.MaxSize}.", message,
                "queue_size is the size of the largest ring.");
        if (_rings.FirstOrDefault(ring => ring.Queue is not null) is Vring running)
            throw new VhostException(VhostError.RequestOutOfOrder, $"{message} came while ring {running.Index} runs.", message, "Stop the rings with GET_VRING_BASE first.");
    }

    private void ReplaceInflight(in InflightPayload description, FileDescriptor file)
    {
        InflightBuffer buffer = InflightBuffer.Map(description, SplitInflight.BytesFor(description.QueueSize), file);
        _inflight?.Dispose();
        _inflight = buffer;
    }

    /// <summary>A device that is reset has nothing in flight: its rings begin anew, and the front-end gets or sets a buffer for them.</summary>
    private void ForgetInflight()
    {
        _inflight?.Dispose();
        _inflight = null;
    }

    /// <summary>The records of a ring that is about to start, or null when they are not kept.</summary>
    private unsafe SplitInflight? InflightOf(Vring ring)
    {
        if (_inflight is null) return null;
        byte* part = _inflight.PartOf(ring.Index);
        return part == null ? null : new SplitInflight(part, _inflight.QueueSize, ring.Index, ring.Size);
    }
}
