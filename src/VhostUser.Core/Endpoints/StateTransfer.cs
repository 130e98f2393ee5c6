using System.Diagnostics;
using VhostUser.Interop;

namespace VhostUser.Endpoints;

/// <summary>Moves a device's state through a descriptor, a pipe as a rule; in slices, so that a peer that stops can be given up.</summary>
internal static unsafe class StateTransfer
{
    /// <summary>The largest state that is read: a network device's has a few hundred bytes.</summary>
    public const int MaxState = 1 << 20;

    private const int Slice = 100; // milliseconds

    /// <summary>Writes all bytes; false when the reader went away or took too long.</summary>
    public static bool TryWrite(int fd, ReadOnlySpan<byte> state, TimeSpan timeout, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        int done = 0;
        while (done < state.Length)
        {
            if (!Wait(fd, Libc.POLLOUT, start, timeout, cancel)) return false;
            fixed (byte* p = state[done..])
            {
                long written = Libc.Write(fd, p, (nuint)(state.Length - done));
                if (written == -Errno.EAGAIN) continue;
                if (written <= 0) return false;
                done += (int)written;
            }
        }
        return true;
    }

    /// <summary>Reads until the writer closes; null when it took too long, failed, or sent more than <see cref="MaxState"/>.</summary>
    public static byte[]? TryRead(int fd, TimeSpan timeout, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        using var state = new MemoryStream();
        byte[] buffer = new byte[16384];
        while (state.Length <= MaxState)
        {
            if (!Wait(fd, Libc.POLLIN, start, timeout, cancel)) return null;
            long read;
            fixed (byte* p = buffer) read = Libc.Read(fd, p, (nuint)buffer.Length);
            if (read == -Errno.EAGAIN) continue;
            if (read < 0) return null;
            if (read == 0) return state.ToArray();
            state.Write(buffer, 0, (int)read);
        }
        return null;
    }

    private static bool Wait(int fd, short events, long start, TimeSpan timeout, CancellationToken cancel)
    {
        Span<pollfd> poll = [new pollfd { fd = fd, events = events }];
        // Looked at before every wait: a peer that gives a byte at a time is never silent for a slice.
        while (!cancel.IsCancellationRequested && Stopwatch.GetElapsedTime(start) <= timeout)
        {
            if (Libc.Poll(poll, Slice) != 0) return true;
        }
        return false;
    }
}
