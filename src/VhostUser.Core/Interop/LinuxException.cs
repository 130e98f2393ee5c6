using System.Runtime.InteropServices;

namespace VhostUser.Interop;

/// <summary>A libc function failed: its name and errno.</summary>
internal sealed class LinuxException : VhostException
{
    public LinuxException(string function, int errno)
        : base(errno is Interop.Errno.EACCES or Interop.Errno.EPERM ? VhostError.PermissionDenied : VhostError.NativeCallFailed,
            $"{function} failed: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno}).", function)
    {
        Function = function;
        Errno = errno;
    }

    public string Function { get; }

    public int Errno { get; }
}
