using System.Runtime.InteropServices;

namespace VhostUser.Interop;

internal static unsafe partial class Libc
{
    /// <summary>
    /// Sets a variable that native code sees; <see cref="Environment.SetEnvironmentVariable(string, string?)"/> changes a copy of
    /// the runtime's, which getenv(3) never reads. One that the user has set stays.
    /// </summary>
    public static void SetNativeVariable(string name, string value) => Check(setenv(name, value, 0), "setenv");

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
