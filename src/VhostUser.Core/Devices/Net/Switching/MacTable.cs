using System.Runtime.CompilerServices;

namespace VhostUser.Devices.Net.Switching;

/// <summary>
/// Which port a MAC address was last seen on, per VLAN. The table never grows: an address has a few places, and takes that of the
/// one longest silent, so that a flood of false addresses costs nobody memory. One thread at a time.
/// </summary>
internal sealed class MacTable(TimeSpan ageing)
{
    /// <summary>Addresses that the table holds at most.</summary>
    public const int Capacity = 8192;

    private const int Places = 8; // two cache lines
    private const ulong MulticastBit = 1UL << 40; // the first byte's lowest bit

    private readonly Entry[] _entries = new Entry[Capacity];
    private readonly long _ageing = (long)ageing.TotalMilliseconds;

    /// <summary>The table's key of an address in a VLAN: 0 when the address is that of no single station.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong KeyOf(ulong mac, int vlan) => (mac & MulticastBit) != 0 || mac == 0 ? 0 : mac | (ulong)vlan << 48;

    /// <summary>Notes that a station was heard on a port.</summary>
    /// <param name="key">From <see cref="KeyOf"/>, not 0.</param>
    /// <param name="port">Port number.</param>
    /// <param name="now">Milliseconds of a clock that only goes forward.</param>
    public void Learn(ulong key, int port, long now)
    {
        Span<Entry> places = PlacesOf(key);
        int oldest = 0;
        for (int i = 0; i < places.Length; i++)
        {
            if (places[i].Key == key)
            {
                oldest = i;
                break;
            }
            if (places[i].Key == 0 || places[oldest].Key != 0 && places[i].Seen < places[oldest].Seen) oldest = i;
        }
        places[oldest] = new Entry { Key = key, Port = port, Seen = now };
    }

    /// <summary>The port of a station, or -1 when it is not known or was silent for too long.</summary>
    public int Find(ulong key, long now)
    {
        foreach (ref readonly Entry entry in PlacesOf(key))
        {
            if (entry.Key == key) return now - entry.Seen <= _ageing ? entry.Port : -1;
        }
        return -1;
    }

    /// <summary>Forgets all stations of a port.</summary>
    public void Forget(int port)
    {
        foreach (ref Entry entry in _entries.AsSpan())
        {
            if (entry.Port == port) entry = default;
        }
    }

    /// <summary>The stations that are known: MAC address (first byte highest), VLAN (0 for none), port, and milliseconds since the last packet.</summary>
    public IEnumerable<(ulong Mac, int Vlan, int Port, long Age)> Read(long now) =>
        _entries.Where(entry => entry.Key != 0 && now - entry.Seen <= _ageing)
            .Select(entry => (entry.Key & 0xFFFF_FFFF_FFFF, (int)(entry.Key >> 48), entry.Port, now - entry.Seen));

    private Span<Entry> PlacesOf(ulong key)
    {
        // The golden ratio's bits spread neighbouring addresses (Knuth, The Art of Computer Programming, §6.4).
        int bucket = (int)(key * 0x9E37_79B9_7F4A_7C15 >> 54) & (Capacity / Places - 1);
        return _entries.AsSpan(bucket * Places, Places);
    }

    private struct Entry
    {
        public ulong Key;
        public long Seen;
        public int Port;
    }
}
