using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Rings.Packed;
using VhostUser.Rings.Split;

namespace VhostUser.Endpoints;

/// <summary>The buffer that tells the next back-end which chains this one had in work (vhost-user, "Inflight I/O tracking").</summary>
internal sealed partial class BackEnd
{
    private InflightBuffer? _inflight;
    private bool _inflightIsPacked;

    /// <summary>Which records a buffer is for: before SET_FEATURES those of split rings, as DPDK has it.</summary>
    private bool RecordsPacked => _featuresSet && Layout.Packed;

    private ulong InflightBytesFor(ushort records) => RecordsPacked ? PackedInflight.BytesFor(records) : SplitInflight.BytesFor(records);

    private unsafe void GetInflightFd(Message message)
    {
        InflightPayload asked = message.Read<InflightPayload>();
        var reply = new InflightPayload { QueueCount = asked.QueueCount, QueueSize = asked.QueueSize };
        FileDescriptor? file = null;
        try
        {
            CheckInflight(asked, "GET_INFLIGHT_FD");
            reply.MmapSize = InflightBytesFor(asked.QueueSize) * asked.QueueCount;
            file = InflightBuffer.CreateFile(reply.MmapSize);
            ReplaceInflight(reply, file);
            // DPDK expects that whoever makes a buffer for packed rings lists every record as free.
            for (int i = 0; RecordsPacked && i < asked.QueueCount; i++) PackedInflight.Prepare(_inflight!.PartOf(i), asked.QueueSize);
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
        if (numbers.QueueCount == 0 || numbers.QueueCount > _rings.Length)
            throw new VhostException(VhostError.InflightInvalid, $"{message} is for {numbers.QueueCount} rings; this back-end has {_rings.Length}.", message, "num_queues counts rings, not pairs.");
        var layout = new RingLayout(RecordsPacked);
        if (!layout.IsValidSize(numbers.QueueSize))
            throw new VhostException(VhostError.InflightInvalid, $"{message} is for rings of {numbers.QueueSize} descriptors; expected {layout.SizeRule}.", message,
                "queue_size is the size of the largest ring.");
        if (_rings.FirstOrDefault(ring => ring.Queue is not null) is Vring running)
            throw new VhostException(VhostError.RequestOutOfOrder, $"{message} came while ring {running.Index} runs.", message, "Stop the rings with GET_VRING_BASE first.");
    }

    private void ReplaceInflight(in InflightPayload description, FileDescriptor file)
    {
        InflightBuffer buffer = InflightBuffer.Map(description, InflightBytesFor(description.QueueSize), file);
        _inflight?.Dispose();
        _inflight = buffer;
        _inflightIsPacked = RecordsPacked;
    }

    /// <summary>A device that is reset has nothing in flight: its rings begin anew, and the front-end gets or sets a buffer for them.</summary>
    private void ForgetInflight()
    {
        _inflight?.Dispose();
        _inflight = null;
    }

    /// <summary>The records of a ring that is about to start, or null when they are not kept.</summary>
    private unsafe SplitInflight? SplitInflightOf(Vring ring)
    {
        byte* part = InflightPartOf(ring);
        return part == null ? null : new SplitInflight(part, _inflight!.QueueSize, ring.Index, ring.Size);
    }

    private unsafe PackedInflight? PackedInflightOf(Vring ring)
    {
        byte* part = InflightPartOf(ring);
        return part == null ? null : new PackedInflight(part, _inflight!.QueueSize, ring.Index, ring.Size);
    }

    private unsafe byte* InflightPartOf(Vring ring)
    {
        if (_inflight is null) return null;
        if (_inflightIsPacked != Layout.Packed)
            throw RingException.Inflight(ring.Index, $"came for {(_inflightIsPacked ? "packed" : "split")} rings and the ring is {(Layout.Packed ? "a packed" : "a split")} one: SET_FEATURES must come before GET_INFLIGHT_FD and SET_INFLIGHT_FD");
        return _inflight.PartOf(ring.Index);
    }
}
