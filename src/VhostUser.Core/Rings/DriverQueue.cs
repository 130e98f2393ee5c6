namespace VhostUser.Rings;

/// <summary>
/// The driver's side of a ring (virtio 1.3 §2.6): makes chains available and takes them back when the device used them.
/// What is in flight is remembered in private memory; nothing that the device can write is trusted. One thread at a time.
/// </summary>
internal abstract unsafe class DriverQueue
{
    /// <summary>Number of descriptors.</summary>
    public abstract int Size { get; }

    /// <summary>Descriptors that are free.</summary>
    public abstract int Free { get; }

    /// <summary>Chains that the device has.</summary>
    public abstract int InFlight { get; }

    /// <summary>The free descriptor that comes up after so many others; the caller made sure that there is one.</summary>
    public abstract ushort FreeIdAt(int ahead);

    /// <summary>Adds a chain of one buffer; the caller made sure that a descriptor is free. Returns its id, which is FreeIdAt(0).</summary>
    public abstract ushort AddSingle(ulong guestAddress, uint length, bool writable);

    /// <summary>The free descriptors that come up next, in their order; returns how many there are, at most as many as fit.</summary>
    public virtual int PeekFree(Span<ushort> ids)
    {
        int count = Math.Min(ids.Length, Free);
        for (int i = 0; i < count; i++) ids[i] = FreeIdAt(i);
        return count;
    }

    /// <summary>
    /// Adds chains of one buffer each, as many as asked, for which the caller made sure of free descriptors. Each descriptor owns one
    /// slot of an array, so its buffer is always at the same place.
    /// </summary>
    /// <param name="count">How many chains.</param>
    /// <param name="slots">Where the slots are and what of them to hand over.</param>
    public virtual void AddSlots(int count, in SlotArray slots)
    {
        for (int i = 0; i < count; i++) AddSingle(slots.AddressOf(FreeIdAt(0)), slots.Length, slots.Writable);
    }

    /// <summary>Adds a chain, readable buffers first; false when too few descriptors are free.</summary>
    /// <param name="readable">Buffers the device reads.</param>
    /// <param name="writable">Buffers the device writes.</param>
    /// <param name="direct">Whether to keep to the ring's own descriptors, in the order of <see cref="FreeIdAt"/>.</param>
    /// <param name="id">The chain's head.</param>
    public abstract bool TryAdd(ReadOnlySpan<ChainBuffer> readable, ReadOnlySpan<ChainBuffer> writable, bool direct, out ushort id);

    /// <summary>Where a back-end must go on: what SET_VRING_BASE carries. Behind what was used, so that all that is in flight is worked again.</summary>
    public virtual uint ResumeBase => 0;

    /// <summary>
    /// Readies the ring for a device that takes over without a record of what the last one had in work: every chain which that one
    /// did not use is available behind <see cref="ResumeBase"/>, though it may have used others out of turn. No device may be at work.
    /// </summary>
    /// <remarks>A packed ring can't: descriptors of chains that were used out of turn lie on top of others. There it does nothing.</remarks>
    public virtual void Resubmit()
    {
    }

    /// <summary>Makes all added chains available with one index update.</summary>
    public abstract void Publish();

    /// <summary>Whether the device wants a kick for what was published since the last time this was asked.</summary>
    public abstract bool NeedsKick();

    /// <summary>Takes back used chains, oldest first, and frees their descriptors. Returns how many.</summary>
    /// <exception cref="VhostException">The device broke a rule of the ring.</exception>
    public abstract int Reap(Span<UsedBuffer> used);

    /// <summary>Asks the device for calls; true when something was used meanwhile, so that the caller looks again before it sleeps.</summary>
    public abstract bool EnableCalls();

    /// <summary>Tells the device that calls are not needed.</summary>
    public abstract void DisableCalls();

    /// <summary>Whether a used chain waits; looks at the shared index.</summary>
    public abstract bool HasUsed();

    /// <summary>A look at both sides' indices.</summary>
    public abstract RingIndices ReadIndices();

    /// <summary>What holds this queue up, in words, where the general rules do not apply; else null.</summary>
    public virtual string? Verdict => null;

    /// <summary>A look at every descriptor; <paramref name="translate"/> finds buffers.</summary>
    public abstract VringDescriptor[] ReadDescriptors(Split.SplitRingReader.Translator translate);

    /// <summary>A chain's buffer by its place: the readable ones come first.</summary>
    private protected static ChainBuffer BufferAt(ReadOnlySpan<ChainBuffer> readable, ReadOnlySpan<ChainBuffer> writable, int i) =>
        i < readable.Length ? readable[i] : writable[i - readable.Length];
}
