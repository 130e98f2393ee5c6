using System.Runtime.InteropServices;
using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>Objects and memory that a back-end shares: SHARED_OBJECT and SHMEM.</summary>
internal sealed partial class BackEnd
{
    /// <summary>Tells the front-end that this back-end has an object, or has it no more; says nothing where nobody would listen.</summary>
    public void Announce(BackEndRequest request, Guid id)
    {
        if (Channel is null or { IsClosed: true } || (ProtocolFeatures & ProtocolFeatures.SharedObject) == 0) return;
        Channel.Send(request, id.ToByteArray(bigEndian: true));
    }

    /// <summary>The reply repeats the UUID and carries the object's descriptor; none when this back-end does not have it.</summary>
    private void GetSharedObject(Message message)
    {
        bool named = message.Payload.Length == 16;
        if (!named)
            LastRefusal = new VhostException(VhostError.MessageSizeInvalid, $"GET_SHARED_OBJECT came with a payload of {message.Payload.Length} bytes; expected the 16 of a UUID. It was answered with no object.", "GET_SHARED_OBJECT",
                "QEMU is known to leave the UUID out.");
        using FileDescriptor? file = named ? _options.SharedObjects.Find(new Guid(message.Payload, bigEndian: true)) : null;
        ReadOnlySpan<int> fds = file is null ? [] : [file.Number];
        _connection.Send(MessageHeader.ForReply(FrontEndRequest.GetSharedObject, message.Payload.Length), message.Payload, fds);
    }

    /// <summary>The sizes of the device's shared memory regions: a count, padding, 256 sizes.</summary>
    private void GetShmemConfig()
    {
        Span<ulong> reply = stackalloc ulong[1 + 256];
        reply.Clear();
        IReadOnlyList<long> sizes = _options.SharedMemorySizes;
        for (int i = 0; i < sizes.Count; i++) reply[1 + i] = (ulong)sizes[i];
        reply[0] = (uint)sizes.Count(size => size > 0);
        _connection.Send(MessageHeader.ForReply(FrontEndRequest.GetShmemConfig, 8 * reply.Length), MemoryMarshal.AsBytes(reply));
    }
}
