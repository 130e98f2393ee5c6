using VhostUser.Interop;
using VhostUser.Protocol;

namespace VhostUser.Tests.Peers;

/// <summary>
/// A front-end's memory in one memfd: ring areas at its start, packet buffers behind. Guest-physical, user and mapping address
/// of a byte all differ, so that mixing them up fails.
/// </summary>
internal sealed unsafe class GuestMemory : IDisposable
{
    public const ulong GuestAddress = 0x10_0000_0000;
    public const ulong UserAddress = 0x7000_0000_0000;

    /// <summary>Where packet buffers start; the rings' areas lie before.</summary>
    public const int Buffers = 0x80000;

    private byte* _address;

    /// <param name="size">Bytes, a multiple of 4096 and at least 1 MiB.</param>
    /// <param name="sealable">Whether a back-end can seal the file against truncation.</param>
    /// <param name="huge">Whether to make it of huge pages of 2 MiB.</param>
    public GuestMemory(int size = 1 << 20, bool sealable = true, bool huge = false)
    {
        Size = size;
        File = Libc.MemfdCreate("vhost-raw", Libc.MFD_CLOEXEC | (sealable ? Libc.MFD_ALLOW_SEALING : 0) | (huge ? Libc.MFD_HUGETLB : 0));
        Libc.SetLength(File.Number, size);
        _address = Libc.Map((ulong)size, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, File.Number, 0);
    }

    public FileDescriptor File { get; }

    public int Size { get; }

    /// <summary>The mapping of this process.</summary>
    public byte* Address => _address;

    public Span<byte> Bytes => new(_address, Size);

    /// <summary>The row of the memory table for all of it.</summary>
    public MemoryRegionDescription Row => new() { GuestAddress = GuestAddress, UserAddress = UserAddress, Size = (ulong)Size };

    /// <summary>The ring areas of one ring; a ring of up to 512 descriptors fits, 16 of them.</summary>
    public GuestRing Ring(int index, int size = 256) => new(this, index, size);

    /// <summary>Offset of a packet buffer of 2048 bytes.</summary>
    public int Buffer(int number) => Buffers + 2048 * number;

    public void Dispose()
    {
        if (_address == null) return;
        Libc.Unmap(_address, (ulong)Size);
        _address = null;
        File.Dispose();
    }
}
