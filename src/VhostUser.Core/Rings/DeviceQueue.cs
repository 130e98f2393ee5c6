namespace VhostUser.Rings;

/// <summary>
/// The device's side of a ring (virtio 1.3 §2.6): takes chains that the driver made available and returns them as used.
/// One call works a whole burst; all of a ring's calls come from one thread.
/// </summary>
internal abstract unsafe class DeviceQueue
{
    /// <summary>Number of descriptors.</summary>
    public abstract int Size { get; }

    /// <summary>Where the next chain will be taken: what GET_VRING_BASE returns.</summary>
    public abstract uint Base { get; }

    /// <summary>
    /// Takes up to <paramref name="max"/> available chains into the burst, each descriptor read once and checked.
    /// Returns how many. The chains are the device's until <see cref="Return"/> or <see cref="Untake"/>.
    /// </summary>
    /// <exception cref="VhostException">The driver broke a rule of the ring.</exception>
    public abstract int Take(ChainBurst burst, int max);

    /// <summary>Gives back the last <paramref name="count"/> chains taken, as if they had not been.</summary>
    public abstract void Untake(int count);

    /// <summary>Publishes chains as used, in their order, with one index update.</summary>
    public abstract void Return(Chain* chains, int count);

    /// <summary>Whether the driver wants to be called for what was returned since the last time this was asked.</summary>
    public abstract bool NeedsCall();

    /// <summary>Asks the driver for kicks; true when a chain came meanwhile, so that the caller looks again before it sleeps.</summary>
    public abstract bool EnableKicks();

    /// <summary>Tells the driver that kicks are not needed.</summary>
    public abstract void DisableKicks();

    /// <summary>Whether a chain is available; looks at the shared index.</summary>
    public abstract bool HasAvailable();

    /// <summary>Marks what this queue writes in the front-end's dirty log; null while nothing of it is logged.</summary>
    public virtual RingLog? Log { get; set; }

    /// <summary>Forgets where addresses lie: the front-end invalidated some. No chain is in work then.</summary>
    public abstract void ForgetTranslations();

    /// <summary>A look at both sides' indices.</summary>
    public abstract RingIndices ReadIndices();

    /// <summary>What holds this queue up, in words, where the general rules do not apply; else null.</summary>
    public virtual string? Verdict => null;

    /// <summary>A look at every descriptor.</summary>
    public abstract VringDescriptor[] ReadDescriptors();
}
