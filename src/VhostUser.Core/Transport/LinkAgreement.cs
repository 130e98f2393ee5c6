using System.Buffers.Binary;

namespace VhostUser.Transport;

/// <summary>What the listening end decided, from both hellos; it goes to the connecting end once that has proven itself.</summary>
internal sealed record LinkAgreement
{
    private const int Head = 4 + 1 + 1 + 1 + 1 + 2 + FabricEngine.TokenSize + 2;

    public required uint Session { get; init; }

    public required LinkProvider Provider { get; init; }

    public required LinkMode Mode { get; init; }

    public required bool Encrypt { get; init; }

    /// <summary>Queue pairs: as many as the end with fewer has.</summary>
    public required int Pairs { get; init; }

    /// <summary>Shown once, when the fabric's connection is made.</summary>
    public required byte[] Token { get; init; }

    /// <summary>Where the fabric of the listening end is.</summary>
    public required byte[] Address { get; init; }

    public byte[] ToBytes()
    {
        var bytes = new byte[Head + Address.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Session);
        bytes[4] = (byte)Provider;
        bytes[5] = (byte)Mode;
        bytes[6] = Encrypt ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), (ushort)Pairs);
        Token.CopyTo(bytes, 10);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(10 + FabricEngine.TokenSize), (ushort)Address.Length);
        Address.CopyTo(bytes, Head);
        return bytes;
    }

    /// <summary>Reads what the listening end sent; null when it is no agreement.</summary>
    public static LinkAgreement? TryRead(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Head || bytes.Length != Head + BinaryPrimitives.ReadUInt16LittleEndian(bytes[(10 + FabricEngine.TokenSize)..])) return null;
        var provider = (LinkProvider)bytes[4];
        int pairs = BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]);
        if (provider is < LinkProvider.Verbs or > LinkProvider.Shm || (LinkMode)bytes[5] is not (LinkMode.Bundle or LinkMode.Direct) || bytes[6] > 1 || bytes[7] != 0 || pairs is < 1 or > LinkHello.MaxPairs) return null;
        return new LinkAgreement
        {
            Session = BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            Provider = provider,
            Mode = (LinkMode)bytes[5],
            Encrypt = bytes[6] == 1,
            Pairs = pairs,
            Token = bytes.Slice(10, FabricEngine.TokenSize).ToArray(),
            Address = bytes[Head..].ToArray(),
        };
    }

    /// <summary>Decides; null with the reason when the two ends do not go together.</summary>
    public static LinkAgreement? Decide(LinkHello own, LinkHello peer, out string reason)
    {
        reason = "";
        LinkProvider provider = Choose(own, peer, out reason);
        if (provider == LinkProvider.Auto) return null;
        LinkMode mode = own.Mode == LinkMode.Direct || peer.Mode == LinkMode.Direct ? LinkMode.Direct
            : own.Mode == LinkMode.Auto && peer.Mode == LinkMode.Auto && provider == LinkProvider.Verbs && WhyNotDirect(own, peer) is null ? LinkMode.Direct : LinkMode.Bundle;
        if (mode == LinkMode.Direct && (own.Mode == LinkMode.Bundle || peer.Mode == LinkMode.Bundle)) reason = "one end asks for -Mode Direct and the other for -Mode Bundle";
        else if (mode == LinkMode.Direct && WhyNotDirect(own, peer) is string why) reason = why;
        else if (mode == LinkMode.Direct && provider is LinkProvider.Shm or LinkProvider.Efa) reason = $"-Mode Direct does not go over {provider}";
        if (reason.Length > 0) return null;
        return new LinkAgreement
        {
            Session = 0,
            Provider = provider,
            Mode = mode,
            Encrypt = own.Encrypt || peer.Encrypt,
            Pairs = Math.Min(own.Pairs, peer.Pairs),
            Token = [],
            Address = [],
        };
    }

    private static string? WhyNotDirect(LinkHello own, LinkHello peer)
    {
        if (own.Encrypt || peer.Encrypt) return "-Mode Direct can't encrypt: nothing here touches its packets";
        if (!own.DirectReady || !peer.DirectReady) return $"-Mode Direct waits for the guest of the {(own.DirectReady ? "connecting" : "listening")} end to start its rings";
        if (own.HeaderLength != peer.HeaderLength) return $"-Mode Direct needs virtio-net headers of one length; the guests' have {own.HeaderLength} and {peer.HeaderLength} bytes";
        return null;
    }

    private static LinkProvider Choose(LinkHello own, LinkHello peer, out string reason)
    {
        reason = "";
        int both = own.Providers & peer.Providers;
        if (own.Host != peer.Host) both &= ~(1 << (int)LinkProvider.Shm);
        foreach (LinkProvider provider in (LinkProvider[])[LinkProvider.Verbs, LinkProvider.Efa, LinkProvider.Tcp, LinkProvider.Shm])
        {
            if ((both & 1 << (int)provider) != 0) return provider;
        }
        reason = $"the ends have no provider in common: the listening end offers {Names(own.Providers)}, the connecting end {Names(peer.Providers)}"
            + ((own.Providers & peer.Providers) != 0 ? ", and Shm reaches this host only" : "");
        return LinkProvider.Auto;
    }

    private static string Names(int providers) =>
        string.Join(", ", Enum.GetValues<LinkProvider>().Where(provider => provider != LinkProvider.Auto && (providers & 1 << (int)provider) != 0));
}
