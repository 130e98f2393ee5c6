namespace VhostUser.Endpoints;

/// <summary>What a <see cref="Worker"/> works for. All calls come on the worker's thread.</summary>
internal interface IWorkerMember
{
    /// <summary>Watches its descriptors; called once before the first <see cref="Work"/>.</summary>
    void Begin(EventLoop loop);

    /// <summary>Works for a moment; returns how long the thread may sleep as far as this member goes: zero not at all, null until something happens.</summary>
    TimeSpan? Work();

    /// <summary>Ends for good: <paramref name="failure"/> is what <see cref="Work"/> threw, or null when the worker stops.</summary>
    void End(Exception? failure);
}
