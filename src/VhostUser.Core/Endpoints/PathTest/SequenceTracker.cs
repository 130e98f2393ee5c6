namespace VhostUser.Endpoints;

/// <summary>
/// Follows the numbers of packets that arrive: which came twice, which came after a later one (RFC 4737 §3). Memory is fixed: numbers
/// further behind than the window count as late and are not looked at for being there twice.
/// </summary>
internal sealed class SequenceTracker
{
    /// <summary>How far behind the newest a packet may come and still be told from its duplicate.</summary>
    public const int Window = 1 << 20;

    private readonly ulong[] _seen = new ulong[Window / 64]; // a bit for each of the last numbers
    private long _next; // one above the newest

    /// <summary>Different packets that arrived.</summary>
    public long Unique { get; private set; }

    public long Duplicates { get; private set; }

    public long Reordered { get; private set; }

    /// <summary>The number whose lowest 32 bits came, nearest to where the sender is.</summary>
    /// <param name="low">The bits.</param>
    /// <param name="sent">How many were sent.</param>
    public static long Extend(uint low, long sent)
    {
        long number = (sent & ~0xFFFFFFFFL) | low;
        return number >= sent ? number - (1L << 32) : number;
    }

    /// <summary>A packet arrived; false when it had been here before.</summary>
    public bool Add(long number)
    {
        if (number >= _next)
        {
            // What the window moves over is forgotten; at most all of it.
            for (long i = Math.Max(_next, number - Window + 1); i <= number; i++) _seen[Word(i)] &= ~Bit(i);
            _next = number + 1;
        }
        else
        {
            if (number > _next - 1 - Window && (_seen[Word(number)] & Bit(number)) != 0)
            {
                Duplicates++;
                return false;
            }
            Reordered++;
        }
        _seen[Word(number)] |= number > _next - 1 - Window ? Bit(number) : 0;
        Unique++;
        return true;
    }

    private static int Word(long number) => (int)(number / 64 % (Window / 64));

    private static ulong Bit(long number) => 1UL << (int)(number % 64);
}
