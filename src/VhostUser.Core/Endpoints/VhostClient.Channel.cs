using System.Collections.Concurrent;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>What the back-end asks of this client. All of it runs on the channel's thread and takes none of the client's locks.</summary>
public sealed partial class VhostClient
{
    private readonly ConcurrentDictionary<int, ShmemWindow> _windows = new();
    private readonly ConcurrentDictionary<int, MappedMemory> _notifiers = new();
    private FrontEndChannel? _channel;
    private IotlbSource? _iotlb;
    private volatile string? _ringError;

    /// <summary>Raised when the back-end says that its configuration space has changed; on the channel's thread.</summary>
    public event EventHandler? ConfigChanged;

    private bool IsInband => _handshake is not null && (_handshake.ProtocolFeatures & ProtocolFeatures.InbandNotifications) != 0;

    /// <summary>Opens the channel when BACKEND_REQ was negotiated, and what is served on it.</summary>
    private void OpenChannel(CancellationToken cancel)
    {
        ProtocolFeatures protocol = _handshake!.ProtocolFeatures;
        bool iommu = (_handshake.Features & VirtioFeatures.AccessPlatform) != 0;
        if ((protocol & ProtocolFeatures.BackendReq) != 0)
        {
            (FileDescriptor ours, FileDescriptor theirs) = Libc.UnixSocketPair();
            using (theirs)
            {
                if (iommu)
                {
                    _space.Iommu = new IovaMap();
                    _iotlb = new IotlbSource(_frontEnd!, _space.Iommu, IotlbAddress, Name);
                }
                if ((protocol & ProtocolFeatures.Shmem) != 0) ReserveWindows(cancel);
                _channel = new FrontEndChannel(ours, protocol, Name, HandleBackEndRequest, _options.Dialect);
                _frontEnd!.SetBytes(FrontEndRequest.SetBackendReqFd, default, cancel, [theirs.Number]);
            }
        }
        else if (iommu)
        {
            throw new VhostException(VhostError.FeatureMissing, $"Client '{Name}': ACCESS_PLATFORM needs BACKEND_REQ and REPLY_ACK, which the back-end does not offer.", Name,
                "Leave AccessPlatform out of -Feature, or use another back-end.");
        }
        _space.RingsByGuestAddress = (protocol & ProtocolFeatures.GpaAddresses) != 0;
    }

    private void CloseChannel()
    {
        SharedObjectTable.RemoveAll(this);
        _iotlb?.Dispose();
        _channel?.Dispose();
        foreach (ShmemWindow window in _windows.Values) window.Dispose();
        foreach (MappedMemory notifier in _notifiers.Values) notifier.Dispose();
        _windows.Clear();
        _notifiers.Clear();
    }

    private ChannelAnswer HandleBackEndRequest(BackEndRequest request, Message message)
    {
        switch (request)
        {
            case BackEndRequest.IotlbMsg: TakeMiss(message.Read<IotlbPayload>()); break;
            case BackEndRequest.ConfigChangeMsg:
                EndpointEvents.Raise(ConfigChanged, this);
                LookForAnnouncement();
                break;
            case BackEndRequest.VringHostNotifierMsg: MapNotifier(message); break;
            case BackEndRequest.VringCall: EventFd.Signal(RingFor(message).CallFd.Number); break;
            case BackEndRequest.VringErr: _ringError = $"the back-end reported an error on ring {RingFor(message).Index} (VRING_ERR)"; break;
            case BackEndRequest.SharedObjectAdd: AddObject(IdOf(message)); break;
            case BackEndRequest.SharedObjectRemove: RemoveObject(IdOf(message)); break;
            case BackEndRequest.SharedObjectLookup: return LookUp(IdOf(message));
            case BackEndRequest.ShmemMap: MapShmem(message); break;
            case BackEndRequest.ShmemUnmap:
                ShmemMapPayload unmap = message.Read<ShmemMapPayload>();
                WindowFor(unmap).Unmap(unmap.Offset, unmap.Length);
                break;
        }
        return default;
    }

    private DriverRing RingFor(Message message)
    {
        uint index = message.Read<VringStatePayload>().Index;
        DriverRing[] rings = _rings;
        return index < (uint)rings.Length ? rings[index] : throw new VhostException(VhostError.RingIndexInvalid, $"{message.Name} names ring {index}; this client has {rings.Length}.", message.Name, "Look at the back-end's code.");
    }

    private void TakeMiss(IotlbPayload payload)
    {
        if (_iotlb is null)
            throw new VhostException(VhostError.RequestNotNegotiated, "BACKEND_IOTLB_MSG needs ACCESS_PLATFORM, which was not acknowledged.", "BACKEND_IOTLB_MSG", "The back-end must not send it.");
        if (payload.Type != IotlbType.Miss)
            throw new VhostException(VhostError.RequestValueInvalid, $"BACKEND_IOTLB_MSG ({payload}): only a miss (1) is answered.", "BACKEND_IOTLB_MSG", "An access failure is for the guest's operating system.");
        _iotlb.Miss(payload);
    }

