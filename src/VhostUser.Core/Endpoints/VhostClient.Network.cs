using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>Requests to the back-end while rings run.</summary>
public sealed partial class VhostClient
{
    /// <summary>Sends requests under the lock. A refusal leaves the session as it is; anything else that goes wrong ends it.</summary>
    private void Ask(Action requests)
    {
        lock (_gate)
        {
            NoticePeer();
            Demand();
            try
            {
                requests();
            }
            catch (VhostException error) when (!LeavesSession(error.Error))
            {
                throw Fail(error);
            }
            catch (OperationCanceledException)
            {
                // A reply may be on its way that nobody will wait for: the stream of messages is lost.
                Fail(new VhostException(VhostError.PeerTimeout, $"Client '{Name}' was stopped while it waited for a reply.", Name, "Connect it again."));
                throw;
            }
        }
    }

    /// <summary>Asks the back-end to announce a guest to the network, as after a migration.</summary>
    /// <exception cref="VhostException">FeatureMissing (RARP), or RequestRefused.</exception>
    public void SendRarp(Packets.MacAddress guest, CancellationToken cancel = default) => Ask(() =>
    {
        DemandProtocol(ProtocolFeatures.Rarp);
        byte[] payload = new byte[8];
        guest.CopyTo(payload);
        _frontEnd!.SetBytes(FrontEndRequest.SendRarp, payload, cancel);
    });

    /// <summary>Tells the back-end the largest packet behind an Ethernet header, in bytes.</summary>
    /// <exception cref="VhostException">FeatureMissing (MTU), or RequestRefused.</exception>
    public void SetMtu(int mtu, CancellationToken cancel = default) => Ask(() =>
    {
        DemandProtocol(ProtocolFeatures.Mtu);
        _frontEnd!.Set(FrontEndRequest.NetSetMtu, (ulong)mtu, cancel);
    });

    /// <summary>Reads a range of the device's configuration space, 1 to 256 bytes.</summary>
    /// <exception cref="VhostException">FeatureMissing (CONFIG), or RequestRefused.</exception>
    public byte[] GetConfig(uint offset, uint size, CancellationToken cancel = default)
    {
        if (size is 0 or > MessageTable.MaxConfig) throw new VhostException(VhostError.InvalidArgument, $"GET_CONFIG of {size} bytes; expected 1 to {MessageTable.MaxConfig}.", Name, "Read it in parts.");
        byte[] config = [];
        Ask(() =>
        {
            DemandProtocol(ProtocolFeatures.Config);
            config = _frontEnd!.GetConfig(offset, size, cancel);
        });
        return config;
    }

    private void DemandProtocol(ProtocolFeatures feature)
    {
        if ((_handshake!.ProtocolFeatures & feature) == 0)
            throw new VhostException(VhostError.FeatureMissing, $"The back-end does not offer the protocol feature {feature}.", "GET_PROTOCOL_FEATURES", "Leave the request out, or let the back-end offer it.");
    }

    private static bool LeavesSession(VhostError error) =>
        error is VhostError.RequestRefused or VhostError.RequestOutOfOrder or VhostError.FeatureMissing or VhostError.InvalidArgument or VhostError.RegionInUse
        or VhostError.StateInvalid or VhostError.MemoryRegionInvalid;
}
