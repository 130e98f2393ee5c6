namespace VhostUser.Interop.Fabric;

/// <summary>A function of libfabric failed: the error number is that of fi_errno(3), which begins with those of errno(3).</summary>
internal sealed class FabricException(string function, int number, string text)
    : VhostException(VhostError.FabricFailed, $"{function} failed: {text} (error {number}).", function, ActionFor(number))
{
    private static string ActionFor(int number) => number switch
    {
        Errno.ENOMEM or Errno.EAGAIN => "Memory that a device reads must stay locked: raise the limit (ulimit -l unlimited, or LimitMEMLOCK= of a service), or give the process CAP_IPC_LOCK.",
        Errno.EADDRNOTAVAIL => "Give an address of this host's interface to the fabric; ip address lists them.",
        Errno.EACCES or Errno.EPERM => "This user may not open the device; look at the permissions of /dev/infiniband.",
        _ => "fi_info shows what libfabric can use on this machine; FI_LOG_LEVEL=warn in the environment makes it say more.",
    };
}
