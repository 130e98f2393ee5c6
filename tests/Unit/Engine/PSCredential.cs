using System.Security;

namespace System.Management.Automation;

/// <summary>A user name with a password.</summary>
public sealed class PSCredential(string userName, SecureString password)
{
    public string UserName { get; } = userName;

    public SecureString Password { get; } = password;
}
