using VhostUser.Memory;

namespace VhostUser.Endpoints;

/// <summary>Regions that come and go while rings run, as with a guest's memory that is plugged and unplugged.</summary>
public sealed partial class VhostClient
{
    /// <summary>Shares one more region with the back-end, while the rings go on; buffers are placed in it when the others have no room.</summary>
    /// <param name="region">A region that this client does not have yet.</param>
    /// <param name="cancel">Ends the wait for replies.</param>
    /// <exception cref="VhostException">InvalidArgument when the client has it or its addresses overlap; MemoryRegionInvalid when the back-end takes no more; RequestRefused …</exception>
    public void AddRegion(SharedRegion region, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(region);
        region.Acquire(Name);
        try
        {
            Ask(() =>
            {
                DemandChangeableMemory();
                CheckNew(region);
                SharedRegion[] regions = [.. _options.Regions, region];
                _handshake!.AddRegion(regions, cancel);
                _options = _options with { Regions = regions };
                _space.Add(region);
            });
        }
        catch
        {
            region.Release(Name);
            throw;
        }
    }

    /// <summary>Takes a region back from the back-end, while the rings go on. It is not removed: another client may have it.</summary>
    /// <param name="region">A region of this client in which none of its rings and buffers lies.</param>
    /// <param name="cancel">Ends the wait for replies.</param>
    /// <exception cref="VhostException">RegionInUse, InvalidArgument when the client does not have it, RequestRefused …</exception>
    public void RemoveRegion(SharedRegion region, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(region);
        Ask(() =>
        {
            DemandChangeableMemory();
            if (!_options.Regions.Contains(region))
                throw new VhostException(VhostError.InvalidArgument, $"Client '{Name}' does not have region '{region.Name}'; it has {string.Join(", ", _options.Regions)}.", Name, "Get-VhostClient shows the regions of a client.");
            if (!_space.TryRemove(region, out ulong used))
                throw new VhostException(VhostError.RegionInUse, $"Region '{region.Name}': rings or buffers of client '{Name}' lie in {used:#,0} bytes of it.", region.Name,
                    "Only a region without them can be taken back; disconnect the client, and connect it with other regions.");
            SharedRegion[] rest = [.. _options.Regions.Where(other => other != region)];
            try
            {
                _handshake!.RemoveRegion(region, rest, cancel);
            }
            catch
            {
                _space.Add(region);
                throw;
            }
            _options = _options with { Regions = rest };
            region.Release(Name);
        });
    }

    private void DemandChangeableMemory()
    {
        if (_options.Profile == PeerProfile.Vapp)
            throw new VhostException(VhostError.FeatureMissing, $"Client '{Name}': vapp takes one memory table, before its rings.", Name, "Connect a new client with other regions.");
    }

    private void CheckNew(SharedRegion region)
    {
        foreach (SharedRegion known in _options.Regions)
        {
            if (known == region) throw Invalid($"region '{region.Name}' is shared already", "Each region is shared once.");
            if (Overlap(known.GuestAddress, region.GuestAddress, known) || Overlap(known.UserAddress, region.UserAddress, known))
                throw Invalid($"the addresses of region '{region.Name}' overlap those of '{known.Name}'", "Make it with another -GuestAddress or -UserAddress.");
        }
        if (_dirty is not null && region.GuestAddress + (ulong)region.Size > _dirty.End)
            throw new VhostException(VhostError.RequestOutOfOrder, $"Client '{Name}': its dirty log ends at 0x{_dirty.End:x}, before region '{region.Name}'.", Name, "Stop the log, add the region, and start it again.");

        bool Overlap(ulong start, ulong other, SharedRegion known) =>
            unchecked(other - start) < (ulong)known.Size || unchecked(start - other) < (ulong)region.Size;

        VhostException Invalid(string what, string action) => new(VhostError.InvalidArgument, $"Client '{Name}': {what}.", Name, action);
    }
}