    /// <summary>The doorbell is mapped and kept; kicks still travel as negotiated, for a file of ours has no device behind it.</summary>
    private void MapNotifier(Message message)
    {
        VringAreaPayload area = message.Read<VringAreaPayload>();
        int ring = (int)(area.Index & VringFdPayload.IndexMask);
        if (ring >= _rings.Length || (area.Index & ~(VringFdPayload.IndexMask | VringFdPayload.NoFdFlag)) != 0)
            throw new VhostException(VhostError.RingIndexInvalid, $"{message.Name}: 0x{area.Index:x} names no ring of this client, which has {_rings.Length}.", message.Name, "Look at the back-end's code.");
        if (_notifiers.TryRemove(ring, out MappedMemory? old)) old.Dispose();
        if (message.FdCount == 0) return;
        ulong page = (ulong)Environment.SystemPageSize;
        statx_t stat = Libc.Stat(message.BorrowFd(0).Number);
        if (area.Size != page || area.Offset % page != 0 || area.Offset > long.MaxValue - page || stat.IsRegularFile && area.Offset + area.Size > stat.stx_size)
            throw new VhostException(VhostError.RequestValueInvalid, $"{message.Name}: an area of {area.Size} bytes at offset {area.Offset} is not one page inside the file.", message.Name, "A notification area is one page.");
        try
        {
            _notifiers[ring] = MappedMemory.Map(message.BorrowFd(0), area.Size, area.Offset);
        }
        catch (LinuxException error)
        {
            throw new VhostException(VhostError.MemoryMapFailed, $"{message.Name}: the area can't be mapped: {error.Message}", message.Name, "The ring is kicked as before.", error);
        }
    }

    private static Guid IdOf(Message message) => new(message.Payload, bigEndian: true);

    private void AddObject(Guid id)
    {
        if (!SharedObjectTable.TryAdd(id, this))
            throw new VhostException(VhostError.NameInUse, $"SHARED_OBJECT_ADD: object {id} has an owner already, or this back-end has {SharedObjectTable.MaxPerClient}.", id.ToString(), "A UUID names one object of one back-end.");
    }

    private void RemoveObject(Guid id)
    {
        if (!SharedObjectTable.Remove(id, this))
            throw new VhostException(VhostError.HandleNotFound, $"SHARED_OBJECT_REMOVE: object {id} is not this back-end's.", id.ToString(), "Only who added an object removes it.");
    }

    private ChannelAnswer LookUp(Guid id)
    {
        VhostClient? owner = SharedObjectTable.Find(id);
        // Asking back who asks would make it wait for itself.
        if (owner is null || owner == this)
            throw new VhostException(VhostError.HandleNotFound, $"SHARED_OBJECT_LOOKUP: no other back-end has object {id}.", id.ToString(), "It must be announced with SHARED_OBJECT_ADD first.");
        FileDescriptor? file = owner.FetchObject(id);
        return file is null ? new ChannelAnswer(Errno.ENOENT) : new ChannelAnswer(0, file);
    }

    /// <summary>The descriptor of an object that this client's back-end announced; null when it has it no more.</summary>
    internal FileDescriptor? FetchObject(Guid id) => _frontEnd!.Exchange(FrontEndRequest.GetSharedObject, id.ToByteArray(bigEndian: true), [], needReply: false, _options.Timeout,
        reply => reply.TakeFd(), CancellationToken.None);

    private void ReserveWindows(CancellationToken cancel)
    {
        ulong[] sizes = _frontEnd!.Exchange(FrontEndRequest.GetShmemConfig, [], [], needReply: false, _options.Timeout, reply => reply.Payload.Length == 8 * 257
            ? System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(reply.Payload[8..]).ToArray()
            : throw new VhostException(VhostError.ReplyInvalid, $"The reply to GET_SHMEM_CONFIG has {reply.Payload.Length} bytes; expected {8 * 257}.", "GET_SHMEM_CONFIG", "The back-end's reply breaks the specification."), cancel);
        ulong total = 0;
        for (int id = 0; id < sizes.Length; id++)
        {
            if (sizes[id] == 0) continue;
            if (sizes[id] % (ulong)Environment.SystemPageSize != 0 || sizes[id] > ShmemWindow.MaxSize || (total += sizes[id]) > ShmemWindow.MaxSize)
                throw new VhostException(VhostError.ReplyInvalid, $"GET_SHMEM_CONFIG: region {id} would have {sizes[id]:#,0} bytes; expected whole pages, and at most {ShmemWindow.MaxSize:#,0} bytes together.", "GET_SHMEM_CONFIG",
                    "Leave SHMEM out with -ExcludeProtocolFeature.");
            _windows[id] = new ShmemWindow(id, sizes[id]);
        }
    }

    private ShmemWindow WindowFor(in ShmemMapPayload map)
    {
        return map.Region <= byte.MaxValue && _windows.TryGetValue((int)map.Region, out ShmemWindow? window) ? window
            : throw new VhostException(VhostError.RequestValueInvalid, $"SHMEM: the device has no shared memory region 0x{map.Region:x}.", "SHMEM_MAP", "GET_SHMEM_CONFIG tells which there are.");
    }

    private void MapShmem(Message message)
    {
        ShmemMapPayload map = message.Read<ShmemMapPayload>();
        if ((map.Flags & ~1UL) != 0) throw new VhostException(VhostError.RequestValueInvalid, $"SHMEM_MAP: flags 0x{map.Flags:x} are unknown; bit 0 means writable.", "SHMEM_MAP", "Look at the back-end's code.");
        WindowFor(map).Map(message.BorrowFd(0), map.FileOffset, map.Offset, map.Length, (map.Flags & 1) != 0);
    }
}
