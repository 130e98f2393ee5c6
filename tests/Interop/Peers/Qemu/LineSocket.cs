using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>A client of a Unix socket on which lines of text are exchanged, each wait bounded.</summary>
internal sealed class LineSocket : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<byte> _read = [];

    private LineSocket()
    {
    }

    /// <summary>Connects, again and again until somebody listens.</summary>
    public static LineSocket Connect(string path, PeerProgram owner, TimeSpan bound)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            LineSocket line = new();
            try
            {
                line._socket.Connect(new UnixDomainSocketEndPoint(path));
                return line;
            }
            catch (SocketException)
            {
                line.Dispose();
                if (owner.WaitForExit(TimeSpan.Zero)) throw owner.Failure($"ended before it listened on {path}");
                if (Stopwatch.GetElapsedTime(start) > bound) throw owner.Failure($"did not listen on {path} within {bound.TotalSeconds} s");
                Thread.Sleep(20);
            }
        }
    }

    /// <summary>Sends a line.</summary>
    public void Send(string line) => _socket.Send(Encoding.UTF8.GetBytes(line + "\n"));

    /// <summary>Returns the next line without its end, or null when there is none within the time, or no longer a peer.</summary>
    public string? Receive(TimeSpan bound)
    {
        long start = Stopwatch.GetTimestamp();
        byte[] buffer = new byte[4096];
        while (true)
        {
            int end = _read.IndexOf((byte)'\n');
            if (end >= 0)
            {
                string line = Encoding.UTF8.GetString([.. _read.Take(end)]).TrimEnd('\r');
                _read.RemoveRange(0, end + 1);
                return line;
            }
            TimeSpan left = bound - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero || !_socket.Poll(left, SelectMode.SelectRead)) return null;
            int count;
            try
            {
                count = _socket.Receive(buffer);
            }
            catch (SocketException)
            {
                return null;
            }
            if (count == 0) return null;
            _read.AddRange(buffer.AsSpan(0, count));
        }
    }

    /// <summary>Closes the socket.</summary>
    public void Dispose() => _socket.Dispose();
}
