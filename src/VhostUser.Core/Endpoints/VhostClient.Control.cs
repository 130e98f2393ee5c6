using VhostUser.Devices.Net.Control;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>The control virtqueue of a network device, where the back-end serves it.</summary>
public sealed partial class VhostClient
{
    /// <summary>Index of the control ring (virtio 1.3 §5.1.2), or -1 when CTRL_VQ is not negotiated.</summary>
    public int ControlQueue => _options.Device != ClientDevice.Net || (UsedFeatures & VirtioFeatures.CtrlVq) == 0 ? -1
        : (UsedFeatures & VirtioFeatures.Mq) != 0 ? 2 * _handshake!.MaxQueuePairs : 2;

    /// <summary>Sends a command to the device and waits for its answer.</summary>
    /// <param name="command">The command.</param>
    /// <param name="timeout">How long to wait for the answer.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="VhostException">FeatureMissing without a control queue; RequestRefused when the device answers with an error; PeerTimeout …</exception>
    public void Control(ControlCommand command, TimeSpan timeout, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        int queue = ControlQueue;
        if (queue < 0)
            throw new VhostException(VhostError.FeatureMissing, $"Client '{Name}' has no control queue: CtrlVq was not negotiated.", Name,
                "Connect with -Feature CtrlVq and what the command needs, to a server started with -ControlQueue.");
        ReadOnlyMemory<byte>[] readable = command.Data.Length == 0 ? [command.Head] : [command.Head, command.Data];
        VringChainResult result = Post(queue, readable, [1], timeout, cancel);
        if (result.Data is [ControlClass.Ok]) return;
        throw new VhostException(VhostError.RequestRefused, $"Client '{Name}': the device refused the control command '{command}'{(result.Data is [byte answer] ? $" with {answer}" : " without an answer")}.", Name,
            $"It may need a feature that was not negotiated; in use are {string.Join(", ", FeatureNames.Of(UsedFeatures))}.");
    }

    private DriverRing? RingOf(int queue) => Array.Find(_rings, ring => ring.Index == queue);
}
