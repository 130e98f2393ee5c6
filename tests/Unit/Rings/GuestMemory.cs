using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Tests.Rings;

/// <summary>
/// Memfds as a front-end shares them, mapped a second time as a back-end maps them: guest-physical, user and mapping
/// addresses all differ, so a mix-up of two of them fails a test.
/// </summary>
internal sealed unsafe class GuestMemory : IDisposable
{
    private readonly List<FileDescriptor> _files = [];

    /// <param name="regions">Guest-physical address, user address and size of every region.</param>
    public GuestMemory(params (ulong Guest, ulong User, ulong Size)[] regions)
    {
        foreach ((ulong guest, ulong user, ulong size) in regions)
        {
            FileDescriptor file = CreateMemfd((long)size);
            _files.Add(file);
            Table.Add(MemoryRegion.Map(new MemoryRegionDescription { GuestAddress = guest, UserAddress = user, Size = size }, file, _files.Count - 1));
        }
    }

    public MemoryTable Table { get; } = new();

    public static FileDescriptor CreateMemfd(long size, bool sealable = true)
    {
        FileDescriptor file = Libc.MemfdCreate("test", Libc.MFD_CLOEXEC | (sealable ? Libc.MFD_ALLOW_SEALING : 0));
        Libc.SetLength(file.Number, size);
        return file;
    }

    /// <summary>The byte at a guest-physical address, as the back-end sees it.</summary>
    public byte* At(ulong guest) => Table.TranslateGuest(guest, 1);

    /// <summary>Bytes at a guest-physical address.</summary>
    public Span<byte> Bytes(ulong guest, int length)
    {
        byte* start = Table.TranslateGuest(guest, (ulong)length);
        if (start == null) throw new ArgumentOutOfRangeException(nameof(guest), "The range is not in one region.");
        return new Span<byte>(start, length);
    }

    public void Dispose()
    {
        Table.Dispose();
        foreach (FileDescriptor file in _files) file.Dispose();
    }
}
