using System.Text;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Rings;

namespace VhostUser.Devices.Net;

/// <summary>
/// Joins the rings to a tap interface of the host. The kernel reads and writes guest buffers directly (readv and writev on the
/// segments, header included), so no packet is copied in this process.
/// </summary>
internal sealed unsafe class TapDevice : NetDevice
{
    private const uint TUNSETIFF = 0x400454ca;
    private const uint TUNSETVNETHDRSZ = 0x400454d8;
    private const ushort IFF_TAP = 2;
    private const ushort IFF_NO_PI = 0x1000;
    private const ushort IFF_VNET_HDR = 0x4000;
    private const int MaxVector = 64;

    private readonly FileDescriptor _tap;
    private readonly byte[] _discard = new byte[NetHeader.HashLength + TransmitReader.MaxPacket];
    private int _headerLength = NetHeader.LegacyLength;

    /// <param name="name">Interface name, at most 15 bytes; it is made when it does not exist (needs CAP_NET_ADMIN).</param>
    public TapDevice(string name)
    {
        Name = name;
        if (Encoding.UTF8.GetByteCount(name) is 0 or > 15)
            throw new VhostException(VhostError.TapFailed, $"Tap interface name '{name}' must have 1 to 15 bytes.", name, "Choose a shorter name, for example tap0.");
        FileDescriptor? fd = null;
        try
        {
            fd = Libc.Open("/dev/net/tun", Libc.O_RDWR | Libc.O_NONBLOCK);
            byte* request = stackalloc byte[40]; // struct ifreq
            new Span<byte>(request, 40).Clear();
            Encoding.UTF8.GetBytes(name, new Span<byte>(request, 16));
            *(ushort*)(request + 16) = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
            Libc.Ioctl(fd.Number, TUNSETIFF, request, "TUNSETIFF");
            _tap = fd;
        }
        catch (LinuxException error)
        {
            fd?.Dispose();
            throw new VhostException(VhostError.TapFailed, $"Tap interface '{name}' can't be opened: {error.Message}", name, error.Errno switch
            {
                Errno.ENOENT => "The kernel has no /dev/net/tun: load the module 'tun'.",
                Errno.EPERM or Errno.EACCES => $"Run as root, or let root make it for you: ip tuntap add {name} mode tap user $USER",
                16 /* EBUSY */ => "Another program has it open.",
                Errno.EINVAL => $"'{name}' exists and is no tap interface.",
                _ => "See ip-tuntap(8).",
            }, error);
        }
    }

    public string Name { get; }

    public override int WakeFd => _tap.Number;

    public override bool Process(NetQueuePair pair)
    {
        if (pair.HeaderLength != _headerLength)
        {
            int length = pair.HeaderLength;
            Libc.Ioctl(_tap.Number, TUNSETVNETHDRSZ, &length, "TUNSETVNETHDRSZ");
            _headerLength = length;
        }
        bool worked = FromGuest(pair);
        // One queue pair is enough for what comes from the host: a tap queue has no notion of the guest's others.
        return (pair.Index == 0 && ToGuest(pair)) | worked;
    }

    public override void Dispose() => _tap.Dispose();

    private bool FromGuest(NetQueuePair pair)
    {
        if (!pair.CanTransmit) return false;
        Vring ring = pair.Transmit;
        int count = ring.Queue!.Take(ring.Burst, BurstSize);
        if (count == 0) return false;
        iovec* vector = stackalloc iovec[MaxVector];
        for (int i = 0; i < count; i++)
        {
            ref Chain chain = ref ring.Burst.Chains[i];
            if (!TransmitReader.TryRead(ring.Burst, ref chain, pair.HeaderLength, out PacketView packet, out DropReason reason))
            {
                ring.Counters.Drops.Add(reason);
                continue;
            }
            ring.Counters.Packets++;
            ring.Counters.Bytes += packet.Length;
            int pieces = Math.Min((int)chain.ReadableSegments, MaxVector);
            Fill(vector, ring.Burst.Segments + chain.FirstSegment, pieces);
            if (pieces < chain.ReadableSegments || Libc.WriteVector(_tap.Number, vector, pieces) < 0) ring.Counters.Drops.Add(DropReason.TapRefused);
        }
        ReturnTransmitted(ring, count);
        return true;
    }

    private bool ToGuest(NetQueuePair pair)
    {
        iovec* vector = stackalloc iovec[MaxVector];
        pair.Filler.Expect(BurstSize);
        int sent = 0;
        for (; sent < BurstSize; sent++)
        {
            Segment* buffer = pair.CanReceive ? pair.Filler.PeekBuffer(out int segments, out uint room) : Nothing(out segments, out room);
            if (buffer == null)
            {
                fixed (byte* p = _discard)
                {
                    if (Libc.Read(_tap.Number, p, (nuint)_discard.Length) <= 0) break;
                }
                pair.Receive.Counters.Drops.Add(pair.CanReceive ? DropReason.NoReceiveBuffer : DropReason.ReceiveRingStopped);
                continue;
            }
            int pieces = Math.Min(segments, MaxVector);
            Fill(vector, buffer, pieces);
            long read = Libc.ReadVector(_tap.Number, vector, pieces);
            if (read <= pair.HeaderLength) break;
            SetBufferCount(buffer, segments, pair.HeaderLength);
            pair.Filler.Commit((uint)read);
        }
        if (pair.CanReceive) pair.Filler.Flush();
        return sent > 0;
    }

    // The kernel leaves num_buffers 0; it is 1 for a packet in one buffer (virtio 1.3 §5.1.6.4.1).
    private static void SetBufferCount(Segment* segments, int count, int headerLength)
    {
        if (headerLength == NetHeader.LegacyLength) return;
        ushort one = 1;
        var cursor = new SegmentCursor(segments, count);
        cursor.Skip(NetHeader.LegacyLength);
        cursor.Write((byte*)&one, sizeof(ushort));
    }

    private static Segment* Nothing(out int segments, out uint room)
    {
        segments = 0;
        room = 0;
        return null;
    }

    private static void Fill(iovec* vector, Segment* segments, int count)
    {
        for (int i = 0; i < count; i++) vector[i] = new iovec { iov_base = segments[i].Address, iov_len = segments[i].Length };
    }
}
