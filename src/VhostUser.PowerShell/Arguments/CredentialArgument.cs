using System.Management.Automation;
using System.Net;
using System.Security;
using System.Security.Cryptography.X509Certificates;
using VhostUser.Transport;

namespace VhostUser.Arguments;

/// <summary>What the ends of a link know each other by: a key as text, secure text, bytes or the password of a credential, or a certificate.</summary>
public sealed class CredentialArgument
{
    private readonly Func<string?, LinkCredential> _make;

    /// <summary>A key as New-IbKey writes it.</summary>
    public CredentialArgument(string key) => _make = _ => LinkCredential.FromText(key);

    /// <summary>The same as secure text.</summary>
    public CredentialArgument(SecureString key) => _make = _ => LinkCredential.FromText(new NetworkCredential("", key).Password);

    /// <summary>The same as the password of a credential, whose user name does not matter.</summary>
    public CredentialArgument(PSCredential credential) : this(credential?.Password ?? throw new ArgumentNullException(nameof(credential))) { }

    /// <summary>The 32 bytes of a key.</summary>
    public CredentialArgument(byte[] key) => _make = _ => LinkCredential.FromKey(key);

    /// <summary>A certificate with its private key.</summary>
    public CredentialArgument(X509Certificate2 certificate) => _make = peer => LinkCredential.FromCertificate(certificate, peer);

    /// <summary>Makes the credential.</summary>
    /// <param name="peerFingerprint">Of the other end's certificate.</param>
    /// <exception cref="VhostException">InvalidArgument.</exception>
    internal LinkCredential Make(string? peerFingerprint) => _make(peerFingerprint);

    /// <summary>Tells nothing: it is a secret.</summary>
    public override string ToString() => "(credential)";
}
