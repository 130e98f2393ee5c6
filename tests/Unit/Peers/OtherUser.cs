using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace VhostUser.Tests.Peers;

/// <summary>Looks at files as a user without privileges, even when the tests run as root.</summary>
internal static partial class OtherUser
{
    private const uint Nobody = 65534;

    /// <summary>Runs the action on a thread whose file accesses are those of "nobody" if this user is root.</summary>
    public static void Run(Action action)
    {
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            // The thread's own id for file access (setfsuid(2)); root's rights over files go with it.
            if (geteuid() == 0) setfsuid(Nobody);
            try
            {
                action();
            }
            catch (Exception error)
            {
                failure = ExceptionDispatchInfo.Capture(error);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc")]
    private static partial int setfsuid(uint user);
}
