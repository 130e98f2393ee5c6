using System.Runtime.CompilerServices;

namespace VhostUser.Rings.Split;

/// <summary>Photographs the descriptors of a split ring, whoever works it; every number is checked before it is followed.</summary>
internal static unsafe class SplitRingReader
{
    private const int PreviewBytes = 16;

    /// <summary>Finds where a guest-physical range is in this process; null when it is outside every region.</summary>
    public delegate byte* Translator(ulong address, ulong length);

    /// <param name="ring">The ring.</param>
    /// <param name="queue">Its index.</param>
    /// <param name="taken">The device's cursor: chains from the used index up to here were taken, those after wait.</param>
    /// <param name="translate">Finds buffers.</param>
    public static VringDescriptor[] Read(SplitRing ring, int queue, ushort taken, Translator translate)
    {
        int size = ring.Size;
        int[] chain = new int[size];
        string[] state = new string[size];
        Array.Fill(chain, -1);
        Array.Fill(state, "Free");
        ushort available = ring.LoadAvailableIndex();
        ushort used = ring.LoadUsedIndex();
        int pending = Math.Min((ushort)(available - used), size);
        for (int i = 0; i < pending; i++)
        {
            ushort index = (ushort)(used + i);
            int head = Volatile.Read(ref ring.AvailableRing[index & (size - 1)]);
            string name = (ushort)(index - used) < (ushort)(taken - used) ? "InFlight" : "Available";
            int current = head;
            // A descriptor that another chain has already, or a loop, ends the walk: a broken ring costs no more than a sound one.
            while (current < size && chain[current] < 0)
            {
                chain[current] = head;
                state[current] = name;
                SplitDescriptor descriptor = Unsafe.ReadUnaligned<SplitDescriptor>(ring.Descriptors + current);
                if ((descriptor.Flags & DescriptorFlags.Next) == 0) break;
                current = descriptor.Next;
            }
        }
        var result = new VringDescriptor[size];
        for (int i = 0; i < size; i++)
        {
            SplitDescriptor descriptor = Unsafe.ReadUnaligned<SplitDescriptor>(ring.Descriptors + i);
            uint shown = Math.Min(descriptor.Length, PreviewBytes);
            byte* buffer = shown == 0 ? null : translate(descriptor.Address, shown);
            result[i] = new VringDescriptor
            {
                Index = i,
                Queue = queue,
                Address = descriptor.Address,
                Length = descriptor.Length,
                Flags = descriptor.Flags,
                Next = descriptor.Next,
                Chain = chain[i],
                State = state[i],
                Preview = buffer == null ? "" : Convert.ToHexStringLower(new ReadOnlySpan<byte>(buffer, (int)shown)),
            };
        }
        return result;
    }
}
