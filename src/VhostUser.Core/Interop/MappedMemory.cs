using Microsoft.Win32.SafeHandles;

namespace VhostUser.Interop;

/// <summary>Owns one shared mapping of a file, guarded against truncation.</summary>
internal sealed unsafe class MappedMemory : SafeHandleZeroOrMinusOneIsInvalid
{
    private readonly int _guard;

    private MappedMemory(byte* address, ulong length) : base(ownsHandle: true)
    {
        SetHandle((nint)address);
        Length = length;
        _guard = BusErrorGuard.Register(address, length);
        Libc.KeepFromChildren(address, length);
    }

    /// <summary>Length in bytes, a multiple of the file's page size.</summary>
    public ulong Length { get; }

    /// <summary>The first byte, valid until Dispose.</summary>
    public byte* Address => (byte*)handle;

    /// <summary>Whether a truncating peer is survived.</summary>
    public bool IsGuarded => _guard >= 0;

    /// <summary>Whether the file behind the mapping was truncated while it was in use; its content is zeros since.</summary>
    public bool IsLost => BusErrorGuard.IsLost(_guard);

    /// <summary>Maps a file for reading and writing; offset and length are multiples of its page size.</summary>
    public static MappedMemory Map(FileDescriptor file, ulong length, ulong offset) =>
        new(Libc.Map(length, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED | Libc.MAP_NORESERVE, file.Number, offset), length);

    protected override bool ReleaseHandle()
    {
        BusErrorGuard.Unregister(_guard);
        return Libc.Unmap((void*)handle, Length);
    }
}
