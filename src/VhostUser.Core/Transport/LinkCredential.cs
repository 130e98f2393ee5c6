using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace VhostUser.Transport;

/// <summary>By what the two ends of a link know each other: a key that both have, or a certificate of each.</summary>
public sealed class LinkCredential
{
    /// <summary>Bytes of a key.</summary>
    public const int KeySize = 32;

    private LinkCredential(byte[]? key, X509Certificate2? certificate, string? peer)
    {
        Key = key;
        Certificate = certificate;
        PeerFingerprint = peer;
    }

    /// <summary>"Key" or "Certificate".</summary>
    public string Kind => Key is null ? "Certificate" : "Key";

    internal byte[]? Key { get; }

    internal X509Certificate2? Certificate { get; }

    /// <summary>SHA-256 of the certificate that the other end must show, in hexadecimal digits.</summary>
    internal string? PeerFingerprint { get; }

    /// <summary>A key that both ends have.</summary>
    /// <exception cref="VhostException">InvalidArgument: it has not 32 bytes.</exception>
    public static LinkCredential FromKey(ReadOnlySpan<byte> key) => key.Length == KeySize ? new LinkCredential(key.ToArray(), null, null)
        : throw new VhostException(VhostError.InvalidArgument, $"The key has {key.Length} bytes; expected {KeySize}.", "Credential", "New-IbKey makes one; a password is too easily guessed.");

    /// <summary>A key as New-IbKey writes it: 44 characters of Base64.</summary>
    /// <exception cref="VhostException">InvalidArgument.</exception>
    public static LinkCredential FromText(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Span<byte> bytes = stackalloc byte[KeySize + 3];
        if (!Convert.TryFromBase64String(key.Trim(), bytes, out int length))
            throw new VhostException(VhostError.InvalidArgument, $"The key is not the Base64 text of {KeySize} bytes.", "Credential", "New-IbKey makes one; a password is too easily guessed.");
        return FromKey(bytes[..length]);
    }

    /// <summary>A certificate with its private key, and the fingerprint (SHA-256) of the other end's; null when both have the same.</summary>
    /// <exception cref="VhostException">InvalidArgument: it has no private key, or the fingerprint is none.</exception>
    public static LinkCredential FromCertificate(X509Certificate2 certificate, string? peerFingerprint)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        if (!certificate.HasPrivateKey)
            throw new VhostException(VhostError.InvalidArgument, $"Certificate '{certificate.Subject}' has no private key.", "Credential", "Load it with its key: [X509Certificate2]::CreateFromPemFile(cert, key).");
        string peer = (peerFingerprint ?? certificate.GetCertHashString(HashAlgorithmName.SHA256)).Replace(":", "", StringComparison.Ordinal);
        if (peer.Length != 64 || !peer.All(char.IsAsciiHexDigit))
            throw new VhostException(VhostError.InvalidArgument, "The fingerprint of the other end's certificate is not 64 hexadecimal digits (SHA-256).", "PeerFingerprint", "$certificate.GetCertHashString('SHA256') tells it.");
        return new LinkCredential(null, certificate, peer.ToUpperInvariant());
    }

    /// <summary>A new random key.</summary>
    public static byte[] CreateKey() => RandomNumberGenerator.GetBytes(KeySize);

    /// <inheritdoc/>
    public override string ToString() => Kind;
}
