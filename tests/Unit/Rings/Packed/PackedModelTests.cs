using VhostUser.Rings;
using VhostUser.Rings.Packed;
using Xunit;

namespace VhostUser.Tests.Rings.Packed;

/// <summary>Random operations of an honest driver and device on a packed ring against a model made of lists; a failure names its seed and step.</summary>
public unsafe class PackedModelTests
{
    private sealed record Posted(ushort Id, uint Readable, uint Writable, int Descriptors)
    {
        public uint Written { get; set; }
    }

    [Theory]
    [InlineData(1, false, false)]
    [InlineData(3, true, false)]
    [InlineData(7, false, true)]
    [InlineData(64, true, true)]
    [InlineData(100, true, false)]
    [InlineData(256, false, true)]
    public void Any_order_of_operations_agrees_with_the_model(int size, bool eventIdx, bool inOrder)
    {
        for (int seed = 0; seed < 8; seed++) Run(size, PackedTestRing.Features(eventIdx, indirect: false, inOrder), seed);
    }

    private static void Run(int size, RingFeatures features, int seed)
    {
        using var ring = new PackedTestRing(size);
        PackedDriverQueue driver = ring.Driver(features);
        PackedDeviceQueue device = ring.Device(features);
        var random = new Random(seed);
        var added = new Queue<Posted>();
        var published = new Queue<Posted>();
        var taken = new List<Posted>();
        var takenChains = new List<Chain>();
        var returned = new Queue<Posted>();
        var used = new UsedBuffer[16];
        Chain* burst = stackalloc Chain[size];
        int free = size;
        for (int step = 0; step < 10_000; step++)
        {
            string where = $"seed {seed}, step {step}";
            switch (random.Next(6))
            {
                case 0 or 1: // add
                    var readable = new ChainBuffer[random.Next(4)];
                    var writable = new ChainBuffer[random.Next(readable.Length == 0 ? 1 : 0, 3)];
                    foreach (ref ChainBuffer buffer in readable.AsSpan()) buffer = Buffer(ring, random);
                    foreach (ref ChainBuffer buffer in writable.AsSpan()) buffer = Buffer(ring, random);
                    int count = readable.Length + writable.Length;
                    bool fits = driver.TryAdd(readable, writable, direct: true, out ushort id);
                    Assert.True(fits == (count <= free), where);
                    if (!fits) break;
                    added.Enqueue(new Posted(id, (uint)readable.Sum(b => b.Length), (uint)writable.Sum(b => b.Length), count));
                    free -= count;
                    break;
                case 2: // publish
                    driver.Publish();
                    while (added.TryDequeue(out Posted? posted)) published.Enqueue(posted);
                    break;
                case 3: // take, and sometimes give some back
                    int want = random.Next(1, 20);
                    int got = device.Take(ring.Burst, want);
                    Assert.True(got == Math.Min(want, published.Count), where);
                    int keep = random.Next(4) == 0 ? random.Next(got + 1) : got;
                    device.Untake(got - keep);
                    for (int i = 0; i < keep; i++)
                    {
                        Posted expected = published.Dequeue();
                        Chain chain = ring.Burst.Chains[i];
                        Assert.True(chain.Head == expected.Id && chain.ReadableBytes == expected.Readable && chain.WritableBytes == expected.Writable, where);
                        Assert.True(chain.Descriptors == expected.Descriptors, where);
                        expected.Written = chain.Written = (uint)random.NextInt64(chain.WritableBytes + 1L);
                        taken.Add(expected);
                        takenChains.Add(chain);
                    }
                    break;
                case 4: // return a burst, in order or not
                    int some = random.Next(taken.Count + 1);
                    for (int i = 0; i < some; i++)
                    {
                        int which = features.InOrder ? 0 : random.Next(taken.Count);
                        burst[i] = takenChains[which];
                        returned.Enqueue(taken[which]);
                        taken.RemoveAt(which);
                        takenChains.RemoveAt(which);
                    }
                    device.Return(burst, some);
                    break;
                default: // take back
                    int room = random.Next(1, 17);
                    int back = driver.Reap(used.AsSpan(0, room));
                    Assert.True(back == Math.Min(room, returned.Count), where);
                    for (int i = 0; i < back; i++)
                    {
                        Posted expected = returned.Dequeue();
                        Assert.True(used[i] == new UsedBuffer(expected.Id, expected.Written), where);
                        free += expected.Descriptors;
                    }
                    break;
            }
            Assert.True(driver.Free == free && driver.InFlight == added.Count + published.Count + taken.Count + returned.Count, where);
            Assert.True(device.HasAvailable() == (published.Count > 0) && driver.HasUsed() == (returned.Count > 0), where);
            RingIndices view = device.ReadIndices();
            Assert.True((ushort)(view.Available - view.Next) == published.Count && (ushort)(view.Next - view.OwnUsed) == taken.Count, where);
        }
    }

    private static ChainBuffer Buffer(PackedTestRing ring, Random random) => new(ring.Buffers + (ulong)random.Next(60_000), (uint)random.Next(5000));
}
