using System.Reflection;
using System.Text.RegularExpressions;
using VhostUser.Devices.Net;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Rings.Split;
using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>Numbers and layouts against the headers of the C library and the kernel, judged by the C compiler.</summary>
public partial class CHeaderTests
{
    private static readonly string[] _libc =
    [
        "errno.h", "fcntl.h", "limits.h", "poll.h", "signal.h", "stddef.h", "sys/epoll.h", "sys/eventfd.h", "sys/ioctl.h", "linux/userfaultfd.h", "sys/mman.h", "sys/socket.h", "sys/stat.h",
        "sys/uio.h", "sys/un.h", "linux/memfd.h", "netinet/in.h", "linux/tcp.h",
    ];

    [CCompilerFact("poll.h")]
    public void Every_constant_of_the_native_layer_has_its_value_of_the_headers()
    {
        var c = new CAssertions(_libc);
        c.SameConstants(typeof(Libc), except: nameof(Libc.SCM_MAX_FD)); // the kernel's own, in no header for programs
        Assert.InRange(c.Count, 50, 500);
        int before = c.Count;
        c.SameConstants(typeof(Errno));
        Assert.InRange(c.Count - before, 10, 100);
        c.Check();
    }

    [CCompilerFact("linux/if_tun.h")]
    public void The_requests_of_the_tap_device_have_their_values_of_the_headers()
    {
        var c = new CAssertions("linux/if_tun.h", "net/if.h", "sys/ioctl.h");
        c.SameConstants(typeof(TapDevice)).That("sizeof(struct ifreq) == 40").That("__builtin_offsetof(struct ifreq, ifr_flags) == 16").Check();
    }

    [CCompilerFact("poll.h")]
    public void Every_struct_of_the_native_layer_is_laid_out_as_in_the_headers()
    {
        int epollEvent = (int)typeof(Libc).GetField("s_eventSize", BindingFlags.Static | BindingFlags.NonPublic)!.GetValue(null)!;
        new CAssertions(_libc)
            .SameLayout<sockaddr_un>("struct sockaddr_un")
            .SameLayout<msghdr>("struct msghdr")
            .SameLayout<cmsghdr>("struct cmsghdr")
            .SameLayout<iovec>("struct iovec")
            .SameLayout<pollfd>("struct pollfd")
            .SameLayout<ucred>("struct ucred")
            .SameLayout<sigaction_t>("struct sigaction")
            .SameLayout<statx_t>("struct statx")
            .SameOffsets<tcp_info>("struct tcp_info").That("sizeof(struct tcp_info) >= 104")
            .That("__builtin_offsetof(siginfo_t, si_addr) == 16") // BusErrorGuard's code reads it there
            .That($"sizeof(struct epoll_event) == {epollEvent}")
            .That($"__builtin_offsetof(struct epoll_event, data) == {epollEvent - 8}")
            .Check();
    }

    [CCompilerFact("linux/virtio_ring.h")]
    public void Ring_structs_and_flags_are_those_of_the_kernel()
    {
        var c = new CAssertions("linux/virtio_ring.h");
        c.SameLayout<SplitDescriptor>("struct vring_desc", ("Address", "addr"), ("Length", "len"), ("Flags", "flags"), ("Next", "next"))
            .That("sizeof(struct vring_used_elem) == 8").That("__builtin_offsetof(struct vring_used_elem, len) == 4")
            .That($"VRING_DESC_F_NEXT == {(int)DescriptorFlags.Next}")
            .That($"VRING_DESC_F_WRITE == {(int)DescriptorFlags.Write}")
            .That($"VRING_DESC_F_INDIRECT == {(int)DescriptorFlags.Indirect}")
            .That($"VRING_AVAIL_F_NO_INTERRUPT == {SplitRing.NoInterrupt}")
            .That($"VRING_USED_F_NO_NOTIFY == {SplitRing.NoNotify}")
            .That($"VRING_DESC_ALIGN_SIZE == {SplitRing.DescriptorAlignment}")
            .That($"VRING_AVAIL_ALIGN_SIZE == {SplitRing.AvailableAlignment}")
            .That($"VRING_USED_ALIGN_SIZE == {SplitRing.UsedAlignment}");
        c.Check();
    }

    [CCompilerFact("linux/virtio_net.h")]
    public void The_packet_header_is_that_of_the_kernel() => new CAssertions("linux/virtio_net.h")
        .SameLayout<NetHeader>("struct virtio_net_hdr_v1", ("Flags", "flags"), ("GsoType", "gso_type"), ("HeaderLength", "hdr_len"), ("GsoSize", "gso_size"),
            ("ChecksumStart", "csum_start"), ("ChecksumOffset", "csum_offset"), ("BufferCount", "num_buffers"))
        .That($"sizeof(struct virtio_net_hdr) == {NetHeader.LegacyLength}")
        .That($"sizeof(struct virtio_net_hdr_v1) == {NetHeader.Length}")
        .That($"sizeof(struct virtio_net_hdr_v1_hash) == {NetHeader.HashLength}")
        .That($"VIRTIO_NET_HDR_F_NEEDS_CSUM == {NetHeader.NeedsCsum}")
        .That($"VIRTIO_NET_HDR_F_DATA_VALID == {NetHeader.DataValid}")
        .Check();

    [CCompilerFact("linux/virtio_net.h")]
    public void Feature_bits_are_those_of_the_kernel()
    {
        var c = new CAssertions("linux/virtio_net.h", "linux/virtio_config.h", "linux/virtio_ring.h", "linux/vhost_types.h");
        foreach (VirtioFeatures feature in Enum.GetValues<VirtioFeatures>())
        {
            if (feature == VirtioFeatures.None) continue;
            string name = Capital().Replace(feature.ToString(), "_$0").ToUpperInvariant().Replace("VERSION1", "VERSION_1");
            int bit = System.Numerics.BitOperations.Log2((ulong)feature);
            foreach (string prefix in (string[])["VIRTIO_NET_F_", "VIRTIO_F_", "VIRTIO_RING_F_", "VHOST_F_"]) c.IfDefined(prefix + name, $"{prefix}{name} == {bit}");
        }
        foreach (string known in (string[])["VIRTIO_NET_F_MRG_RXBUF", "VIRTIO_F_VERSION_1", "VIRTIO_RING_F_EVENT_IDX", "VHOST_F_LOG_ALL"]) c.That($"{known} > 0");
        c.Check();
    }

    [CCompilerFact("linux/vhost_types.h")]
    public void Vhost_payloads_are_laid_out_as_their_kernel_twins() => new CAssertions("linux/vhost_types.h", "linux/vhost.h")
        .SameLayout<VringStatePayload>("struct vhost_vring_state", ("Index", "index"), ("Number", "num"))
        .SameLayout<VringAddressPayload>("struct vhost_vring_addr", ("Index", "index"), ("Flags", "flags"), ("Descriptors", "desc_user_addr"), ("Used", "used_user_addr"),
            ("Available", "avail_user_addr"), ("Log", "log_guest_addr"))
        .SameLayout<MemoryRegionDescription>("struct vhost_memory_region", ("GuestAddress", "guest_phys_addr"), ("Size", "memory_size"), ("UserAddress", "userspace_addr"),
            ("MmapOffset", "flags_padding"))
        .Check();

    [CCompilerFact("errno.h")]
    public void A_wrong_number_is_found()
    {
        var error = Assert.ThrowsAny<Exception>(() => new CAssertions("errno.h").That("EPERM == 2").Check());
        Assert.Contains("EPERM == 2", error.Message);
    }

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex Capital();
}
