using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace VhostUser.Memory;

/// <summary>Copies of packets.</summary>
internal static unsafe class PacketCopy
{
    /// <summary>Copies bytes between places that do not overlap. The smallest Ethernet frames, 60 and 64 bytes, take two vectors and no call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(byte* target, byte* source, uint length)
    {
        const uint vector = 32;
        if (length - vector <= vector)
        {
            // The two overlap unless there are 64 bytes; both are read before either is written.
            Vector256<byte> head = Vector256.Load(source);
            Vector256<byte> tail = Vector256.Load(source + length - vector);
            head.Store(target);
            tail.Store(target + length - vector);
            return;
        }
        Unsafe.CopyBlockUnaligned(target, source, length);
    }
}
