using VhostUser.Devices.Net.Control;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>The control virtqueue, where the front-end leaves it to the back-end: QEMU and DPDK keep it to themselves.</summary>
internal sealed partial class BackEnd
{
    private const int MaxCommand = 16384;

    private NetControl? _control;
    private byte[]? _command;

    /// <summary>Index of the control ring (virtio 1.3 §5.1.2), or -1 without CTRL_VQ.</summary>
    public int ControlIndex => (Features & VirtioFeatures.CtrlVq) == 0 ? -1 : (Features & VirtioFeatures.Mq) != 0 ? 2 * _options.QueuePairs : 2;

    /// <summary>What the guest set by control commands; null without CTRL_VQ.</summary>
    public NetControl? Control => _control;

    private void ResetControl() => _control = (Features & VirtioFeatures.CtrlVq) == 0 ? null : new NetControl(Features, _options.QueuePairs);

    /// <summary>Obeys the commands that wait. Kicks of the control ring stay on: commands are rare and their driver waits for the answer.</summary>
    public void ProcessControl()
    {
        int index = ControlIndex;
        if (_control is null || index < 0 || _rings[index] is not { Queue: DeviceQueue queue } ring || !IsEnabled(ring) || !queue.HasAvailable()) return;
        do
        {
            int count;
            while ((count = queue.Take(ring.Burst, 16)) > 0) Execute(ring, queue, count);
        }
        while (queue.EnableKicks());
        UpdatePairs();
    }

    private unsafe void Execute(Vring ring, DeviceQueue queue, int count)
    {
        for (int i = 0; i < count; i++)
        {
            ref Chain chain = ref ring.Burst.Chains[i];
            chain.Written = 0;
            Segment* segments = ring.Burst.Segments + chain.FirstSegment;
            byte answer = ControlClass.Error;
            if (chain.ReadableBytes <= MaxCommand)
            {
                _command ??= GC.AllocateUninitializedArray<byte>(MaxCommand);
                fixed (byte* command = _command) new SegmentCursor(segments, chain.ReadableSegments).Read(command, chain.ReadableBytes);
                answer = _control!.Execute(_command.AsSpan(0, (int)chain.ReadableBytes));
            }
            // A command without room for its answer is returned with nothing written.
            if (new SegmentCursor(segments + chain.ReadableSegments, chain.WritableSegments).Write(&answer, 1) == 1) chain.Written = 1;
        }
        queue.Return(ring.Burst.Chains, count);
        ring.CallIfWanted();
    }
}
