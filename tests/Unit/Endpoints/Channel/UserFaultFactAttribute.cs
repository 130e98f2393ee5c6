using VhostUser.Interop;
using Xunit;

namespace VhostUser.Tests.Endpoints.Channel;

/// <summary>Runs where the kernel grants a userfaultfd, and says why elsewhere.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UserFaultFactAttribute : FactAttribute
{
    public UserFaultFactAttribute()
    {
        try
        {
            Libc.UserFaultFd().Dispose();
        }
        catch (LinuxException error)
        {
            Skip = $"the kernel grants no userfaultfd: {error.Message}";
        }
    }
}
