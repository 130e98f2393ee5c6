using System.Runtime.InteropServices;
using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>A received message: header, payload, and the descriptors it brought, which are closed unless a handler takes them.</summary>
internal sealed class Message
{
    private readonly byte[] _payload;
    private readonly List<FileDescriptor> _fds = [];

    public Message(byte[] payload) => _payload = payload;

    public MessageHeader Header;

    /// <summary>The payload's bytes, valid until the next message.</summary>
    public ReadOnlySpan<byte> Payload => _payload.AsSpan(0, (int)Header.PayloadSize);

    public int FdCount => _fds.Count;

    /// <summary>Whether the request is one of <see cref="BackEndRequest"/>.</summary>
    public bool IsChannel { get; init; }

    public string Name => NameOf(Header.Request, IsChannel);

    public static string NameOf(FrontEndRequest request, bool isChannel) =>
        isChannel ? BackEndMessageTable.NameOf((BackEndRequest)request) : MessageTable.NameOf(request);

    /// <summary>The payload as one of the wire structs; the table has checked its size.</summary>
    public T Read<T>() where T : unmanaged => MemoryMarshal.Read<T>(Payload);

    public ulong ReadUInt64() => Read<ulong>();

    public void AddFd(FileDescriptor fd) => _fds.Add(fd);

    /// <summary>A descriptor, still owned by the message.</summary>
    public FileDescriptor BorrowFd(int index) => _fds[index];

    /// <summary>Hands the only descriptor over to the caller, or null when there is none.</summary>
    public FileDescriptor? TakeFd()
    {
        if (_fds.Count == 0) return null;
        FileDescriptor fd = _fds[0];
        _fds.RemoveAt(0);
        return fd;
    }

    public void CloseFds()
    {
        foreach (FileDescriptor fd in _fds) fd.Dispose();
        _fds.Clear();
    }
}
