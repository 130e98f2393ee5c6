using System.Runtime.InteropServices;
using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>The messages about memory: at the start, and while rings run (vhost-user, "Memory region description").</summary>
internal sealed partial class Handshake
{
    private ulong _slots = MessageTable.MaxRegions;

    private bool HasSlots => (ProtocolFeatures & ProtocolFeatures.ConfigureMemSlots) != 0;

    /// <summary>Tells the back-end about the regions, row by row where memory slots are negotiated.</summary>
    public void ShareMemory(CancellationToken cancel)
    {
        if (HasSlots) _slots = frontEnd.Get(FrontEndRequest.GetMaxMemSlots, cancel);
        DemandSlots(options.Regions.Count);
        if (HasSlots) foreach (SharedRegion region in options.Regions) AddRow(region, cancel);
        else ShareTable(options.Regions, cancel);
    }

    /// <summary>Shares one more region while rings run; without memory slots in a new table.</summary>
    /// <param name="regions">All regions, the new one last.</param>
    /// <param name="cancel">Ends the wait for replies.</param>
    public void AddRegion(IReadOnlyList<SharedRegion> regions, CancellationToken cancel)
    {
        DemandSlots(regions.Count);
        if (HasSlots) AddRow(regions[^1], cancel);
        else ShareTable(regions, cancel);
        AwaitMemory(cancel);
    }

    /// <summary>Takes a region back while rings run.</summary>
    /// <param name="region">The region.</param>
    /// <param name="rest">Those that stay.</param>
    /// <param name="cancel">Ends the wait for replies.</param>
    public void RemoveRegion(SharedRegion region, IReadOnlyList<SharedRegion> rest, CancellationToken cancel)
    {
        // vhost-user, REM_MEM_REG: no descriptor goes along; a back-end finds the region by its addresses and size.
        if (HasSlots) frontEnd.Set(FrontEndRequest.RemMemReg, new SingleMemoryRegionPayload { Region = Describe(region, UsesGuestAddresses) }, cancel);
        else ShareTable(rest, cancel);
        AwaitMemory(cancel);
    }

    private void AddRow(SharedRegion region, CancellationToken cancel) =>
        frontEnd.Set(FrontEndRequest.AddMemReg, new SingleMemoryRegionPayload { Region = Describe(region, UsesGuestAddresses) }, cancel, [region.File.Number]);

    private void ShareTable(IReadOnlyList<SharedRegion> regions, CancellationToken cancel)
    {
        byte[] payload = new byte[8 + 32 * regions.Count];
        payload[0] = (byte)regions.Count;
        for (int i = 0; i < regions.Count; i++) MemoryMarshal.Write(payload.AsSpan(8 + 32 * i), Describe(regions[i], UsesGuestAddresses));
        frontEnd.SetBytes(FrontEndRequest.SetMemTable, payload, cancel, [.. regions.Select(region => region.File.Number)]);
    }

    /// <summary>A descriptor must not reach a running ring before the memory that it names: without acknowledgements any reply shows that it has.</summary>
    private void AwaitMemory(CancellationToken cancel)
    {
        if (!frontEnd.ReplyAck) frontEnd.Get(FrontEndRequest.GetFeatures, cancel);
    }

    private void DemandSlots(int count)
    {
        if ((ulong)count > _slots)
            throw new VhostException(VhostError.MemoryRegionInvalid, $"{count} regions were given; the back-end takes {_slots}.", "memory table", "Use fewer, larger regions.");
    }

    private static MemoryRegionDescription Describe(SharedRegion region, bool gpa) => new()
    {
        GuestAddress = region.GuestAddress,
        UserAddress = gpa ? region.GuestAddress : region.UserAddress, // vhost-user, GPA_ADDRESSES: it repeats the guest address
        Size = (ulong)region.Size,
        MmapOffset = 0,
    };
}
