using System.Runtime.InteropServices;
using VhostUser.Devices.Net;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Rings.Packed;
using VhostUser.Rings.Split;
using VhostUser.Rings.Vapp;

namespace VhostUser.Endpoints;

/// <summary>The messages about rings, and when a ring runs.</summary>
internal sealed partial class BackEnd
{
    /// <summary>Why a ring does not run, in words; null when it does.</summary>
    public string? WhyStopped(Vring ring)
    {
        if (!_featuresSet && _options.Profile != PeerProfile.Vapp) return "features were not acknowledged (SET_FEATURES)";
        if (_memory.Regions.Count == 0) return "no memory region was received (SET_MEM_TABLE or ADD_MEM_REG)";
        if (ring.Size == 0) return "no size was received (SET_VRING_NUM)";
        if (!Layout.IsValidSize((uint)ring.Size)) return $"its size is {ring.Size} (SET_VRING_NUM), and without RING_PACKED it must be {Layout.SizeRule}";
        if (ring.Addresses is null) return "no addresses were received (SET_VRING_ADDR)";
        if (ring.WasStopped) return "the front-end stopped it with GET_VRING_BASE, and has not started it again with SET_VRING_KICK";
        if (!ring.KickReceived) return "no kick descriptor was received (SET_VRING_KICK starts a ring)";
        if (_statusUsed && (Status & DeviceStatus.DriverOk) == 0) return "the front-end negotiated STATUS and has not set DRIVER_OK";
        return null;
    }

    /// <summary>Whether a started ring is enabled: by SET_VRING_ENABLE, or by itself when bit 30 was not acknowledged.</summary>
    public bool IsEnabled(Vring ring) => ring.Enabled ?? !UsesProtocolFeatures;

    private Vring RingAt(uint index, Message? message = null)
    {
        if (index < (uint)_rings.Length) return _rings[index];
        throw new VhostException(VhostError.RingIndexInvalid,
            $"{(message ?? _connection.Current).Name} names ring {index}; this back-end has {_rings.Length} (0 to {_rings.Length - 1}, {_options.QueuePairs} queue pair(s){(_rings.Length > 2 * _options.QueuePairs ? " and a control queue" : "")}).",
            $"ring {index}", "Give the front-end fewer queues, or start the server with more: -QueuePairs.");
    }

    private Vring RingOf(Message message)
    {
        ulong payload = message.ReadUInt64();
        if ((payload & ~(VringFdPayload.IndexMask | VringFdPayload.NoFdFlag)) != 0)
            throw new VhostException(VhostError.RingIndexInvalid, $"{message.Name}: payload 0x{payload:x} has bits set above the ring index (0-7) and the no-descriptor flag (8).", message.Name,
                "The payload is a u64: ring index in bits 0-7, flag in bit 8.");
        return RingAt((uint)(payload & VringFdPayload.IndexMask), message);
    }

    private void SetVringNum(VringStatePayload payload)
    {
        Vring ring = RingAt(payload.Index);
        if (!Layout.IsValidSize(payload.Number))
            throw new VhostException(VhostError.RingSizeInvalid, $"SET_VRING_NUM: ring {ring.Index} would have {payload.Number} descriptors; expected {Layout.SizeRule}.",
                $"ring {ring.Index}", "Choose another queue size at the front-end.");
        RefuseWhileRunning(ring);
        ring.Size = (int)payload.Number;
        UpdateRing(ring);
    }

    private void SetVringBase(VringStatePayload payload)
    {
        Vring ring = RingAt(payload.Index);
        if (payload.Number > ushort.MaxValue && !Layout.Packed)
            throw new VhostException(VhostError.RequestValueInvalid, $"SET_VRING_BASE: ring {ring.Index} would start at {payload.Number}; a split ring's index has 16 bits.", $"ring {ring.Index}",
                "Bit 15 and above are for packed rings, which were not negotiated.");
        RefuseWhileRunning(ring);
        ring.Base = payload.Number;
    }

    private void SetVringAddr(VringAddressPayload payload)
    {
        Vring ring = RingAt(payload.Index);
        if (ring.Queue is not null && ring.Addresses is VringAddressPayload old && old.Descriptors == payload.Descriptors && old.Used == payload.Used && old.Available == payload.Available)
        {
            SwitchLog(ring, payload);
            return;
        }
        RefuseWhileRunning(ring);
        VringAddressPayload? previous = ring.Addresses;
        ring.Addresses = payload;
        try
        {
            if (_memory.Regions.Count > 0 && ring.Size > 0 && !UsesIova) CheckPlace(ring); // a wrong address is an answer to this message, not to a later one
            UpdateRing(ring);
        }
        catch (VhostException)
        {
            ring.Addresses = previous;
            throw;
        }
    }

    private void GetVringBase(Message message)
    {
        Vring ring = RingAt(message.Read<VringStatePayload>().Index);
        ring.WasStopped = ring.Queue is not null;
        StopRing(ring);
        UpdatePairs();
        Reply(message, new VringStatePayload { Index = (uint)ring.Index, Number = ring.Base });
    }

