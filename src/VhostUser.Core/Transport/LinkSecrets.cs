using System.Security.Cryptography;

namespace VhostUser.Transport;

/// <summary>What follows from the key and both hellos: proofs, and the keys of a session.</summary>
internal sealed class LinkSecrets(byte[] key, byte[] connectorHello, byte[] listenerHello)
{
    public const int ProofSize = 32;

    private readonly byte[] _transcript = SHA256.HashData([.. connectorHello, .. listenerHello]);

    /// <summary>Authenticates messages of the control channel.</summary>
    public byte[] ControlKey => Derive("control");

    /// <summary>Encrypts the frames that the listening end sends.</summary>
    public byte[] ListenerFrameKey => Derive("frames of the listener");

    /// <summary>Encrypts the frames that the connecting end sends.</summary>
    public byte[] ConnectorFrameKey => Derive("frames of the connector");

    public byte[] ListenerProof => Prove("listener");

    public byte[] ConnectorProof => Prove("connector");

    // Both hellos have a fresh nonce: a proof that was overheard proves nothing the next time.
    private byte[] Prove(string who) => HMACSHA256.HashData(Derive("proof of the " + who), _transcript);

    private byte[] Derive(string purpose) => HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, _transcript, System.Text.Encoding.ASCII.GetBytes("VhostUser link 1: " + purpose));
}
