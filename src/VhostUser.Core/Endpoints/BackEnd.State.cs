using System.Diagnostics;
using VhostUser.Devices.Net;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>
/// Saving and loading the device's state while it is suspended (vhost-user, "Migrating back-end state"). The bytes travel on another
/// thread, so that a slow peer holds nobody up; what was loaded is applied when the front-end asks whether all went well.
/// </summary>
internal sealed partial class BackEnd
{
    private const ulong Failed = 1;
    private const ulong NoFd = VringFdPayload.NoFdFlag;
    private static readonly TimeSpan TransferTimeout = TimeSpan.FromSeconds(60);

    // The front-end has seen the end of the data when it asks; the other thread sees it a moment before or after. One that asks
    // earlier waits for its answer and holds nobody else up.
    private static readonly TimeSpan CheckPatience = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _transferEnd = new();
    private Task<byte[]?>? _transfer; // gives the bytes that came, or were sent; null when it failed
    private bool _loads;
    private long _checkSince; // a timestamp, or 0 when no reply is held

    private void SetDeviceStateFd(Message message)
    {
        DeviceStatePayload wanted = message.Read<DeviceStatePayload>();
        if (WhyNoTransfer(wanted) is string why)
        {
            LastRefusal = new VhostException(VhostError.RequestValueInvalid, $"SET_DEVICE_STATE_FD: {why}.", "SET_DEVICE_STATE_FD", "The front-end stops all rings with GET_VRING_BASE before it saves or loads.");
            Reply(message, Failed | NoFd);
            return;
        }
        FileDescriptor channel = message.TakeFd()!;
        Libc.SetNonBlocking(channel.Number);
        _loads = wanted.Direction == DeviceStatePayload.Load;
        byte[] state = _loads ? [] : DeviceState.Of(Mtu, Config, _rings).ToBytes();
        // A thread of its own: in a busy process one of the pool may come late, and the front-end asks soon.
        _transfer = Task.Factory.StartNew(() =>
        {
            using (channel) // closing it tells the front-end that this is all
            {
                if (_loads) return StateTransfer.TryRead(channel.Number, TransferTimeout, _transferEnd.Token);
                return StateTransfer.TryWrite(channel.Number, state, TransferTimeout, _transferEnd.Token) ? state : null;
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Reply(message, NoFd); // the front-end's channel is as good as any of ours
    }

    /// <summary>Whether CHECK_DEVICE_STATE waits for its reply; the messages behind it wait, too, or replies would come out of turn.</summary>
    public bool HoldsReply => _checkSince != 0;

    /// <summary>Answers CHECK_DEVICE_STATE when the transfer has come to its end or the patience with it has; false while neither is so.</summary>
    public bool TryAnswer()
    {
        if (_transfer is { IsCompleted: false } && Stopwatch.GetElapsedTime(_checkSince) < CheckPatience) return false;
        _checkSince = 0;
        AnswerCheck();
        return true;
    }

    private void CheckDeviceState()
    {
        if (_transfer is { IsCompleted: false }) _checkSince = Stopwatch.GetTimestamp();
        else AnswerCheck();
    }

    private unsafe void AnswerCheck()
    {
        ulong result = Failed;
        try
        {
            FinishTransfer();
            result = 0;
        }
        catch (VhostException error)
        {
            LastRefusal = error;
        }
        _transfer = null;
        _connection.Send(MessageHeader.ForReply(FrontEndRequest.CheckDeviceState, sizeof(ulong)), new ReadOnlySpan<byte>(&result, sizeof(ulong)));
    }

    private string? WhyNoTransfer(in DeviceStatePayload wanted)
    {
        if (wanted.Direction > DeviceStatePayload.Load) return $"direction {wanted.Direction}; expected 0 (save) or 1 (load)";
        if (wanted.Phase != DeviceStatePayload.Stopped) return $"phase {wanted.Phase}; only 0 (the device is stopped) is defined";
        if (_transfer is { IsCompleted: false }) return "another transfer is under way";
        return _rings.FirstOrDefault(ring => ring.Queue is not null) is Vring running ? $"ring {running.Index} runs; the device must be suspended" : null;
    }

    private void FinishTransfer()
    {
        if (_transfer is null) throw DeviceState.Invalid("was not asked for: CHECK_DEVICE_STATE came without SET_DEVICE_STATE_FD");
        if (!_transfer.IsCompleted) throw DeviceState.Invalid("is still being transferred");
        byte[] bytes = _transfer.Result ?? throw DeviceState.Invalid("could not be transferred");
        if (!_loads) return;
        DeviceState state = DeviceState.Parse(bytes);
        if (state.Rings.Length != _rings.Length) throw DeviceState.Invalid($"is of a device with {state.Rings.Length} rings; this one has {_rings.Length}");
        if (state.Config.Length != Config.Length) throw DeviceState.Invalid($"has a configuration space of {state.Config.Length} bytes; this device's has {Config.Length}");
        if (state.Mtu is not 0 and (< NetConfig.SmallestMtu or > NetConfig.LargestMtu)) throw DeviceState.Invalid($"has an MTU of {state.Mtu}");
        _config = state.Config;
        if (state.Mtu != 0)
        {
            Mtu = state.Mtu;
            Device.MtuChanged(state.Mtu);
        }
        for (int i = 0; i < _rings.Length; i++)
        {
            (uint start, long packets, long count) = state.Rings[i];
            _rings[i].Base = start; // until SET_VRING_BASE says otherwise
            _rings[i].Counters.Packets = packets;
            _rings[i].Counters.Bytes = count;
        }
    }
}
