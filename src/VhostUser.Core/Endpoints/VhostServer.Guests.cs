using VhostUser.Interop;

namespace VhostUser.Endpoints;

/// <summary>Who is let in: the first connection that speaks is the front-end, every other is turned away.</summary>
public sealed partial class VhostServer
{
    private void Welcome(FileDescriptor socket)
    {
        // The front-end that was there may have hung up a moment ago, unnoticed yet: events of one look come in any order.
        if (_session is not null) HandleMessages();
        if (_session is not null)
        {
            TurnAway(socket);
            return;
        }
        try
        {
            BeginSession(socket);
        }
        catch (Exception error)
        {
            socket.Dispose();
            _fault = Explain(error);
            EndSession(_fault);
            return;
        }
        HandleMessages();
    }

    private void TurnAway(FileDescriptor socket)
    {
        _rejected++;
        _refusal = new VhostException(VhostError.ServerOccupied,
            $"A second front-end, {PeerInfo.Of(socket.Number)}, was turned away: {_peer} has been here since {_since:HH:mm:ss}.", Name,
            "Disconnect the one that is there, or start another server.");
        socket.Dispose();
    }
}
