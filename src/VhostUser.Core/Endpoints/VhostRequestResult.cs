using System.Runtime.InteropServices;
using VhostUser.Interop;

namespace VhostUser.Endpoints;

/// <summary>A descriptor that came with a reply: what it is, and no more; it was closed again.</summary>
/// <param name="Kind">What /proc says it is: memfd:name, anon_inode:[eventfd], socket, a path.</param>
/// <param name="Inode">Inode number, which tells whether two descriptors are of the same file.</param>
/// <param name="Size">Size in bytes of a file.</param>
public sealed record VhostDescriptorInfo(string Kind, ulong Inode, long Size);

/// <summary>What became of a request that was sent by hand.</summary>
public sealed record VhostRequestResult
{
    /// <summary>Name of the request in the specification.</summary>
    public required string Request { get; init; }

    /// <summary>Whether a reply came.</summary>
    public required bool Answered { get; init; }

    /// <summary>Flags of the reply's header; 5 when it is correct.</summary>
    public uint Flags { get; init; }

    /// <summary>The reply's payload.</summary>
    public byte[] Reply { get; init; } = [];

    /// <summary>The payload as a u64 when it has 8 bytes; for an acknowledgement 0 means success.</summary>
    public ulong? Value { get; init; }

    /// <summary>The reply's fields by name, as far as the request is known.</summary>
    public IReadOnlyDictionary<string, object> Fields { get; init; } = new Dictionary<string, object>();

    /// <summary>Descriptors that came with the reply.</summary>
    public VhostDescriptorInfo[] Descriptors { get; init; } = [];

    /// <summary>How long the reply took.</summary>
    public TimeSpan Elapsed { get; init; }

    internal static VhostRequestResult Sent(string name) => new() { Request = name, Answered = false };

    internal static VhostRequestResult Of(string name, Message reply)
    {
        byte[] payload = reply.Payload.ToArray();
        return new VhostRequestResult
        {
            Request = name,
            Answered = true,
            Flags = reply.Header.Flags,
            Reply = payload,
            Value = payload.Length == 8 ? MemoryMarshal.Read<ulong>(payload) : null,
            Fields = reply.IsChannel ? new Dictionary<string, object>() : ReplyFields.Decode(reply.Header.Request, payload),
            Descriptors = [.. Enumerable.Range(0, reply.FdCount).Select(i => Describe(reply.BorrowFd(i)))],
        };
    }

    private static VhostDescriptorInfo Describe(FileDescriptor fd)
    {
        statx_t stat = Libc.Stat(fd.Number);
        string kind = new FileInfo($"/proc/self/fd/{fd.Number}").LinkTarget ?? "unknown";
        return new VhostDescriptorInfo(kind, stat.stx_ino, (long)stat.stx_size);
    }
}
