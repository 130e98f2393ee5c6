using VhostUser.Rings.Split;

namespace VhostUser.Rings.Vapp;

/// <summary>
/// The driver's side of the ring on which a client sends to vapp's server. It takes no chain while the server's answers might not
/// fit into the reversed ring: that server looks at no end of its list and would leave the memory.
/// </summary>
internal sealed class BoundedDriverQueue(SplitDriverQueue inner, ReversedDriverQueue answers) : DriverQueue
{
    public override int Size => inner.Size;

    // Every chain in flight may become an answer, and one more packet may lie in the server's own buffer.
    public override int Free => Math.Min(inner.Free, Math.Max(0, Size - 1 - inner.InFlight - answers.Filled));

    public override int InFlight => inner.InFlight;

    public override string? Verdict => Free > 0 || inner.Free == 0 ? null
        : $"held back: {answers.Filled} of vapp's {Size} buffers on ring {VappLayout.ReversedRing} are full; receive its packets first";

    public override ushort FreeIdAt(int ahead) => inner.FreeIdAt(ahead);

    public override ushort AddSingle(ulong guestAddress, uint length, bool writable) => inner.AddSingle(guestAddress, length, writable);

    public override bool TryAdd(ReadOnlySpan<ChainBuffer> readable, ReadOnlySpan<ChainBuffer> writable, bool direct, out ushort id)
    {
        id = 0;
        return Free >= readable.Length + writable.Length && inner.TryAdd(readable, writable, direct, out id);
    }

    public override void Publish() => inner.Publish();

    public override bool NeedsKick() => inner.NeedsKick();

    public override int Reap(Span<UsedBuffer> used) => inner.Reap(used);

    public override bool EnableCalls() => inner.EnableCalls();

    public override void DisableCalls() => inner.DisableCalls();

    public override bool HasUsed() => inner.HasUsed();

    public override RingIndices ReadIndices() => inner.ReadIndices();

    public override VringDescriptor[] ReadDescriptors(SplitRingReader.Translator translate) => inner.ReadDescriptors(translate);
}
