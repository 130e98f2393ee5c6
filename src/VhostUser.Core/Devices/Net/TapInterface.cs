using System.Text;
using VhostUser.Devices.Net.Offloads;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Devices.Net;

/// <summary>A tap interface of the host, opened with virtio-net headers in front of the frames (Linux, Documentation/networking/tuntap).</summary>
internal sealed unsafe class TapInterface : IDisposable
{
    private const uint TUNSETIFF = 0x400454ca;
    private const uint TUNSETOFFLOAD = 0x400454d0;
    private const uint TUNSETVNETHDRSZ = 0x400454d8;
    private const uint SIOCGIFFLAGS = 0x8913;
    private const ushort IFF_UP = 1;
    private const ushort IFF_TAP = 2;
    private const ushort IFF_NO_PI = 0x1000;
    private const ushort IFF_VNET_HDR = 0x4000;
    private const int MaxVector = 256;

    private readonly FileDescriptor _fd;

    /// <param name="name">Interface name, at most 15 bytes; it is made when it does not exist (needs CAP_NET_ADMIN).</param>
    /// <exception cref="VhostException">TapFailed.</exception>
    public TapInterface(string name)
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
            _fd = fd;
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

    /// <summary>The descriptor: one read or write is one packet.</summary>
    public int Fd => _fd.Number;

    /// <summary>Whether the interface is up (IFF_UP); asked of this process's network namespace, which /sys need not show.</summary>
    public bool IsUp
    {
        get
        {
            byte* request = stackalloc byte[40]; // struct ifreq
            new Span<byte>(request, 40).Clear();
            Encoding.UTF8.GetBytes(Name, new Span<byte>(request, 16));
            using FileDescriptor socket = Libc.UnixSocket(); // any socket serves
            return Libc.TryIoctl(socket.Number, SIOCGIFFLAGS, (nuint)request) >= 0 && (*(ushort*)(request + 16) & IFF_UP) != 0;
        }
    }

    /// <summary>Sets the bytes of the header in front of every frame: 10, 12 or 20.</summary>
    public void SetHeaderLength(int length) => Libc.Ioctl(_fd.Number, TUNSETVNETHDRSZ, &length, "TUNSETVNETHDRSZ");

    /// <summary>Lets the kernel hand over packets with these things left to do (TUN_F_CSUM and so on).</summary>
    public void SetOffloads(uint flags) => Libc.Ioctl(_fd.Number, TUNSETOFFLOAD, (void*)flags, "TUNSETOFFLOAD");

    /// <summary>The same; false when this kernel does not know one of them.</summary>
    public bool TrySetOffloads(uint flags) => Libc.TryIoctl(_fd.Number, TUNSETOFFLOAD, flags) >= 0;

    /// <summary>
    /// Sends a packet to the host from where it lies, behind a header of this process's: cutting and checksums are the kernel's work.
    /// False when the kernel refuses it, or when it lies in more pieces than one call takes.
    /// </summary>
    public bool TryWrite(in PacketView packet, in NetHeader header)
    {
        iovec* vector = stackalloc iovec[MaxVector];
        NetHeader told = OffloadRules.Describe(packet, header, VirtioFeatures.GuestCsum);
        vector[0] = new iovec { iov_base = &told, iov_len = NetHeader.Length };
        SegmentCursor cursor = packet.Cursor();
        int count = 1;
        for (uint left = packet.Length; left > 0; count++)
        {
            if (count == MaxVector) return false;
            Segment piece = cursor.Next(left);
            vector[count] = new iovec { iov_base = piece.Address, iov_len = piece.Length };
            left -= piece.Length;
        }
        return Libc.WriteVector(_fd.Number, vector, count) >= 0;
    }

    public void Dispose() => _fd.Dispose();
}
