using VhostUser.Protocol;
using VhostUser.Tests.Peers;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>Content of a running ring that breaks a rule: what is written, and what the end of the session says.</summary>
internal sealed record RingContentCase(string Name, Action<RawFrontEnd> Write, VhostError Error, params string[] Words)
{
    /// <summary>Whether the content stands on ring 0, which a device looks at only when it has a packet to deliver.</summary>
    public bool OnReceiveRing { get; init; }

    /// <summary>Features that the front-end leaves out.</summary>
    public VirtioFeatures Exclude { get; init; }

    /// <summary>Bytes of the front-end's memory.</summary>
    public int MemorySize { get; init; } = 1 << 20;

    /// <summary>Starts a session, writes, and kicks; a case on ring 0 gets a packet on its way there.</summary>
    public void Attack(RawFrontEnd attacker)
    {
        attacker.Start(exclude: Exclude);
        Write(attacker);
        if (OnReceiveRing) OfferPacket(attacker, 250);
        attacker.Signal(1);
    }

    /// <summary>Offers a correct packet of 60 zeros on ring 1, without a kick.</summary>
    public static void OfferPacket(RawFrontEnd frontEnd, ushort slot)
    {
        int offset = frontEnd.Memory.Buffer(200);
        frontEnd.Memory.Bytes.Slice(offset, 72).Clear();
        frontEnd.Rings[1].Describe(slot, Guest(offset), 72);
        frontEnd.Rings[1].Offer(slot);
    }

    /// <summary>The guest-physical address of an offset.</summary>
    public static ulong Guest(int offset) => GuestMemory.GuestAddress + (ulong)offset;
}
