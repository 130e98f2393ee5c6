using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>Saving and loading a back-end's state, as the two ends of a migration do (vhost-user, "Migrating back-end state").</summary>
public sealed partial class VhostClient
{
    /// <summary>Suspends the device, takes its state, and lets it go on.</summary>
    /// <returns>The state: bytes that only a back-end of the same kind understands.</returns>
    /// <exception cref="VhostException">FeatureMissing (DEVICE_STATE), RequestRefused, or StateInvalid.</exception>
    public byte[] SaveDeviceState(CancellationToken cancel = default)
    {
        byte[]? state = null;
        Transfer(DeviceStatePayload.Save, cancel, channel => state = StateTransfer.TryRead(channel, _options.Timeout, cancel));
        return state ?? throw DeviceState.Invalid("did not come to an end");
    }

    /// <summary>Suspends the device, gives it a state, and lets it go on.</summary>
    /// <exception cref="VhostException">FeatureMissing (DEVICE_STATE), RequestRefused, or StateInvalid.</exception>
    public void LoadDeviceState(byte[] state, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(state);
        Transfer(DeviceStatePayload.Load, cancel, channel => StateTransfer.TryWrite(channel, state, _options.Timeout, cancel));
    }

    private void Transfer(uint direction, CancellationToken cancel, Action<int> move) => Ask(() =>
    {
        DemandProtocol(ProtocolFeatures.DeviceState);
        _handshake!.SuspendRings(_rings, cancel);
        try
        {
            (FileDescriptor read, FileDescriptor write) = Libc.Pipe();
            bool saves = direction == DeviceStatePayload.Save;
            using FileDescriptor theirs = saves ? write : read;
            using FileDescriptor ours = saves ? read : write;
            using FileDescriptor? other = _frontEnd!.SetDeviceStateFd(new DeviceStatePayload { Direction = direction }, theirs.Number, cancel);
            theirs.Dispose(); // or the end of the data is never seen
            move((other ?? ours).Number);
            ours.Dispose();
            other?.Dispose();
            ulong result = _frontEnd.Get(FrontEndRequest.CheckDeviceState, cancel);
            if (result != 0)
                throw new VhostException(VhostError.StateInvalid, $"The back-end could not {(saves ? "save" : "load")} its state (CHECK_DEVICE_STATE said {result}).", "CHECK_DEVICE_STATE",
                    "The back-end's own log tells why; for a VhostServer look at Get-VhostServer, LastRefusal.");
        }
        finally
        {
            if (!cancel.IsCancellationRequested) _handshake.StartRings(_rings, cancel);
        }
    });
}