    private void SetVringKick(Message message)
    {
        Vring ring = RingOf(message);
        FileDescriptor? fd = TakeEventFd(message);
        if (ring.KickFd is not null) _unwatchKick(ring);
        (FileDescriptor? oldFd, bool received) = ring.ExchangeKick(fd);
        try
        {
            if (ring.Queue is not null && fd is not null) _watchKick(ring);
            UpdateRing(ring);
            oldFd?.Dispose();
        }
        catch
        {
            // A kick that was refused was never there: a later message must not start the ring with it.
            ring.ExchangeKick(oldFd, received);
            fd?.Dispose();
            if (ring.Queue is not null && oldFd is not null) _watchKick(ring);
            throw;
        }
    }

    private void SetVringCall(Message message)
    {
        Vring ring = RingOf(message);
        ring.SetCall(TakeEventFd(message));
        // A call may have been lost with the descriptor before: one too many does no harm.
        if (ring.Queue is not null) ring.Call();
    }

    private void SetVringEnable(VringStatePayload payload)
    {
        Vring ring = RingAt(payload.Index);
        if (payload.Number > 1)
            throw new VhostException(VhostError.RequestValueInvalid, $"SET_VRING_ENABLE: ring {ring.Index} would be set to {payload.Number}; expected 0 or 1.", $"ring {ring.Index}", "Look at the front-end's code.");
        ring.Enabled = payload.Number == 1;
        ring.WasEnabled |= ring.Enabled.Value;
        UpdateRing(ring);
    }

    private void DisableAllRings()
    {
        foreach (Vring ring in _rings) ring.Enabled = false;
        UpdatePairs();
    }

    private static void RefuseWhileRunning(Vring ring)
    {
        if (ring.Queue is not null)
            throw new VhostException(VhostError.RequestOutOfOrder, $"Ring {ring.Index} is running; its size, base and addresses can't change.", $"ring {ring.Index}",
                "Stop it with GET_VRING_BASE first.");
    }

    /// <summary>Starts the ring if everything is there, and tells the packet path.</summary>
    private void UpdateRing(Vring ring)
    {
        if (ring.Queue is null && WhyStopped(ring) is null && !(UsesIova && WhyMisplaced(ring) is not null)) StartRing(ring);
        UpdatePairs();
    }

    /// <summary>
    /// The same for all rings, after a message about none of them: a ring whose addresses lie in no region (yet) stays stopped
    /// with that verdict, for a front-end may set up rings first and add region by region.
    /// </summary>
    private void UpdateAllRings()
    {
        foreach (Vring ring in _rings)
            if (ring.Queue is null && WhyStopped(ring) is null && WhyMisplaced(ring) is null) StartRing(ring);
        UpdatePairs();
    }

    private void StartRing(Vring ring)
    {
        ring.PrepareBurst();
        ring.Queue = BehindIommu(Layout.Packed ? CreatePackedQueue(ring) : CreateSplitQueue(ring));
        ring.Queue.Log = LogOf(ring);
        if (ring.KickFd is not null) _watchKick(ring);
        // Calls that the driver missed while nobody served the ring: wake it once.
        ring.Call();
    }

    private void StopRing(Vring ring)
    {
        if (ring.KickFd is not null) _unwatchKick(ring);
        if (ring.IsReceive && ring.Index / 2 < _pairs.Length) _pairs[ring.Index / 2].Filler.Reset();
        ring.Stop();
    }

    /// <summary>Brings what the packet path looks at up to date.</summary>
    private void UpdatePairs()
    {
        int header = NetHeader.LengthFor(Features);
        bool mergeable = (Features & VirtioFeatures.MrgRxbuf) != 0;
        foreach (NetQueuePair pair in _pairs)
        {
            pair.Features = Features & ~(_control?.OffloadsOff ?? 0);
            pair.Filter = _control?.Filter;
            pair.HeaderLength = header;
            pair.Mergeable = mergeable;
            pair.MayStall = UsesIova;
            pair.CanReceive = pair.Receive.Queue is not null && IsEnabled(pair.Receive) && pair.Index < (_control?.ActivePairs ?? int.MaxValue);
            pair.CanTransmit = pair.Transmit.Queue is not null && IsEnabled(pair.Transmit);
        }
        MustPoll = !IsInband && _rings.Any(ring => ring is { Queue: not null, KickFd: null });
        int control = ControlIndex;
        ActivePairs = [.. _pairs.Where(pair => pair.Receive.Index != control).Where(pair => pair.Receive.Queue is not null || pair.Transmit.Queue is not null)];
        Device.PairsChanged(ActivePairs);
    }

    private static FileDescriptor? TakeEventFd(Message message)
    {
        if (message.FdCount == 0) return null;
        FileDescriptor fd = message.BorrowFd(0);
        string? kind = new FileInfo($"/proc/self/fd/{fd.Number}").LinkTarget;
        if (kind != "anon_inode:[eventfd]")
            throw new VhostException(VhostError.MessageFdKindInvalid, $"{message.Name}: expected an eventfd, got '{kind}'.", message.Name, "Make it with eventfd(2).");
        int flags = Libc.GetStatusFlags(fd.Number);
        if ((flags & Libc.O_ACCMODE) != Libc.O_RDWR)
            throw new VhostException(VhostError.MessageFdKindInvalid, $"{message.Name}: expected an eventfd that can be read and written, got one with flags 0x{flags:x}.", message.Name, "Send it as eventfd(2) made it.");
        // Writing must never block this thread, whatever the peer does to the counter.
        if ((flags & Libc.O_NONBLOCK) == 0) Libc.SetNonBlocking(fd.Number);
        return message.TakeFd();
    }
}
