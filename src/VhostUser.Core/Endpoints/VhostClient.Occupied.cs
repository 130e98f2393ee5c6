using System.Diagnostics;

namespace VhostUser.Endpoints;

/// <summary>A back-end serves one front-end; most close every other connection without a word, and that is all a second one hears.</summary>
public sealed partial class VhostClient
{
    /// <summary>Connects and shakes hands; with Retry again and again while the back-end closes before its first answer.</summary>
    private void OpenAtFreeServer(CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            Interop.FileDescriptor socket = ClientSocket.Connect(_options, start, cancel);
            try
            {
                Open(socket, cancel);
                return;
            }
            catch (VhostException error) when (error.Error == VhostError.PeerDisconnected && _frontEnd!.Connection.MessagesReceived == 0)
            {
                if (!_options.Retry || Stopwatch.GetElapsedTime(start) > _options.Timeout) throw Occupied(error);
                _frontEnd.Dispose();
                SetState(EndpointState.Connecting);
                ClientSocket.Rest(cancel);
            }
        }
    }

    private VhostException Occupied(VhostException error) => new(VhostError.PeerDisconnected,
        $"The back-end at '{Path}' (pid {_peer!.ProcessId}) closed the connection before its first answer; most do so when another front-end has it.", Name,
        "For a VhostServer look at Get-VhostServer where it runs: Peer has the front-end that is there, LastRefusal tells who was turned away. -Retry waits until it is free.", error);
}
