using System.Runtime.InteropServices;

namespace VhostUser.Interop;

/// <summary>struct sigaction as the C library has it on 64-bit Linux.</summary>
[StructLayout(LayoutKind.Explicit, Size = 152)]
internal struct sigaction_t
{
    [FieldOffset(0)] public nint sa_sigaction;
    [FieldOffset(136)] public int sa_flags;
}

internal static unsafe partial class Libc
{
    public const int SIGBUS = 7;
    public const int SA_SIGINFO = 4;

    public static sigaction_t GetSignalAction(int signal)
    {
        sigaction_t old = default;
        Check(sigaction(signal, null, &old), "sigaction");
        return old;
    }

    public static void SetSignalAction(int signal, sigaction_t action) => Check(sigaction(signal, &action, null), "sigaction");

    [LibraryImport(Library, SetLastError = true)]
    private static partial int sigaction(int signal, sigaction_t* action, sigaction_t* old);
}
