using System.Runtime.InteropServices;
using VhostUser.Rings;
using VhostUser.Rings.Packed;
using Xunit;

namespace VhostUser.Tests.Rings.Packed;

/// <summary>The record of chains in flight of a packed ring: kept by one queue, read by the next (vhost-user, "Inflight I/O tracking").</summary>
public sealed unsafe class PackedInflightTests : IDisposable
{
    private const int Size = 8;

    private readonly PackedTestRing _ring = new(Size);
    private readonly ReferenceDriver _driver;
    private readonly byte* _memory = (byte*)NativeMemory.AllocZeroed((nuint)PackedInflight.BytesFor(Size));

    public PackedInflightTests() => _driver = new ReferenceDriver(_ring, lifo: false, inOrder: false);

    private PackedInflightRecord* Records => (PackedInflightRecord*)(_memory + 32);

    public void Dispose()
    {
        _ring.Dispose();
        NativeMemory.Free(_memory);
    }

    [Fact]
    public void The_layout_is_the_specification_s()
    {
        PackedDeviceQueue device = Start();
        Assert.Equal((1, Size), (*(ushort*)(_memory + 8), *(ushort*)(_memory + 10)));        // version, desc_num
        Assert.Equal((1, 1), (_memory[20], _memory[21]));                                     // both wrap counters
        Offer(2, 1);
        Assert.Equal(2, device.Take(_ring.Burst, 8));
        Assert.Equal((3, 3), (*(ushort*)(_memory + 12), *(ushort*)(_memory + 14)));           // free_head, old_free_head
        Assert.Equal(1, _memory[32]);                                                         // desc[0].inflight
        Assert.Equal((1, 2), (*(ushort*)(_memory + 32 + 4), *(ushort*)(_memory + 32 + 6)));   // desc[0].last, num
        Assert.True(*(ulong*)(_memory + 32 + 8) < *(ulong*)(_memory + 32 + 2 * 32 + 8));      // counters in the order of taking
        Assert.Equal(0, *(ushort*)(_memory + 32 + 32 + 16));                                  // desc[1].id, which counts for the chain
        Assert.Equal(_ring.Ring.LoadTail(1).Flags, (DescriptorFlags)(*(ushort*)(_memory + 32 + 32 + 18)));
        Assert.Equal(16u, *(uint*)(_memory + 32 + 20));                                       // desc[0].len
        Assert.Equal(_ring.Ring.LoadAddress(0), *(ulong*)(_memory + 32 + 24));                // desc[0].addr
        device.Return(_ring.Burst.Chains, 2);
        Assert.Equal((2, 2), (*(ushort*)(_memory + 12), *(ushort*)(_memory + 14)));
        Assert.Equal((0, 3), (*(ushort*)(_memory + 32 + 64 + 2), *(ushort*)(_memory + 32 + 32 + 2))); // desc[2].next, desc[1].next
        Assert.Equal((3, 3), (*(ushort*)(_memory + 16), *(ushort*)(_memory + 18)));           // used_idx, old_used_idx
        Assert.Equal(0, _memory[32] + _memory[32 + 64]);
    }

    [Fact]
    public void Chains_that_were_not_returned_come_again_first_and_in_their_order()
    {
        PackedDeviceQueue device = Start();
        Offer(1, 2, 1);
        Assert.Equal([0, 1, 2], Take(device, 8));
        Chain* chains = _ring.Burst.Chains;
        (chains[0], chains[1]) = (chains[1], chains[0]);
        device.Return(chains, 1); // 1, out of order, over the place of 0; then the back-end dies
        Offer(1);

        PackedDeviceQueue next = Start();
        Assert.True(next.HasAvailable());
        Assert.Equal([0, 2, 3], Take(next, 8));
        next.Untake(2);
        Assert.Equal([2, 3], Take(next, 8));
        Assert.Empty(Take(next, 8));
        Assert.False(next.HasAvailable());
    }

    [Fact]
    public void What_was_untaken_is_not_in_flight()
    {
        PackedDeviceQueue device = Start();
        Offer(1, 2, 1);
        Assert.Equal([0, 1, 2], Take(device, 8));
        device.Untake(2);
        Assert.Equal<byte>([1, 0, 0], [Records[0].InFlight, Records[1].InFlight, Records[3].InFlight]);
        Assert.Equal([0, 1, 2], Take(Start(), 8));
    }

