using System.Diagnostics;
using System.Runtime.CompilerServices;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Transport;

namespace VhostUser.Bench.Link;

/// <summary>Packets in frames, as Bundle mode carries them, with a copy at each end but without guests and rings.</summary>
internal sealed unsafe class BundleEnd(FabricEngine engine, FabricProvider provider) : IDisposable
{
    private const int Packets = 1024;
    private const int Room = 16384;
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);

    private readonly FrameLink _link = new(engine, 1, new ChannelOptions { Session = 1, FillBytes = provider.FillBytes });
    private readonly byte* _packets = Libc.Map(Packets * Room, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS, -1, 0);

    public void Send(int size, TimeSpan time)
    {
        _link.Start();
        FrameChannel channel = _link.Channels[0];
        long start = Stopwatch.GetTimestamp();
        for (long next = 0; _link.Fault is null;)
        {
            byte* to = channel.TryReserve((uint)size, false, out _);
            if (to != null)
            {
                Unsafe.CopyBlockUnaligned(to, _packets + (next++ % Packets) * Room, (uint)size);
                continue;
            }
            _link.Poll();
            if (Stopwatch.GetElapsedTime(start) > time) break;
        }
        while (_link.Fault is null && (!channel.Flush() || channel.Unacknowledged > 0 && Stopwatch.GetElapsedTime(start) < time + Silence)) _link.Poll();
    }

    public Stream Receive()
    {
        _link.Start();
        FrameChannel channel = _link.Channels[0];
        var stream = new Stream();
        ulong received = 0;
        long heard = 0;
        while (heard == 0 || Stopwatch.GetElapsedTime(heard) < Silence)
        {
            _link.Poll();
            if (!channel.HasPacket) continue;
            while (channel.TryPeek(out Segment packet, out _))
            {
                Unsafe.CopyBlockUnaligned(_packets + (long)(received++ % Packets) * Room, packet.Address, packet.Length);
                channel.Advance();
            }
            stream.Count(received);
            heard = Stopwatch.GetTimestamp();
        }
        return stream;
    }

    public void Dispose()
    {
        _link.Dispose();
        Libc.Unmap(_packets, Packets * Room);
    }
}
