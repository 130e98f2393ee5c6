using System.Security.Cryptography;

namespace VhostUser.Transport;

/// <summary>
/// What both ends say before a session: hello, hello with proof, proof, agreement. Neither tells the other anything of use before the
/// other has proven that it has the key: where the fabric is and the token for it come last.
/// </summary>
internal static class LinkHandshake
{
    /// <summary>Without a credential both ends have this key: it proves nothing, and spares a second way through the code.</summary>
    private static readonly byte[] s_noKey = new byte[LinkCredential.KeySize];

    /// <summary>What came of it.</summary>
    internal sealed record Result(LinkHello Peer, LinkAgreement Agreement, LinkSecrets Secrets);

    /// <summary>The connecting end's part, up to the agreement.</summary>
    /// <exception cref="VhostException">LinkUnauthorized, LinkRefused, LinkInvalid or PeerDisconnected.</exception>
    public static async Task<Result> ConnectAsync(ControlStream control, LinkHello own, byte[]? key, CancellationToken cancel)
    {
        byte[] hello = own.ToBytes();
        await control.SendAsync(ControlMessage.Hello, hello, cancel).ConfigureAwait(false);
        byte[] reply = await control.ExpectAsync(ControlMessage.Hello, cancel).ConfigureAwait(false);
        if (reply.Length < LinkSecrets.ProofSize) throw Unauthorized("listening");
        byte[] theirs = reply[..^LinkSecrets.ProofSize];
        var secrets = new LinkSecrets(key ?? s_noKey, hello, theirs);
        if (!CryptographicOperations.FixedTimeEquals(secrets.ListenerProof, reply.AsSpan(theirs.Length))) throw Unauthorized("listening");
        LinkHello peer = ReadHello(theirs);
        await control.SendAsync(ControlMessage.Proof, secrets.ConnectorProof, cancel).ConfigureAwait(false);
        control.Protect(secrets.ControlKey);
        LinkAgreement agreement = LinkAgreement.TryRead(await control.ExpectAsync(ControlMessage.Agreement, cancel).ConfigureAwait(false))
            ?? throw new VhostException(VhostError.LinkInvalid, "The other end's agreement can't be read.", "control channel", "Use the same version of this module at both ends.");
        if (agreement.Pairs > own.Pairs || (own.Providers & 1 << (int)agreement.Provider) == 0 || own.Encrypt && !agreement.Encrypt)
            throw new VhostException(VhostError.LinkInvalid, $"The other end decided for {agreement.Pairs} queue pairs over {agreement.Provider}{(agreement.Encrypt ? "" : " in clear")}, which this end did not offer.", "control channel",
                "Use the same version of this module at both ends.");
        return new Result(peer, agreement, secrets);
    }

    /// <summary>The listening end's part, up to where it knows who is there and what both want; the caller then opens the fabric and sends the agreement.</summary>
    /// <exception cref="VhostException">LinkUnauthorized, LinkRefused, LinkInvalid or PeerDisconnected.</exception>
    public static async Task<Result> AcceptAsync(ControlStream control, LinkHello own, byte[]? key, CancellationToken cancel)
    {
        byte[] theirs = await control.ExpectAsync(ControlMessage.Hello, cancel).ConfigureAwait(false);
        LinkHello peer = ReadHello(theirs);
        byte[] hello = own.ToBytes();
        var secrets = new LinkSecrets(key ?? s_noKey, theirs, hello);
        await control.SendAsync(ControlMessage.Hello, (byte[])[.. hello, .. secrets.ListenerProof], cancel).ConfigureAwait(false);
        byte[] proof = await control.ExpectAsync(ControlMessage.Proof, cancel).ConfigureAwait(false);
        if (!CryptographicOperations.FixedTimeEquals(secrets.ConnectorProof, proof)) throw Unauthorized("connecting");
        control.Protect(secrets.ControlKey);
        if (LinkAgreement.Decide(own, peer, out string reason) is LinkAgreement agreement) return new Result(peer, agreement, secrets);
        await control.RefuseAsync(reason + ".", cancel).ConfigureAwait(false);
        throw new VhostException(VhostError.LinkRefused, $"The connecting end was refused: {reason}.", "control channel", "Change it at one of the two ends.");
    }

    private static LinkHello ReadHello(byte[] bytes) => LinkHello.TryRead(bytes, out string reason)
        ?? throw new VhostException(VhostError.LinkInvalid, $"The other end's hello can't be read: {reason}.", "control channel", "Use the same version of this module at both ends.");

    private static VhostException Unauthorized(string end) => new(VhostError.LinkUnauthorized, $"The {end} end has another key than this one, or none.", "control channel",
        "Give both ends the same -Credential: make it once with New-IbKey, and take it to the other host by a safe way.");
}
