using System.Buffers.Binary;
using VhostUser.Endpoints;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>A disk behind a client's raw chains: requests of virtio-blk (virtio 1.3 §5.2.6).</summary>
internal sealed class BlockDisk(VhostClient client)
{
    public const int Sector = 512;
    private const uint In = 0, Out = 1, Flush = 4, GetId = 8, Unknown = 0x7fff;
    private const byte Ok = 0, Unsupported = 2;
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(10);

    /// <summary>The number of sectors, the first field of the configuration space (virtio 1.3 §5.2.4).</summary>
    public ulong Capacity => BinaryPrimitives.ReadUInt64LittleEndian(client.GetConfig(0, 8));

    public byte[] Read(ulong sector, int length, int queue = 0)
    {
        VringChainResult result = client.Post(queue, [Head(In, sector)], [length, 1], s_bound);
        Assert.Equal((uint)length + 1, result.Written);
        Assert.Equal(Ok, result.Data[^1]);
        return result.Data[..^1];
    }

    public void Write(ulong sector, ReadOnlyMemory<byte> data, int queue = 0) => Assert.Equal(Ok, Assert.Single(client.Post(queue, [Head(Out, sector), data], [1], s_bound).Data));

    public void WaitUntilWritten() => Assert.Equal(Ok, Assert.Single(client.Post(0, [Head(Flush, 0)], [1], s_bound).Data));

    public byte[] ReadId() => client.Post(0, [Head(GetId, 0)], [20, 1], s_bound).Data;

    public bool RefusesUnknownRequests() => client.Post(0, [Head(Unknown, 0)], [1], s_bound).Data is [Unsupported];

    private static byte[] Head(uint type, ulong sector)
    {
        byte[] head = new byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(head, type);
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(8), sector);
        return head;
    }
}
