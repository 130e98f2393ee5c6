using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;

namespace VhostUser.Transport;

/// <summary>TLS 1.3 around the control channel, with a certificate at each end that the other has pinned: no authority is asked.</summary>
internal static class ControlSecurity
{
    /// <exception cref="VhostException">LinkUnauthorized.</exception>
    public static async Task<Stream> ProtectAsync(Stream stream, LinkCredential? credential, bool isListener, CancellationToken cancel)
    {
        if (credential?.Certificate is null) return stream;
        bool Pinned(object sender, System.Security.Cryptography.X509Certificates.X509Certificate? certificate, object? chain, SslPolicyErrors errors) =>
            certificate?.GetCertHashString(HashAlgorithmName.SHA256) == credential.PeerFingerprint;
        var tls = new SslStream(stream, leaveInnerStreamOpen: false, Pinned);
        try
        {
            if (isListener)
            {
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
                {
                    ServerCertificate = credential.Certificate,
                    ClientCertificateRequired = true,
                    EnabledSslProtocols = SslProtocols.Tls13,
                    CertificateRevocationCheckMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck,
                }, cancel).ConfigureAwait(false);
            }
            else
            {
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
                {
                    TargetHost = "VhostUser link",
                    ClientCertificates = [credential.Certificate],
                    EnabledSslProtocols = SslProtocols.Tls13,
                    CertificateRevocationCheckMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck,
                }, cancel).ConfigureAwait(false);
            }
            return tls;
        }
        catch (AuthenticationException error)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw new VhostException(VhostError.LinkUnauthorized, $"TLS with the other end failed: {error.Message}", "control channel",
                "Each end needs the fingerprint of the other's certificate: -PeerFingerprint.", error);
        }
    }
}
