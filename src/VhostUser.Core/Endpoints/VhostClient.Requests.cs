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

    private static bool LeavesSession(VhostError error) =>
        error is VhostError.RequestRefused or VhostError.RequestOutOfOrder or VhostError.FeatureMissing or VhostError.InvalidArgument or VhostError.RegionInUse;
}