    [Fact]
    public void A_buffer_id_that_is_still_in_flight_breaks_the_ring()
    {
        PackedDeviceQueue device = Start();
        _ring.Offer(0, _ring.Buffers, 16, id: 5).Offer(1, _ring.Buffers, 16, id: 5);
        VhostException error = Assert.Throws<VhostException>(() => device.Take(_ring.Burst, 8));
        Assert.Equal(VhostError.DescriptorIndexInvalid, error.Error);
        Assert.Contains("buffer id 5", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_batch_of_the_whole_ring_that_was_handed_over_is_not_undone()
    {
        PackedDeviceQueue device = Start();
        Offer(4, 4);
        Take(device, 8);
        ulong before = *(ulong*)(_memory + 16);
        device.Return(_ring.Burst.Chains, 2);
        // As if it had died before it noted that: the index is the same, the wrap counter is not.
        ulong after = *(ulong*)(_memory + 16);
        *(ulong*)(_memory + 16) = (after & 0xff_0000_ffff) | (before & 0xff00_ffff_0000);
        Records[0].InFlight = 1;
        Assert.Empty(Take(Start(), 8));
    }

    [Theory]
    [InlineData(8, 2, "version 2")]
    [InlineData(10, 4, "made for 4 descriptors")]
    [InlineData(16, Size, "used_idx 8")]
    [InlineData(18, 0xffff, "old_used_idx 65535")]
    [InlineData(20, 7, "used_idx 2 with wrap counter 7")]
    [InlineData(14, 1, "and elsewhere")]          // old_free_head: the second of the chain
    [InlineData(14, 3, "the others are lost")]
    [InlineData(32 + 2, 9, "in the chain of 0")]  // desc[0].next
    [InlineData(32 + 4, 0, "ends at 0")]          // desc[0].last
    [InlineData(32 + 6, 0, "a chain of 0 descriptors")]
    [InlineData(32 + 6, 9, "a chain of 9 descriptors")]
    [InlineData(32 + 6, 3, "in the chain of 0")]
    [InlineData(32 + 4 * 32 + 2, 4, "free twice")]
    public void I_1_A_record_that_does_not_hold_together_is_refused(int offset, ushort value, string words)
    {
        Prepare();
        *(ushort*)(_memory + offset) = value;
        VhostException error = Assert.Throws<VhostException>(() => Start());
        Assert.Equal(VhostError.InflightInvalid, error.Error);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void I_1_A_record_of_another_ring_is_refused()
    {
        PackedDeviceQueue device = Start();
        Offer(1, 1, 1);
        Take(device, 8);
        device.Return(_ring.Burst.Chains, 3);
        new Span<byte>(_ring.Ring.Descriptors, 16 * Size).Clear(); // a driver that began anew
        Assert.Contains("never behind them", Assert.Throws<VhostException>(() => Start()).Message, StringComparison.Ordinal);
        Assert.Contains("room for 4", Assert.Throws<VhostException>(() => new PackedInflight(_memory, 4, 0, Size)).Message, StringComparison.Ordinal);
    }

    /// <summary>Two used of one lap, and a chain of two in flight in the records 0 and 1.</summary>
    private void Prepare()
    {
        Offer(1, 1);
        PackedDeviceQueue device = Start();
        for (int i = 0; i < 2; i++)
        {
            Take(device, 1);
            device.Return(_ring.Burst.Chains, 1);
        }
        Offer(2);
        Take(device, 8);
    }

    private PackedDeviceQueue Start()
    {
        var inflight = new PackedInflight(_memory, Size, 0, Size);
        PackedPosition start = inflight.IsNew ? PackedPosition.Start : inflight.Recover(_ring.Ring).Start;
        if (inflight.IsNew) inflight.Begin(start);
        return _ring.Device(start: start, inflight: inflight);
    }

    private void Offer(params int[] lengths)
    {
        foreach (int length in lengths) _driver.Add(length, indirect: false, writable: true);
    }

    private int[] Take(PackedDeviceQueue device, int max)
    {
        int count = device.Take(_ring.Burst, max);
        return [.. Enumerable.Range(0, count).Select(i => *(int*)_ring.Burst.Segments[_ring.Burst.Chains[i].FirstSegment].Address)];
    }
}
