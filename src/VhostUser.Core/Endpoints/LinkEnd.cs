using VhostUser.Transport;

namespace VhostUser.Endpoints;

/// <summary>What a link is joined to at this end. All calls but <see cref="Join"/> and <see cref="Leave"/> come on its thread.</summary>
internal abstract class LinkEnd
{
    /// <summary>"Server" or "Bridge".</summary>
    public abstract string Kind { get; }

    public abstract string Name { get; }

    /// <summary>Queue pairs to offer.</summary>
    public abstract int Pairs { get; }

    /// <summary>The features of the guest behind it, 0 when there is none or many.</summary>
    public abstract ulong GuestFeatures { get; }

    /// <summary>Joins; the link's work is done by the thread returned from then on.</summary>
    public abstract Worker Join(IbTransport link);

    /// <summary>Parts again.</summary>
    public abstract void Leave(IbTransport link);

    /// <summary>A session begins, or ends with null.</summary>
    public abstract void SessionChanged(FrameLink? session);

    /// <summary>Takes the packets that came and for which there is somebody; true when there may be more to do at once.</summary>
    public abstract bool Work();

    /// <summary>Something came that may let what waited go on.</summary>
    public virtual void Wake() { }

    /// <summary>How long to wait at most before <see cref="Wake"/> is due by itself, for what may not wait for ever.</summary>
    public virtual TimeSpan? Patience => null;

    /// <summary>Adds the packets that this end dropped for the link's sake.</summary>
    public abstract void AddDrops(IDictionary<string, long> drops);
}
