using VhostUser.Rings;

namespace VhostUser.Fuzz.Targets;

/// <summary>What holds for every chain that a device's queue hands out, whatever the driver wrote.</summary>
internal static unsafe class ChainCheck
{
    public static void AssertSound(FuzzMemory memory, ChainBurst burst, in Chain chain)
    {
        ulong readable = 0, writable = 0;
        int segments = chain.ReadableSegments + chain.WritableSegments;
        FuzzFailure.Unless(chain.FirstSegment >= 0 && chain.FirstSegment + segments <= burst.SegmentCapacity, "A chain has segments behind the burst's end.");
        for (int i = 0; i < segments; i++)
        {
            Memory.Segment segment = burst.Segments[chain.FirstSegment + i];
            memory.AssertInside(segment);
            if (i < chain.ReadableSegments) readable += segment.Length;
            else writable += segment.Length;
        }
        FuzzFailure.Unless(readable == chain.ReadableBytes && writable == chain.WritableBytes,
            $"A chain of {readable} and {writable} bytes says {chain.ReadableBytes} and {chain.WritableBytes}.");
    }
}
