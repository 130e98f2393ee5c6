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
        if (HasSlots) frontEnd.SetBytes(FrontEndRequest.RemMemReg, RowsOf([region]), cancel);
        else ShareTable(rest, cancel);
        AwaitMemory(cancel);
    }

    private void AddRow(SharedRegion region, CancellationToken cancel) =>
        frontEnd.SetBytes(FrontEndRequest.AddMemReg, RowsOf([region]), cancel, [region.File.Number]);

    private void ShareTable(IReadOnlyList<SharedRegion> regions, CancellationToken cancel) =>
        frontEnd.SetBytes(FrontEndRequest.SetMemTable, TableOf(regions), cancel, [.. regions.Select(region => region.File.Number)]);

    private byte[] TableOf(IReadOnlyList<SharedRegion> regions)
    {
        byte[] payload = RowsOf(regions);
        payload[0] = (byte)regions.Count;
        return payload;
    }

    /// <summary>Eight bytes, and a row for each region; with XEN_MMAP it ends with flags and domain, which are 0 for memory of a file (T-67).</summary>
    private byte[] RowsOf(IReadOnlyList<SharedRegion> regions)
    {
        int size = Marshal.SizeOf<MemoryRegionDescription>() + ((ProtocolFeatures & ProtocolFeatures.XenMmap) != 0 ? XenMmap.Size : 0);
        byte[] payload = new byte[8 + size * regions.Count];
        for (int i = 0; i < regions.Count; i++) MemoryMarshal.Write(payload.AsSpan(8 + size * i), Describe(regions[i], UsesGuestAddresses));
        return payload;
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
