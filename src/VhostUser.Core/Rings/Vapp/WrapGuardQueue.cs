using VhostUser.Rings.Split;

namespace VhostUser.Rings.Vapp;

/// <summary>
/// The device's side of the ring on which vapp's client sends. It returns no more chains than that client can count and then ends
/// the session, because the client would spin without end, deaf to SIGINT, once the used index reached 32768.
/// </summary>
internal sealed unsafe class WrapGuardQueue(SplitDeviceQueue inner, int queue, ushort start) : DeviceQueue
{
    private int _left = VappLayout.LastUsedIndex - start;

    public override int Size => inner.Size;

    public override uint Base => inner.Base;

    public override int Take(ChainBurst burst, int max)
    {
        if (_left <= 0)
        {
            if (inner.HasAvailable()) throw Wrap();
            return 0;
        }
        int count = inner.Take(burst, Math.Min(max, _left));
        _left -= count;
        return count;
    }

    public override void Untake(int count)
    {
        inner.Untake(count);
        _left += count;
    }

    public override void Return(Chain* chains, int count) => inner.Return(chains, count);

    public override bool NeedsCall() => inner.NeedsCall();

    public override bool EnableKicks() => inner.EnableKicks();

    public override void DisableKicks() => inner.DisableKicks();

    public override bool HasAvailable() => inner.HasAvailable();

    public override void ForgetTranslations() => inner.ForgetTranslations();

    public override RingIndices ReadIndices() => inner.ReadIndices();

    public override VringDescriptor[] ReadDescriptors() => inner.ReadDescriptors();

    private VhostException Wrap() => new(VhostError.PeerDefect,
        $"Ring {queue}: vapp's 32768 wrap: {VappLayout.LastUsedIndex} packets were returned, and one more would make the used index {VappLayout.QueueSize}, at which vapp's client hangs; "
        + "the session was ended instead.", $"ring {queue}", "End vapp with SIGINT and start it again: this server still listens, and a new session counts from 0.");
}
