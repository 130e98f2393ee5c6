using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>
/// What kind of addresses rings and buffers have: user addresses and guest-physical ones, or IOVAs for both with ACCESS_PLATFORM
/// (vhost-user, "IOMMU support"), or guest-physical ones for both with GPA_ADDRESSES.
/// </summary>
internal sealed partial class BackEnd
{
    private const ulong IotlbPage = 4096;

    private readonly HashSet<(ulong Page, IotlbPermission Wanted)> _asked = [];

    private bool UsesIova => (Features & VirtioFeatures.AccessPlatform) != 0;

    private bool UsesGuestAddresses => (ProtocolFeatures & ProtocolFeatures.GpaAddresses) != 0;

    /// <summary>Ranges known of the front-end's IOMMU, 0 without one.</summary>
    public int IotlbEntries => _memory.Iotlb?.Count ?? 0;

    /// <summary>Makes the memory table translate as the features say; called after either may have changed.</summary>
    private void UpdateIotlb()
    {
        if (UsesIova) _memory.Iotlb ??= new IotlbCache { UserIsGuest = UsesGuestAddresses };
        else _memory.Iotlb = null;
        _asked.Clear();
    }

    /// <summary>Where a ring's area is in this process, or null when it is not in one place.</summary>
    private unsafe byte* TranslateArea(ulong address, ulong bytes, bool write = false)
    {
        if (!UsesIova) return UsesGuestAddresses ? _memory.TranslateGuest(address, bytes) : _memory.TranslateUser(address, bytes);
        try
        {
            return _memory.TranslateIova(address, bytes, write ? IotlbPermission.ReadWrite : IotlbPermission.Read);
        }
        catch (IotlbMissException miss)
        {
            AskForIova(miss.Iova, miss.Wanted);
            return null;
        }
    }

    private VhostException? WhyNoIova(Vring ring, string area, ulong iova, ulong bytes) => !UsesIova ? null
        : new VhostException(VhostError.RingAddressInvalid, $"Ring {ring.Index}: its {area}, {bytes} bytes at IOVA 0x{iova:x}, {(Channel is null ? "is not translated, and there is no channel to ask on" : "waits for the front-end's translation (IOTLB_MSG)")}.",
            $"ring {ring.Index}", "The front-end answers a miss with an UPDATE.");

    private DeviceQueue BehindIommu(DeviceQueue queue) => _memory.Iotlb is IotlbCache cache ? new IotlbQueue(queue, cache, AskForIova) : queue;

    private void AskForIova(ulong iova, IotlbPermission wanted)
    {
        if (!_asked.Add((iova / IotlbPage, wanted)) || Channel is null or { IsClosed: true }) return;
        Channel.Send(BackEndRequest.IotlbMsg, System.Runtime.InteropServices.MemoryMarshal.AsBytes(new ReadOnlySpan<IotlbPayload>(
            [new IotlbPayload { Iova = iova, Size = 1, Permission = wanted, Type = IotlbType.Miss }])));
    }

    private void HandleIotlb(IotlbPayload payload)
    {
        if (_memory.Iotlb is not IotlbCache cache)
            throw new VhostException(VhostError.RequestNotNegotiated, "IOTLB_MSG needs the virtio feature ACCESS_PLATFORM, which was not acknowledged.", "IOTLB_MSG", "The front-end must negotiate it with SET_FEATURES first.");
        if (payload.Size == 0 || payload.Size - 1 > ulong.MaxValue - payload.Iova) throw Invalid("its range is empty or ends beyond 2^64");
        switch (payload.Type)
        {
            case IotlbType.Update: Update(cache, payload); break;
            case IotlbType.Invalidate: Invalidate(cache, payload.Iova, payload.Size); break;
            default: throw Invalid("a front-end sends UPDATE (2) and INVALIDATE (3) only");
        }

        VhostException Invalid(string why) => new(VhostError.RequestValueInvalid, $"IOTLB_MSG ({payload}) is invalid: {why}.", "IOTLB_MSG", "Look at the front-end's IOMMU code.");
    }

    private void Update(IotlbCache cache, IotlbPayload payload)
    {
        bool inside = payload.Size - 1 <= ulong.MaxValue - payload.UserAddress && _memory.Regions.Any(region =>
            unchecked(payload.UserAddress - (cache.UserIsGuest ? region.Description.GuestAddress : region.Description.UserAddress)) < region.Description.Size);
        if (!inside || (payload.Permission & ~IotlbPermission.ReadWrite) != 0)
            throw new VhostException(VhostError.RequestValueInvalid, $"IOTLB_MSG ({payload}) is invalid: its user address is in no region, or its permission is none of 0 to 3; {_memory.Describe(user: !cache.UserIsGuest)}.",
                "IOTLB_MSG", "Look at the front-end's IOMMU code.");
        // What this replaces must not be used any more.
        if (cache.Invalidate(payload.Iova, payload.Size)) ForgetTranslations(payload.Iova, payload.Size);
        if (cache.Insert(new IotlbEntry(payload.Iova, payload.Size, payload.UserAddress, payload.Permission))) ForgetTranslations(0, ulong.MaxValue);
        LookAgain(payload.Iova, payload.Size);
    }

    private void Invalidate(IotlbCache cache, ulong iova, ulong size)
    {
        cache.Invalidate(iova, size);
        ForgetTranslations(iova, size);
        LookAgain(iova, size);
    }

    /// <summary>Something is known of a range: rings that wait try again, and what is still missing there may be asked for again.</summary>
    private void LookAgain(ulong iova, ulong size)
    {
        ulong first = iova / IotlbPage, last = (iova + (size - 1)) / IotlbPage;
        _asked.RemoveWhere(asked => asked.Page >= first && asked.Page <= last);
        foreach (Vring ring in _rings) (ring.Queue as IotlbQueue)?.Resume();
        UpdateAllRings();
    }

    /// <summary>Rings whose areas lie in the range stop until they are told again; the others forget what they remember of buffers.</summary>
    private void ForgetTranslations(ulong iova, ulong size)
    {
        foreach (Vring ring in _rings)
        {
            if (ring.Queue is null || ring.Addresses is null) continue;
            if (ring.IsReceive) _pairs[ring.Index / 2].Filler.Flush();
            ring.Queue.ForgetTranslations();
            if (Layout.Areas(ring.Size).Zip(AddressesOf(ring)).Any(area => Touches(area.Second, area.First.Bytes)))
            {
                ring.Base = ring.Queue.Base;
                ring.Queue = null; // its kick stays: the ring goes on where it was when its areas are known again
            }
        }
        UpdatePairs();

        bool Touches(ulong start, ulong bytes) => unchecked(start - iova) < size || unchecked(iova - start) < bytes;
    }
}
