using System.Runtime.InteropServices;
using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>Memory whose pages come later (vhost-user, POSTCOPY_ADVISE, POSTCOPY_LISTEN, POSTCOPY_END).</summary>
internal sealed partial class Handshake
{
    /// <summary>Shares the memory as post-copy demands: advise, listen, the table, and an acknowledgement of the addresses that come back (T-45).</summary>
    /// <returns>The back-end's userfaultfd, and where it has the region.</returns>
    /// <exception cref="VhostException">PlatformNotSupported when the back-end's kernel grants no userfaultfd; ReplyInvalid.</exception>
    public (FileDescriptor Fault, ulong Start) SharePostcopyMemory(CancellationToken cancel)
    {
        FileDescriptor? fault = frontEnd.Exchange(FrontEndRequest.PostcopyAdvise, [], [], needReply: false, options.Timeout, reply => reply.TakeFd(), cancel);
        if (fault is null)
            throw new VhostException(VhostError.PlatformNotSupported, "The back-end answered POSTCOPY_ADVISE without a userfaultfd: its kernel grants it none.", "POSTCOPY_ADVISE",
                "Let the back-end run as root, or allow it on its machine: sysctl vm.unprivileged_userfaultfd=1. A VhostServer says the kernel's reason in LastRefusal.");
        try
        {
            frontEnd.SetBytes(FrontEndRequest.PostcopyListen, default, cancel);
            byte[] table = TableOf(options.Regions);
            ulong start = frontEnd.Exchange(FrontEndRequest.SetMemTable, table, [.. options.Regions.Select(region => region.File.Number)], needReply: false, options.Timeout, reply => reply.Payload.Length == table.Length
                ? MemoryMarshal.Read<MemoryRegionDescription>(reply.Payload[8..]).UserAddress
                : throw new VhostException(VhostError.ReplyInvalid, $"The reply to SET_MEM_TABLE has {reply.Payload.Length} bytes; in post-copy it repeats the table of {table.Length}.", "SET_MEM_TABLE", "The back-end's reply breaks the specification."), cancel);
            // Only with this the back-end uses the memory; it is not answered.
            frontEnd.AskByHand(FrontEndRequest.SetMemTable, new byte[8], [], needReply: false, options.Timeout, cancel);
            return (fault, start);
        }
        catch
        {
            fault.Dispose();
            throw;
        }
    }

    /// <summary>Says that every page is there.</summary>
    public void EndPostcopy(CancellationToken cancel)
    {
        ulong result = frontEnd.Get(FrontEndRequest.PostcopyEnd, cancel);
        if (result != 0) throw new VhostException(VhostError.RequestRefused, $"The back-end refused POSTCOPY_END (result {result}).", "POSTCOPY_END", "The back-end's own log tells why.");
    }
}
