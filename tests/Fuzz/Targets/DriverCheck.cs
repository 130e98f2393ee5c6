using VhostUser.Rings;

namespace VhostUser.Fuzz.Targets;

/// <summary>What holds for a driver's queue, whatever the device wrote.</summary>
internal static class DriverCheck
{
    private static readonly bool[] s_seen = new bool[32768];

    /// <summary>Makes a few chains available, of one buffer or two.</summary>
    public static void Post(DriverQueue driver, ref FuzzInput input)
    {
        for (int i = input.Below(4); i >= 0 && driver.Free > 0; i--)
        {
            ulong address = FuzzMemory.Start + FuzzMemory.Size / 2;
            if (input.OneIn(3)) driver.TryAdd([new ChainBuffer(address, 12)], [new ChainBuffer(address, 100)], direct: true, out _);
            else driver.AddSingle(address, 1000, writable: !input.OneIn(4));
        }
        driver.Publish();
        driver.NeedsKick();
    }

    public static void Reap(DriverQueue driver, UsedBuffer[] used)
    {
        int count = driver.Reap(used);
        FuzzFailure.Unless(count >= 0 && count <= used.Length, $"{count} chains were reaped into room for {used.Length}.");
        for (int i = 0; i < count; i++) FuzzFailure.Unless(used[i].Id < driver.Size, $"Chain {used[i].Id} of a ring of {driver.Size} was reaped.");
        AssertFreeList(driver);
    }

    /// <summary>Every free descriptor is free once, and there are no more of them than the ring has.</summary>
    public static void AssertFreeList(DriverQueue driver)
    {
        FuzzFailure.Unless(driver.Free >= 0 && driver.InFlight >= 0 && driver.Free + driver.InFlight <= driver.Size, $"{driver.Free} descriptors are free and {driver.InFlight} chains in flight in a ring of {driver.Size}.");
        Array.Clear(s_seen, 0, driver.Size);
        for (int i = 0; i < driver.Free; i++)
        {
            ushort id = driver.FreeIdAt(i);
            FuzzFailure.Unless(id < driver.Size && !s_seen[id], $"Descriptor {id} is free twice, or beyond the ring of {driver.Size}.");
            s_seen[id] = true;
        }
    }
}
