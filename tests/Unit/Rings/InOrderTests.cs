using VhostUser.Rings;
using VhostUser.Rings.Split;
using Xunit;

namespace VhostUser.Tests.Rings;

/// <summary>VIRTIO_F_IN_ORDER on the driver's side: one used element may stand for a batch (virtio 1.3 §2.7.9).</summary>
public unsafe class InOrderTests
{
    private readonly UsedBuffer[] _used = new UsedBuffer[64];

    [Fact]
    public void One_element_returns_a_whole_batch()
    {
        using TestRing ring = Posted(8, out SplitDriverQueue driver);
        ring.Ring.UsedRing[0] = 4 | 60ul << 32; // the last of five; the elements 1 to 4 are skipped
        ring.Ring.StoreUsedIndex(5);
        Assert.Equal(5, driver.Reap(_used));
        Assert.Equal([0, 1, 2, 3, 4], _used[..5].Select(buffer => (int)buffer.Id));
        Assert.Equal([100u, 100u, 100u, 100u, 60u], _used[..5].Select(buffer => buffer.Written));
        ring.Ring.UsedRing[5] = 7 | 1ul << 32; // the next batch begins where the last one ended
        ring.Ring.StoreUsedIndex(8);
        Assert.Equal(3, driver.Reap(_used));
        Assert.Equal([5, 6, 7], _used[..3].Select(buffer => (int)buffer.Id));
        Assert.Equal(8, driver.Free);
    }

    [Fact]
    public void An_element_for_each_works_too()
    {
        using TestRing ring = Posted(8, out SplitDriverQueue driver);
        for (uint i = 0; i < 8; i++) ring.Complete(i, i);
        Assert.Equal(8, driver.Reap(_used));
        Assert.Equal(Enumerable.Range(0, 8).Select(i => new UsedBuffer((ushort)i, (uint)i)), _used[..8]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_batch_that_is_larger_than_the_array_is_taken_in_parts(int room)
    {
        using TestRing ring = Posted(8, out SplitDriverQueue driver);
        ring.Ring.UsedRing[0] = 6 | 9ul << 32;
        ring.Ring.StoreUsedIndex(7);
        var ids = new List<int>();
        for (int count; (count = driver.Reap(_used.AsSpan(0, room))) > 0;)
        {
            Assert.InRange(count, 1, room);
            ids.AddRange(_used[..count].Select(buffer => (int)buffer.Id));
        }
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], ids);
        Assert.False(driver.HasUsed());
    }

    [Fact]
    public void An_element_out_of_order_is_refused()
    {
        using TestRing ring = Posted(8, out SplitDriverQueue driver);
        ring.Complete(3); // the index moved by one, but 0 is the oldest
        var error = Assert.Throws<VhostException>(() => driver.Reap(_used));
        Assert.Equal(VhostError.UsedElementInvalid, error.Error);
        Assert.Contains("out of order", error.Message);
    }

    [Fact]
    public void Batches_go_on_across_the_index_wrap()
    {
        using var ring = new TestRing(8);
        SplitDriverQueue driver = ring.Driver(TestRing.Features(inOrder: true));
        var random = new Random(35);
        ushort index = 0;
        ushort expected = 0; // with IN_ORDER the heads go around the ring
        for (int total = 0; total < 70_000;)
        {
            for (int free = driver.Free; free > 0; free--) driver.AddSingle(ring.Buffers, 100, writable: true);
            driver.Publish();
            int batch = random.Next(1, 9);
            ring.Ring.UsedRing[index & 7] = (uint)((expected + batch - 1) & 7) | 5ul << 32;
            ring.Ring.StoreUsedIndex(index += (ushort)batch);
            Assert.Equal(batch, driver.Reap(_used));
            for (int i = 0; i < batch; i++) Assert.Equal(expected++ & 7, _used[i].Id);
            total += batch;
        }
    }

    private static TestRing Posted(int count, out SplitDriverQueue driver)
    {
        var ring = new TestRing(8);
        driver = ring.Driver(TestRing.Features(inOrder: true));
        for (int i = 0; i < count; i++) driver.AddSingle(ring.Buffers, 100, writable: true);
        driver.Publish();
        return ring;
    }
}
