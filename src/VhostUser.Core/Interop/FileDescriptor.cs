using Microsoft.Win32.SafeHandles;

namespace VhostUser.Interop;

/// <summary>Owns one file descriptor and closes it exactly once.</summary>
internal sealed class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    public FileDescriptor() : base(ownsHandle: true) { }

    public FileDescriptor(int fd) : base(ownsHandle: true) => SetHandle(fd);

    /// <summary>The number, valid while this object is alive and not disposed.</summary>
    public int Number => (int)handle;

    /// <summary>A second descriptor of the same open file, close-on-exec.</summary>
    public FileDescriptor Duplicate() => new(Libc.DuplicateCloseOnExec(Number));

    protected override bool ReleaseHandle() => Libc.Close((int)handle);
}
