using VhostUser.Rings;

namespace VhostUser.Fuzz.Targets;

/// <summary>A ring whose driver keeps no rule, against the device's side of either layout.</summary>
internal abstract unsafe class DeviceQueueTarget : FuzzTarget
{
    protected const int MaxSize = 64;

    private readonly ChainBurst _burst = new(MaxSize);

    protected FuzzMemory Memory { get; } = new();

    public override void Dispose()
    {
        _burst.Dispose();
        Memory.Dispose();
    }

    /// <summary>Takes, gives back and returns chains of a ring that is wrong somewhere, as a device does.</summary>
    protected void Work(DeviceQueue device)
    {
        for (int round = 0; round < 4; round++)
        {
            int count = device.Take(_burst, 64);
            FuzzFailure.Unless(count is >= 0 and <= 64 && count <= device.Size, $"{count} chains were taken from a ring of {device.Size}.");
            for (int i = 0; i < count; i++) ChainCheck.AssertSound(Memory, _burst, _burst.Chains[i]);
            if (count == 0) return;
            Good();
            if (round == 0)
            {
                device.Untake(count);
                continue;
            }
            for (int i = 0; i < count; i++) _burst.Chains[i].Written = _burst.Chains[i].WritableBytes;
            device.Return(_burst.Chains, count);
            device.NeedsCall();
            device.EnableKicks();
        }
        device.ReadDescriptors();
    }
}
