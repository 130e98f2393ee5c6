using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VhostUser.Interop;
using VhostUser.Interop.Fabric;

namespace VhostUser.Transport;

/// <summary>
/// An engine over libfabric: a domain, one completion queue, one endpoint per queue pair and purpose. Everything of it is used by one
/// thread at a time (FI_THREAD_DOMAIN): the one that connects, then the one that works the link.
/// </summary>
internal sealed unsafe partial class FabricEngine : LinkEngine
{
    private const int ContextSize = 64; // struct fi_context2, which the provider may use until the completion
    private const int PollBurst = 32;

    private readonly FabricProvider _provider;
    private readonly int _slots;
    private readonly byte* _contexts;
    private readonly fid_ep*[] _endpoints;
    private readonly ulong[] _peers;
    private readonly Dictionary<nint, nint> _regions = []; // descriptor to struct fid_mr
    private FabricInfo? _info;
    private fid_fabric* _fabric;
    private fid_domain* _domain;
    private fid_eq* _eq;
    private fid_cq* _cq;
    private fid_av* _av;
    private fid_ep* _passive;
    private FileDescriptor? _wait;
    private ulong _nextKey = 1;
    private bool _closed;

    private FabricEngine(FabricProvider provider, int endpoints, int slots)
    {
        _provider = provider;
        _slots = slots;
        _endpoints = new fid_ep*[endpoints];
        _peers = new ulong[endpoints];
        Array.Fill(_peers, Fabric.FI_ADDR_UNSPEC);
        _contexts = (byte*)NativeMemory.AlignedAlloc((nuint)(slots * ContextSize), 64);
        NativeMemory.Clear(_contexts, (nuint)(slots * ContextSize));
    }

    public override int MaxPieces => Math.Min((int)Math.Min(_info!.First->tx_attr->iov_limit, _info.First->rx_attr->iov_limit), WorkRequest.MaxPieces);

    public override int WaitFd => _wait?.Number ?? -1;

    public override bool IsClosed
    {
        get
        {
            if (_closed || _eq == null) return _closed;
            fi_eq_cm_entry entry;
            int result = Fabric.Read(_eq, out uint kind, &entry);
            return _closed = result < 0 || result > 0 && kind == Fabric.FI_SHUTDOWN;
        }
    }

    public override nint Register(byte* address, ulong length)
    {
        fid_mr* region = Fabric.Register(_domain, address, length, _nextKey++);
        // A provider without FI_MR_LOCAL has no descriptors: the registration itself is the number then.
        nint descriptor = region->mem_desc != 0 ? region->mem_desc : (nint)region;
        _regions[descriptor] = (nint)region;
        return descriptor;
    }

    public override void Unregister(nint registration)
    {
        if (_regions.Remove(registration, out nint region)) Fabric.Close((void*)region);
    }

    public override int PostSends(int endpoint, ReadOnlySpan<WorkRequest> requests)
    {
        for (int i = 0; i < requests.Length; i++)
        {
            fi_msg message = Describe(requests[i], _peers[endpoint]);
            ulong flags = Fabric.FI_COMPLETION | (requests[i].More ? Fabric.FI_MORE : 0);
            if (!Fabric.TrySend(_endpoints[endpoint], &message, flags)) return i;
        }
        return requests.Length;
    }

    public override int PostReceives(int endpoint, ReadOnlySpan<WorkRequest> requests)
    {
        for (int i = 0; i < requests.Length; i++)
        {
            fi_msg message = Describe(requests[i], Fabric.FI_ADDR_UNSPEC);
            if (!Fabric.TryReceive(_endpoints[endpoint], &message, Fabric.FI_COMPLETION | (requests[i].More ? Fabric.FI_MORE : 0))) return i;
        }
        return requests.Length;
    }

    public override int Poll(Span<Completion> completions)
    {
        fi_cq_data_entry* entries = stackalloc fi_cq_data_entry[PollBurst];
        int count = Fabric.Read(_cq, entries, Math.Min(completions.Length, PollBurst));
        if (count < 0)
        {
            fi_cq_err_entry error = Fabric.ReadError(_cq);
            completions[0] = new Completion { Slot = SlotOf(error.op_context), Error = error.err == 0 ? Errno.ECONNRESET : error.err };
            return 1;
        }
        for (int i = 0; i < count; i++) completions[i] = new Completion { Slot = SlotOf(entries[i].op_context), Length = (uint)entries[i].len };
        return count;
    }

    public override bool TryWait()
    {
        void** queues = stackalloc void*[2] { _cq, _eq };
        return Fabric.TryWait(_fabric, queues, _eq == null ? 1 : 2);
    }

    public override void Dispose()
    {
        _closed = true;
        foreach (fid_ep* endpoint in _endpoints)
        {
            if (endpoint == null) continue;
            if (_provider.HasConnections) Fabric.Shutdown(endpoint);
            Fabric.Close(endpoint);
        }
        Array.Clear(_endpoints);
        foreach (nint region in _regions.Values) Fabric.Close((void*)region);
        _regions.Clear();
        _wait?.Dispose();
        Fabric.Close(_passive);
        Fabric.Close(_cq);
        Fabric.Close(_av);
        Fabric.Close(_eq);
        Fabric.Close(_domain);
        Fabric.Close(_fabric);
        _passive = null;
        _cq = null;
        _av = null;
        _eq = null;
        _domain = null;
        _fabric = null;
        _info?.Dispose();
        NativeMemory.AlignedFree(_contexts);
        GC.SuppressFinalize(this);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private fi_msg Describe(in WorkRequest request, ulong peer) => new()
    {
        msg_iov = request.Pieces,
        desc = request.Registrations,
        iov_count = (nuint)request.Count,
        addr = peer,
        context = (nint)(_contexts + request.Slot * ContextSize),
    };

    // A context that is none of ours would be a defect of the provider: it must not become an index.
    private int SlotOf(nint context)
    {
        long slot = ((byte*)context - _contexts) / ContextSize;
        return slot >= 0 && slot < _slots ? (int)slot : -1;
    }
}
