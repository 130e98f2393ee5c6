using System.Runtime.InteropServices;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>Post-copy migration: the guest runs here while its pages are still elsewhere (vhost-user, POSTCOPY_ADVISE, _LISTEN, _END).</summary>
internal sealed unsafe partial class BackEnd
{
    private static readonly TimeSpan HangUpInterval = TimeSpan.FromMilliseconds(200);

    private readonly Lock _postcopyLock = new();
    private readonly List<(nint Address, ulong Length)> _missing = [];
    private FileDescriptor? _userFault;
    private MemoryTable? _pendingTable;
    private Timer? _hangUpTimer;
    private bool _listening;
    private Action? _whenTableAcknowledged;

    /// <summary>The reply carries a userfaultfd of this process; none when the kernel does not grant one.</summary>
    private void PostcopyAdvise()
    {
        try
        {
            lock (_postcopyLock)
            {
                _userFault?.Dispose();
                _userFault = Libc.UserFaultFd();
            }
        }
        catch (LinuxException error)
        {
            LastRefusal = new VhostException(VhostError.PlatformNotSupported, $"POSTCOPY_ADVISE: the kernel grants no userfaultfd: {error.Message}", "POSTCOPY_ADVISE",
                "Run as root, or allow it: sysctl vm.unprivileged_userfaultfd=1.", error);
        }
        ReadOnlySpan<int> fds = _userFault is null ? [] : [_userFault.Number];
        _connection.Send(MessageHeader.ForReply(FrontEndRequest.PostcopyAdvise, 0), default, fds);
    }

    private void PostcopyListen()
    {
        if (_userFault is null || _memory.Regions.Count > 0)
            throw new VhostException(VhostError.RequestOutOfOrder, $"POSTCOPY_LISTEN came {(_userFault is null ? "without POSTCOPY_ADVISE" : "after the memory table")}.", "POSTCOPY_LISTEN", "Its order is ADVISE, LISTEN, then the memory.");
        _listening = true;
        // A thread that waits for a page does not see that nobody will bring it any more.
        _hangUpTimer = new Timer(_ => { if (_connection.HasHungUp) AbandonPostcopy(); }, null, HangUpInterval, HangUpInterval);
    }

    private void PostcopyEnd(Message message)
    {
        EndPostcopy();
        Reply(message, 0UL);
    }

    /// <summary>Lets go whoever waits for a page; from any thread.</summary>
    public void AbandonPostcopy()
    {
        lock (_postcopyLock)
        {
            if (_userFault is null || _userFault.IsClosed) return;
            foreach ((nint address, ulong length) in _missing) Libc.UnregisterMissing(_userFault.Number, (void*)address, length);
            _missing.Clear();
        }
    }

    private void EndPostcopy()
    {
        _hangUpTimer?.Dispose();
        _hangUpTimer = null;
        AbandonPostcopy();
        lock (_postcopyLock)
        {
            _userFault?.Dispose();
            _userFault = null;
        }
        _listening = false;
        _whenTableAcknowledged = null;
        _connection.ExpectsAcknowledgement = false;
        _pendingTable?.Dispose();
        _pendingTable = null;
        _memory.IsPostcopy = false;
    }

    /// <summary>The reply tells where the regions are in this process; they are used when the front-end has acknowledged that (T-45).</summary>
    private void ReplyWithAddresses(Message message, IReadOnlyList<MemoryRegion> regions, int firstRow, Action whenAcknowledged)
    {
        byte[] reply = message.Payload.ToArray();
        for (int i = 0; i < regions.Count; i++)
        {
            MemoryRegion region = regions[i];
            Register(region, message.Name);
            MemoryMarshal.Write(reply.AsSpan(firstRow + RowSize * i + 16), (ulong)region.Address);
        }
        _connection.Send(MessageHeader.ForReply(message.Header.Request, reply.Length), reply);
        _whenTableAcknowledged = whenAcknowledged;
        _connection.ExpectsAcknowledgement = true;
    }

    private void Register(MemoryRegion region, string message)
    {
        try
        {
            lock (_postcopyLock)
            {
                Libc.RegisterMissing(_userFault!.Number, region.MappingAddress, region.MappingLength);
                _missing.Add(((nint)region.MappingAddress, region.MappingLength));
            }
        }
        catch (LinuxException error)
        {
            throw new VhostException(VhostError.MemoryMapFailed, $"{message}: region ({region.Description}) can't be watched for missing pages: {error.Message}", message, "Post-copy needs a memfd, shared memory or huge pages.", error);
        }
    }

    /// <summary>The table of SET_MEM_TABLE in post-copy, which takes the place of the old one when the front-end has acknowledged the addresses.</summary>
    private void ProposeTable(Message message, MemoryTable table)
    {
        _pendingTable?.Dispose();
        _pendingTable = table;
        table.IsPostcopy = true;
        ReplyWithAddresses(message, table.Regions, 8, () =>
        {
            _pendingTable = null;
            ReplaceMemory(table);
        });
    }

    /// <summary>The message after such a reply is its acknowledgement: the same request with a u64 of 0.</summary>
    private void TakeTableAcknowledgement(Message message)
    {
        Action acknowledged = _whenTableAcknowledged!;
        _whenTableAcknowledged = null;
        _connection.ExpectsAcknowledgement = false;
        if (message.Header.Request is not (FrontEndRequest.SetMemTable or FrontEndRequest.AddMemReg) || message.Payload.Length != 8 || message.ReadUInt64() != 0 || message.FdCount != 0)
            throw new VhostException(VhostError.RequestOutOfOrder, $"In post-copy the front-end must acknowledge the addresses of the memory table with a u64 of 0; {message.Name} with {message.Payload.Length} bytes came.", message.Name,
                "Look at the front-end's code.");
        acknowledged();
    }
}
