using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Rings;

/// <summary>What a back-end was told about one ring, and the running queue when all of it is there.</summary>
internal sealed class Vring(int index) : IDisposable
{
    private ChainBurst? _burst;

    public int Index => index;

    /// <summary>Receive rings of a network device are the even ones (virtio 1.3 §5.1.2).</summary>
    public bool IsReceive => (index & 1) == 0;

    public int Size { get; set; }

    public VringAddressPayload? Addresses { get; set; }

    /// <summary>What SET_VRING_BASE said, or where the ring was stopped: an index, or two places with wrap counters in a packed ring.</summary>
    public uint Base { get; set; }

    public FileDescriptor? KickFd { get; private set; }

    public FileDescriptor? CallFd { get; private set; }

    public FileDescriptor? ErrFd { get; private set; }

    /// <summary>Whether this back-end plays the driver on the ring, as vapp's does on ring 0: it then signals the kick, and waits for nothing.</summary>
    public bool IsReversed { get; init; }

    /// <summary>With INBAND_NOTIFICATIONS: calls the driver by message, for a ring that got no call descriptor; its kicks come as messages too.</summary>
    public Action<int>? CallByMessage { get; set; }

    private FileDescriptor? SignalFd => IsReversed ? KickFd : CallFd;

    /// <summary>SET_VRING_KICK came, with a descriptor or with "poll": the ring is started.</summary>
    public bool KickReceived { get; set; }

    /// <summary>GET_VRING_BASE stopped the ring, and no kick has come since.</summary>
    public bool WasStopped { get; set; }

    /// <summary>SET_VRING_CALL came, with a descriptor or without.</summary>
    public bool CallReceived { get; private set; }

    /// <summary>The last SET_VRING_ENABLE, or null when none came.</summary>
    public bool? Enabled { get; set; }

    /// <summary>Whether the ring was enabled once: only from then on does "disabled" mean that packets are thrown away.</summary>
    public bool WasEnabled { get; set; }

    /// <summary>The running queue; null while the ring is stopped.</summary>
    public DeviceQueue? Queue { get; set; }

    /// <summary>Descriptors that were in flight when the ring was resumed from used.idx.</summary>
    public int ResumedInFlight { get; set; }

    public VringCounters Counters { get; private set; } = new();

    public ChainBurst Burst => _burst!;

    /// <summary>Takes a kick in place of the one before, which is the caller's now.</summary>
    public (FileDescriptor? Fd, bool Received) ExchangeKick(FileDescriptor? fd, bool received = true)
    {
        (FileDescriptor?, bool) before = (KickFd, KickReceived);
        (KickFd, KickReceived) = (fd, received);
        if (received) WasStopped = false;
        return before;
    }

    public void SetCall(FileDescriptor? fd)
    {
        CallFd?.Dispose();
        CallFd = fd;
        CallReceived = true;
    }

    public void SetErr(FileDescriptor? fd)
    {
        ErrFd?.Dispose();
        ErrFd = fd;
    }

    /// <summary>Makes room for bursts of a ring of the present size.</summary>
    public void PrepareBurst()
    {
        _burst?.Dispose();
        _burst = new ChainBurst(Size);
    }

    /// <summary>Calls the driver if it wants to be called.</summary>
    public void CallIfWanted()
    {
        if (Queue!.NeedsCall()) Call();
        else Counters.CallsSuppressed++;
    }

    /// <summary>Calls the driver whatever it wants.</summary>
    public void Call()
    {
        if (SignalFd is not null) EventFd.Signal(SignalFd.Number);
        else if (CallReceived && CallByMessage is not null) CallByMessage(Index);
        else return;
        Counters.CallsSent++;
    }

    /// <summary>Stops the ring and forgets its kick, as GET_VRING_BASE demands.</summary>
    public void Stop()
    {
        if (Queue is not null) Base = Queue.Base;
        Queue = null;
        KickFd?.Dispose();
        KickFd = null;
        KickReceived = false;
    }

    public void Dispose()
    {
        Stop();
        CallFd?.Dispose();
        ErrFd?.Dispose();
        _burst?.Dispose();
        _burst = null;
    }
}
