using System.Runtime.InteropServices;
using VhostUser.Rings;
using VhostUser.Rings.Split;
using Xunit;

namespace VhostUser.Tests.Rings;

/// <summary>The record of chains in flight: kept by one queue, read by the next (vhost-user, "Inflight I/O tracking").</summary>
public sealed unsafe class SplitInflightTests : IDisposable
{
    private const int Size = 16;

    private readonly TestRing _ring = new(Size);
    private readonly byte* _memory = (byte*)NativeMemory.AllocZeroed((nuint)SplitInflight.BytesFor(Size));

    private SplitInflightRegion* Region => (SplitInflightRegion*)_memory;

    private SplitInflightRecord* Records => (SplitInflightRecord*)(_memory + sizeof(SplitInflightRegion));

    public void Dispose()
    {
        _ring.Dispose();
        NativeMemory.Free(_memory);
    }

    [Fact]
    public void A_new_buffer_gets_its_header_and_the_layout_is_the_specification_s()
    {
        SplitDeviceQueue device = Start();
        Assert.Equal(1, *(ushort*)(_memory + 8));       // version
        Assert.Equal(Size, *(ushort*)(_memory + 10));   // desc_num
        OfferAll(5, 3);
        Assert.Equal(2, device.Take(_ring.Burst, 8));
        Assert.Equal(1, _memory[16 + 16 * 5]);          // desc[5].inflight
        Assert.Equal(1, _memory[16 + 16 * 3]);
        Assert.True(*(ulong*)(_memory + 16 + 16 * 5 + 8) < *(ulong*)(_memory + 16 + 16 * 3 + 8)); // counters in the order of taking
        device.Return(_ring.Burst.Chains, 2);
        Assert.Equal(0, _memory[16 + 16 * 5] + _memory[16 + 16 * 3]);
        Assert.Equal(3, *(ushort*)(_memory + 12));      // last_batch_head
        Assert.Equal(5, *(ushort*)(_memory + 16 + 16 * 3 + 6)); // desc[3].next
        Assert.Equal(2, *(ushort*)(_memory + 14));      // used_idx
    }

    [Fact]
    public void Chains_that_were_not_returned_come_again_first_and_in_their_order()
    {
        SplitDeviceQueue device = Start();
        OfferAll(7, 2, 9, 4, 0);
        Assert.Equal(5, device.Take(_ring.Burst, 8));
        Chain* chains = _ring.Burst.Chains;
        (chains[0], chains[3]) = (chains[3], chains[0]);
        device.Return(chains, 1); // 4, out of order; then the back-end dies
        OfferAll(11);

        SplitDeviceQueue next = Start();
        Assert.True(next.HasAvailable());
        Assert.Equal([7, 2, 9, 0], Take(next, 8));
        next.Untake(2);
        Assert.Equal([9, 0], Take(next, 8));
        Assert.Equal([11], Take(next, 8));
        Assert.Empty(Take(next, 8));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_batch_that_the_driver_has_but_the_record_has_not_is_completed(int batch)
    {
        SplitDeviceQueue device = Start();
        OfferAll(6, 1, 8, 3);
        device.Take(_ring.Burst, 8);
        ushort used = _ring.Ring.LoadUsedIndex();
        device.Return(_ring.Burst.Chains, batch);
        // As if it had died between the used index and the clearing of the records.
        for (int i = 0; i < batch; i++) Records[_ring.Burst.Chains[i].Head].InFlight = 1;
        Region->UsedIndex = used;

        SplitDeviceQueue next = Start();
        Assert.Equal(new ushort[] { 6, 1, 8, 3 }.Skip(batch), Take(next, 8));
        Assert.Equal(batch, Region->UsedIndex);
    }

    [Fact]
    public void A_batch_that_was_linked_but_not_published_comes_again()
    {
        SplitDeviceQueue device = Start();
        OfferAll(6, 1);
        device.Take(_ring.Burst, 8);
        new SplitInflight(_memory, Size, 0, Size).BeginBatch(_ring.Burst.Chains, 2); // and then it died
        Assert.Equal([6, 1], Take(Start(), 8));
    }

    [Fact]
    public void What_was_untaken_is_not_in_flight()
    {
        SplitDeviceQueue device = Start();
        OfferAll(6, 1, 2);
        Assert.Equal([6, 1, 2], Take(device, 8));
        device.Untake(2);
        SplitDeviceQueue next = Start();
        Assert.Equal([6], Take(next, 8));
        Assert.Equal([1, 2], Take(next, 8));
    }

    [Fact]
    public void I_1_Another_version_or_size_is_refused()
    {
        Start();
        Region->Version = 2;
        AssertInvalid("version 2");
        Region->Version = 1;
        Region->DescriptorCount = 8;
        AssertInvalid("made for 8 descriptors");
        Region->DescriptorCount = Size;
        Assert.Contains("room for 8", Assert.Throws<VhostException>(() => new SplitInflight(_memory, 8, 0, Size)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Size, 0)]
    [InlineData(0xffff, 0)]
    [InlineData(3, Size)]
    [InlineData(3, 0xffff)]
    public void I_1_A_list_of_the_last_batch_that_leaves_the_ring_is_refused(ushort head, ushort next)
    {
        Start();
        _ring.StartAt(4);
        Region->LastBatchHead = head;
        for (int i = 0; i < Size; i++) Records[i].Next = next;
        AssertInvalid("last batch");
    }

    [Fact]
    public void I_1_A_list_that_loops_ends_and_an_index_too_far_away_is_refused()
    {
        Start();
        _ring.StartAt(Size);
        for (int i = 0; i < Size; i++) Records[i] = new SplitInflightRecord { InFlight = 1 };
        Region->LastBatchHead = 5;
        Records[5].Next = 5;
        Assert.Equal((uint)(2 * Size - 1), Start().Base); // all but 5
        _ring.StartAt(Size + Size + 1);
        AssertInvalid("more than its size");
    }

    private SplitDeviceQueue Start()
    {
        SplitDeviceQueue device = _ring.Device(start: _ring.Ring.LoadUsedIndex());
        device.Resume(new SplitInflight(_memory, Size, 0, Size));
        return device;
    }

    private void OfferAll(params int[] heads)
    {
        foreach (int head in heads) _ring.Write(head, _ring.Buffers + 64 * (ulong)head, 64);
        _ring.Offer(heads);
    }

    private ushort[] Take(SplitDeviceQueue device, int max)
    {
        int count = device.Take(_ring.Burst, max);
        return [.. Enumerable.Range(0, count).Select(i => _ring.Burst.Chains[i].Head)];
    }

    private void AssertInvalid(string words)
    {
        VhostException error = Assert.Throws<VhostException>(() => Start());
        Assert.Equal(VhostError.InflightInvalid, error.Error);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }
}
