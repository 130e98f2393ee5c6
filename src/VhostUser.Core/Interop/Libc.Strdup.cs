using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    /// <summary>A copy of a text that native code may free(3).</summary>
    public static nint DuplicateText(string text)
    {
        nint copy = strdup(text);
        return copy != 0 ? copy : throw new LinuxException("strdup", Marshal.GetLastPInvokeError());
    }

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint strdup(string text);
}
