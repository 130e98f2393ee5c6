using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>Requests by hand, the device's shared memory, and the IOMMU that this client plays.</summary>
public sealed partial class VhostClient
{
    /// <summary>Sends any request to the back-end and waits for its reply when one is due. Nothing is checked: what is sent may break the session.</summary>
    /// <param name="request">Number of the request, in the specification or not.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="files">Files whose descriptors go along.</param>
    /// <param name="needReply">Whether to ask for an acknowledgement (NEED_REPLY).</param>
    /// <param name="timeout">How long to wait for the reply.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="VhostException">PeerTimeout, PeerDisconnected, HandleClosed …</exception>
    public VhostRequestResult Ask(FrontEndRequest request, ReadOnlyMemory<byte> payload, IReadOnlyList<SharedRegion> files, bool needReply, TimeSpan timeout, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(files);
        return Ask(request, payload, [.. files.Select(file => file.File.Number)], needReply, timeout, cancel);
    }

    /// <summary>Tells the back-end to forget where all buffers and rings lie; with ACCESS_PLATFORM only. It asks again for what it needs.</summary>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="VhostException">RequestNotNegotiated without ACCESS_PLATFORM.</exception>
    public void InvalidateTranslations(CancellationToken cancel = default)
    {
        if (_iotlb is null || _space.Iommu is null)
            throw new VhostException(VhostError.RequestNotNegotiated, $"Client '{Name}' uses no IOMMU: ACCESS_PLATFORM was not negotiated.", Name, "Connect with -Feature AccessPlatform.");
        foreach ((ulong iova, ulong size) in _space.Iommu.Pieces) _iotlb.Invalidate(iova, size, cancel);
    }

    /// <summary>Copies bytes out of what the back-end mapped into one of the device's shared memory regions.</summary>
    /// <param name="region">Id of the region.</param>
    /// <param name="offset">Byte in the region.</param>
    /// <param name="length">Bytes.</param>
    /// <exception cref="VhostException">MemoryAddressInvalid.</exception>
    public byte[] ReadSharedMemory(int region, long offset, int length) => _windows.TryGetValue(region, out ShmemWindow? window) ? window.Read((ulong)offset, length)
        : throw new VhostException(VhostError.MemoryAddressInvalid, $"Client '{Name}': the device has no shared memory region {region}.", Name, "The back-end tells its regions with GET_SHMEM_CONFIG.");

    internal FeatureProfile WishProfile => Handshake.WishOf(_options);

    internal VhostRequestResult Ask(FrontEndRequest request, ReadOnlyMemory<byte> payload, int[] fds, bool needReply, TimeSpan timeout, CancellationToken cancel)
    {
        if (_state is not (EndpointState.Running or EndpointState.Connected)) Demand();
        return _frontEnd!.AskByHand(request, payload.Span, fds, needReply, timeout, cancel);
    }

    /// <summary>What an UPDATE carries: a user address, or a guest-physical one with GPA_ADDRESSES.</summary>
    private ulong IotlbAddress(ulong user)
    {
        if (!_space.RingsByGuestAddress) return user;
        SharedRegion region = _options.Regions.First(region => unchecked(user - region.UserAddress) < (ulong)region.Size);
        return region.GuestAddress + (user - region.UserAddress);
    }

    /// <summary>Gives a piece back; behind an IOMMU the back-end is told that its addresses mean nothing any more.</summary>
    private void Release(RegionPiece piece)
    {
        if (piece.Iova is ulong iova && _space.Iommu!.Remove(iova) is > 0 and ulong size && _state == EndpointState.Running)
        {
            try
            {
                _iotlb!.Invalidate(iova, size, CancellationToken.None);
            }
            catch (VhostException)
            {
                // The session has ended; the next use of the client says why.
            }
        }
        piece.Region.Free(piece);
    }
}
