using System.Management.Automation;
using VhostUser.Transport;

namespace VhostUser.Commands;

/// <summary>Makes a random key for both ends of a link.</summary>
[Cmdlet(VerbsCommon.New, "IbKey")]
[OutputType(typeof(string))]
public sealed class NewIbKeyCommand : VhostCmdlet
{
    /// <summary>Writes 32 random bytes as Base64.</summary>
    protected override void ProcessRecord() => WriteObject(Convert.ToBase64String(LinkCredential.CreateKey()));
}
