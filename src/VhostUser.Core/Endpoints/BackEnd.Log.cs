using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>
/// The dirty log (vhost-user, "Migration"): buffers are logged while VHOST_F_LOG_ALL is acknowledged, a used ring while its
/// addresses carry VHOST_VRING_F_LOG, both once SET_LOG_BASE has come. All three may come in any order and while rings run.
/// </summary>
internal sealed partial class BackEnd
{
    private DirtyLog? _log;
    private FileDescriptor? _logFd;

    private void SetLogBase(Message message)
    {
        DirtyLog log = DirtyLog.Map(message.Read<LogPayload>(), message.BorrowFd(0));
        try
        {
            foreach (MemoryRegion region in _memory.Regions)
            {
                if (WhyNotCovered(log, region.Description) is VhostException error) throw error;
            }
            foreach (Vring ring in _rings)
            {
                if (ring is { Size: > 0, Addresses: VringAddressPayload address } && WhyNotCovered(log, ring, address) is VhostException wrong) throw wrong;
            }
        }
        catch
        {
            log.Dispose();
            throw;
        }
        DirtyLog? old = _log;
        _log = log;
        UpdateLogs();
        old?.Dispose();
        // The reply's content is not defined: DPDK sends none, libvhost-user 8 bytes, rust-vmm 16. QEMU takes any.
        _connection.Send(MessageHeader.ForReply(FrontEndRequest.SetLogBase, 0), default);
    }

    private void SetLogFd(Message message)
    {
        FileDescriptor? fd = TakeEventFd(message);
        _logFd?.Dispose();
        _logFd = fd;
        UpdateLogs();
    }

    /// <summary>The addresses of a running ring, repeated: QEMU switches the ring's log flag in this way.</summary>
    private void SwitchLog(Vring ring, VringAddressPayload payload)
    {
        if (_log is not null && WhyNotCovered(_log, ring, payload) is VhostException error) throw error;
        ring.Addresses = payload;
        ring.Queue!.Log = LogOf(ring);
    }

    /// <summary>Refuses memory beyond the log while rings log: a front-end sends the larger log first.</summary>
    private void RefuseUnlogged(in MemoryRegionDescription row)
    {
        if (_log is not null && _rings.Any(ring => ring.Queue?.Log is not null) && WhyNotCovered(_log, row) is VhostException error) throw error;
    }

    private void UpdateLogs()
    {
        foreach (Vring ring in _rings)
            if (ring.Queue is not null) ring.Queue.Log = LogOf(ring);
    }

    /// <summary>What marks a ring's writes, or null when nothing of them is logged.</summary>
    private RingLog? LogOf(Vring ring)
    {
        bool buffers = (Features & VirtioFeatures.LogAll) != 0;
        ulong? used = ring.Addresses is VringAddressPayload address && (address.Flags & VringAddressPayload.LogFlag) != 0 ? address.Log : null;
        return _log is null || !buffers && used is null ? null : new RingLog(_log, _memory, ring.Burst, buffers, used, _logFd);
    }

    private void DisposeLog()
    {
        _log?.Dispose();
        _logFd?.Dispose();
    }

    private static VhostException? WhyNotCovered(DirtyLog log, in MemoryRegionDescription row) =>
        log.Covers(row.GuestAddress, row.Size) ? null : log.TooSmall($"memory region ({row})", row.GuestAddress, row.Size);

    private VhostException? WhyNotCovered(DirtyLog log, Vring ring, in VringAddressPayload address)
    {
        ulong bytes = Layout.Areas(ring.Size)[2].Bytes;
        return (address.Flags & VringAddressPayload.LogFlag) == 0 || log.Covers(address.Log, bytes) ? null
            : log.TooSmall($"the used ring of ring {ring.Index} at 0x{address.Log:x}", address.Log, bytes);
    }
}
