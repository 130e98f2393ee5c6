using VhostUser.Memory;
using VhostUser.Rings;
using VhostUser.Rings.Split;
using Xunit;
using static VhostUser.Rings.DescriptorFlags;

namespace VhostUser.Tests.Rings;

/// <summary>200,000 random descriptor tables, half sense and half nonsense: a chain inside memory comes out, or a typed error.</summary>
public unsafe class ChainFuzzTests
{
    private const int Tables = 200_000;

    [Theory]
    [InlineData(4, 1)]
    [InlineData(64, 2)]
    public void Random_tables_give_chains_inside_memory_or_typed_errors(int size, int seed)
    {
        using var ring = new TestRing(size, bufferBytes: 32768);
        using VhostUser.Interop.FileDescriptor file = GuestMemory.CreateMemfd(4096);
        ring.Memory.Table.Add(MemoryRegion.Map(new() { GuestAddress = ring.End, UserAddress = 0x1000, Size = 4096 }, file, 1)); // adjacent: chains may cross
        var random = new Random(seed);
        var outcomes = new Dictionary<VhostError, int>();
        int taken = 0;
        for (int i = 0; i < Tables / 2; i++)
        {
            for (int d = 0; d < Math.Min(size, 8); d++) ring.Ring.Descriptors[random.Next(size)] = Random(random, ring, size);
            var table = (SplitDescriptor*)ring.Memory.At(ring.Buffers);
            for (int d = 0; d < 4; d++) table[random.Next(size)] = Random(random, ring, size);
            ring.Offer(random.Next(20) == 0 ? random.Next(65536) : random.Next(size));
            SplitDeviceQueue device = ring.Device(TestRing.Features(indirect: random.Next(8) != 0), (ushort)(ring.Ring.LoadAvailableIndex() - 1));
            try
            {
                int count = device.Take(ring.Burst, 64);
                Assert.Equal(1, count);
                AssertSound(ring, ring.Burst.Chains[0]);
                taken++;
            }
            catch (VhostException error)
            {
                outcomes[error.Error] = outcomes.GetValueOrDefault(error.Error) + 1;
            }
        }
        // The generator reaches every rule, or the test proves little.
        Assert.True(taken > 1000, $"only {taken} chains were good");
        foreach (VhostError error in (VhostError[])[VhostError.DescriptorLoop, VhostError.DescriptorIndexInvalid, VhostError.DescriptorAddressInvalid,
            VhostError.DescriptorFlagsInvalid, VhostError.IndirectTableInvalid])
            Assert.True(outcomes.GetValueOrDefault(error) > 10, $"{error} was met {outcomes.GetValueOrDefault(error)} times");
    }

    private static SplitDescriptor Random(Random random, TestRing ring, int size) => new()
    {
        Address = random.Next(16) switch
        {
            0 => (ulong)random.NextInt64(),
            1 => ulong.MaxValue - (ulong)random.Next(4096),
            2 => ring.End + 4096 - (ulong)random.Next(64),
            3 or 4 => ring.End - (ulong)random.Next(64),
            5 or 6 => ring.Buffers,
            _ => ring.Buffers + (ulong)random.Next(32768),
        },
        Length = random.Next(12) switch
        {
            0 => 0,
            1 => (uint)random.Next(),
            2 => uint.MaxValue - (uint)random.Next(16),
            3 or 4 => 16 * (uint)random.Next(size + 2),
            _ => (uint)random.Next(2000),
        },
        Flags = random.Next(10) switch
        {
            0 => (DescriptorFlags)random.Next(65536),
            1 or 2 => Indirect,
            3 or 4 or 5 => Next,
            6 => Next | Write,
            7 => Write,
            _ => None,
        },
        Next = (ushort)(random.Next(10) == 0 ? random.Next(65536) : random.Next(size)),
    };

    private static void AssertSound(TestRing ring, Chain chain)
    {
        ulong readable = 0, writable = 0;
        for (int i = 0; i < chain.ReadableSegments + chain.WritableSegments; i++)
        {
            Segment segment = ring.Burst.Segments[chain.FirstSegment + i];
            ulong guest = ring.GuestOf(segment.Address);
            if (ring.Memory.Table.TranslateGuest(guest, segment.Length) != segment.Address) Assert.Fail("A piece is not inside one region.");
            if (i < chain.ReadableSegments) readable += segment.Length;
            else writable += segment.Length;
        }
        Assert.Equal((readable, writable), ((ulong)chain.ReadableBytes, (ulong)chain.WritableBytes));
    }
}
