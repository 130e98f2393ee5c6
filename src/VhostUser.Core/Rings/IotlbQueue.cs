using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Rings;

/// <summary>
/// The device's side of a ring whose buffers lie behind an IOMMU: when an address is not known the ring stalls, the front-end is
/// asked, and everything else goes on until it has answered.
/// </summary>
internal sealed unsafe class IotlbQueue(DeviceQueue inner, IotlbCache cache, Action<ulong, IotlbPermission> ask) : DeviceQueue
{
    private IotlbMissException? _miss;

    public override int Size => inner.Size;

    public override uint Base => inner.Base;

    public override RingLog? Log
    {
        get => inner.Log;
        set => inner.Log = value;
    }

    public override string? Verdict => _miss is null ? inner.Verdict : $"stalled: the front-end was asked where IOVA 0x{_miss.Iova:x} lies ({_miss.Wanted}), and has not answered (IOTLB_MSG)";

    /// <summary>The front-end answered, perhaps what this ring waits for: it looks again.</summary>
    public void Resume() => _miss = null;

    public override int Take(ChainBurst burst, int max)
    {
        if (_miss is not null) return 0;
        try
        {
            return inner.Take(burst, max);
        }
        catch (IotlbMissException miss)
        {
            // The queue's cursors have not moved: the same chains are taken again when the answer is there.
            _miss = miss;
            ask(miss.Iova, miss.Wanted);
            return 0;
        }
    }

    public override void Untake(int count) => inner.Untake(count);

    public override void Return(Chain* chains, int count) => inner.Return(chains, count);

    public override bool NeedsCall() => inner.NeedsCall();

    public override bool EnableKicks() => inner.EnableKicks() && _miss is null;

    public override void DisableKicks() => inner.DisableKicks();

    public override bool HasAvailable() => _miss is null && inner.HasAvailable();

    public override void ForgetTranslations() => inner.ForgetTranslations();

    public override RingIndices ReadIndices() => inner.ReadIndices();

    public override VringDescriptor[] ReadDescriptors()
    {
        cache.IsQuiet = true;
        try
        {
            return inner.ReadDescriptors();
        }
        finally
        {
            cache.IsQuiet = false;
        }
    }
}
