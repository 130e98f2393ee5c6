using System.Buffers.Binary;
using System.Text;
using VhostUser.Endpoints;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>A file system behind a client's raw chains: requests of FUSE on ring 1 of a virtio-fs device (virtio 1.3 §5.11, linux/fuse.h).</summary>
internal sealed class FuseClient(VhostClient client)
{
    public const ulong Root = 1;
    private const int Queue = 1, HeadLength = 40, ReplyHead = 16, EntryLength = 128;
    private const uint Lookup = 1, OpenFile = 14, ReadFile = 15, WriteFile = 16, Release = 18, Initialize = 26, CreateFile = 35;
    private const uint ReadWrite = 2, Creates = 0x40; // O_RDWR, O_CREAT
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(10);
    private ulong _unique;

    /// <summary>Greets the server; returns the version that it speaks.</summary>
    public (uint Major, uint Minor) Init()
    {
        byte[] reply = Ask(Initialize, 0, Fields(7u, 31u, 0u, 0u), 64);
        return (BinaryPrimitives.ReadUInt32LittleEndian(reply), BinaryPrimitives.ReadUInt32LittleEndian(reply.AsSpan(4)));
    }

    /// <summary>Finds a file in a folder; returns its node and its length.</summary>
    public (ulong Node, ulong Length) Find(ulong folder, string name)
    {
        byte[] entry = Ask(Lookup, folder, Name(name), EntryLength);
        return (BinaryPrimitives.ReadUInt64LittleEndian(entry), BinaryPrimitives.ReadUInt64LittleEndian(entry.AsSpan(40 + 8)));
    }

    /// <summary>The error (errno, negative) with which a lookup ends.</summary>
    public int FindFails(ulong folder, string name) => Post(Lookup, folder, Name(name), EntryLength).Error;

    public ulong Open(ulong node) => BinaryPrimitives.ReadUInt64LittleEndian(Ask(OpenFile, node, Fields(ReadWrite, 0u), 16));

    /// <summary>Makes a file and opens it; returns its node and handle.</summary>
    public (ulong Node, ulong Handle) Create(ulong folder, string name)
    {
        byte[] reply = Ask(CreateFile, folder, [.. Fields(ReadWrite | Creates, 0x81a4u, 0u, 0u), .. Name(name)], EntryLength + 16);
        return (BinaryPrimitives.ReadUInt64LittleEndian(reply), BinaryPrimitives.ReadUInt64LittleEndian(reply.AsSpan(EntryLength)));
    }

    public byte[] Read(ulong node, ulong handle, ulong offset, int length) =>
        Ask(ReadFile, node, [.. Fields(handle, offset), .. Fields((uint)length, 0u), .. Fields(0ul), .. Fields(0u, 0u)], length);

    public int Write(ulong node, ulong handle, ulong offset, byte[] data) => BinaryPrimitives.ReadInt32LittleEndian(
        Ask(WriteFile, node, [.. Fields(handle, offset), .. Fields((uint)data.Length, 0u), .. Fields(0ul), .. Fields(0u, 0u), .. data], 8));

    public void Close(ulong node, ulong handle) => Ask(Release, node, [.. Fields(handle), .. Fields(0u, 0u), .. Fields(0ul)], 0);

    private byte[] Ask(uint operation, ulong node, byte[] arguments, int replyLength)
    {
        (int error, byte[] reply) = Post(operation, node, arguments, replyLength);
        Assert.Equal(0, error);
        return reply;
    }

    private (int Error, byte[] Reply) Post(uint operation, ulong node, byte[] arguments, int replyLength)
    {
        ulong unique = ++_unique;
        byte[] head = [.. Fields((uint)(HeadLength + arguments.Length), operation), .. Fields(unique, node), .. Fields(0u, 0u, 0u, 0u)];
        VringChainResult result = client.Post(Queue, [head, arguments], replyLength > 0 ? [ReplyHead, replyLength] : [ReplyHead], s_bound);
        Assert.Equal(result.Written, BinaryPrimitives.ReadUInt32LittleEndian(result.Data));
        Assert.Equal(unique, BinaryPrimitives.ReadUInt64LittleEndian(result.Data.AsSpan(8)));
        return (BinaryPrimitives.ReadInt32LittleEndian(result.Data.AsSpan(4)), result.Data[ReplyHead..]);
    }

    private static byte[] Name(string name) => Encoding.UTF8.GetBytes(name + "\0");

    private static byte[] Fields(params uint[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    private static byte[] Fields(params ulong[] values) => [.. values.SelectMany(BitConverter.GetBytes)];
}
