using System.Diagnostics;
using VhostUser.Devices.Net;
using VhostUser.Devices.Net.Offloads;
using VhostUser.Packets;
using VhostUser.Packets.Pcap;

namespace VhostUser.Endpoints;

/// <summary>Captures, sent again.</summary>
public sealed partial class VhostClient
{
    private const double Nanosecond = 1e-9;

    /// <summary>Sends the packets of a capture.</summary>
    /// <param name="options">Which, when, how often.</param>
    /// <param name="pace">Says when packets are due, unless their recorded time does.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <param name="progress">Told how many were sent, five times a second at most; null to tell nobody.</param>
    /// <exception cref="VhostException">CaptureInvalid; RingFull, PacketTooLarge, RingIndexInvalid, PeerDisconnected …</exception>
    public ReplayResult Replay(ReplayOptions options, SendPace pace, CancellationToken cancel, Action<long>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(pace);
        NoticeNow();
        var run = new ReplayRun(this, options, pace, cancel, progress);
        for (long round = 0; round < options.Count; round++) run.SendFile();
        return run.Result;
    }

    /// <summary>One burst of different frames without waiting; returns how many fitted, and left no more than so many in flight.</summary>
    internal int SendBurst(NetTransmitter transmitter, FrameBatch batch, int from, int count, int maxInFlight = int.MaxValue)
    {
        lock (_gate)
        {
            if (IsAway) return 0;
            Demand();
            try
            {
                Reclaim(transmitter);
                int sent = 0;
                while (sent < count && transmitter.Ring.Queue.InFlight < maxInFlight && transmitter.TrySend(batch[from + sent])) sent++;
                if (sent > 0) transmitter.Flush();
                return sent;
            }
            catch (VhostException error)
            {
                throw Fail(error);
            }
        }
    }

    /// <summary>The state of one replay: packets are gathered to bursts as long as they are due together.</summary>
    private sealed class ReplayRun(VhostClient client, ReplayOptions options, SendPace pace, CancellationToken cancel, Action<long>? progress)
    {
        private readonly NetTransmitter _transmitter = client.TransmitterOf(options.Queue);
        private readonly FrameBatch _batch = new(BurstSize);
        private readonly Dictionary<int, bool> _meant = []; // by interface
        private long _sent;
        private long _truncated;
        private long _skipped;
        private long _told = Stopwatch.GetTimestamp();

        public ReplayResult Result => new() { Sent = _sent, Truncated = _truncated, Skipped = _skipped };

        public void SendFile()
        {
            using CaptureReader reader = CaptureReader.Open(options.Path);
            long start = Stopwatch.GetTimestamp();
            long? first = null;
            while (reader.TryRead(out CapturedPacket packet))
            {
                cancel.ThrowIfCancellationRequested();
                CaptureInterface from = reader.Interfaces[packet.Interface];
                if (packet.Data.IsEmpty || !IsMeant(packet.Interface, from))
                {
                    _skipped++;
                    continue;
                }
                Check(packet, from);
                if (options.Timing == ReplayTiming.Recorded)
                {
                    // From the first packet on, so that the waits add up to the recorded time whatever each of them costs.
                    double due = (packet.Time - (first ??= packet.Time)) * Nanosecond / options.Speed;
                    if (due > Stopwatch.GetElapsedTime(start).TotalSeconds)
                    {
                        Flush();
                        SendPace.WaitUntil(start, due, cancel);
                    }
                }
                Add(packet);
                if (_batch.IsFull) Flush();
            }
            Flush();
        }

        private bool IsMeant(int number, CaptureInterface from)
        {
            if (options.Interface is null) return true;
            if (!_meant.TryGetValue(number, out bool meant)) _meant[number] = meant = options.Interface(number, from.Name);
            return meant;
        }

        private void Check(in CapturedPacket packet, CaptureInterface from)
        {
            if (from.LinkType != Pcapng.Ethernet)
                throw new VhostException(VhostError.CaptureInvalid, $"Capture '{options.Path}': interface {packet.Interface} ({from.Name ?? "no name"}) has link type {from.LinkType}; Ethernet (1) is what can be sent.",
                    options.Path, "Leave its packets out with -Interface.");
            if (packet.Data.Length > _transmitter.MaxPacket)
                throw new VhostException(VhostError.PacketTooLarge, $"Client '{client.Name}': packet {_sent + _batch.Count + _skipped + 1} of '{options.Path}' has {packet.Data.Length} bytes; ring {options.Queue} takes 1 to {_transmitter.MaxPacket}.",
                    client.Name, "Give the client larger buffers (-BufferSize) or a longer ring.");
        }

        private void Add(in CapturedPacket packet)
        {
            Span<byte> frame = _batch.Add(packet.Data.Span);
            if (packet.Length > packet.Data.Length) _truncated++;
            // The field holds the pseudo header's sum: whoever was to complete it is not there any more.
            else if ((packet.Flags & CaptureFlags.ChecksumNotReady) != 0 && FrameOffsets.TryFind(frame, out FrameOffsets offsets))
                InternetChecksum.Complete(frame, offsets.Transport, offsets.Protocol == FrameOffsets.Tcp ? 16 : 6);
        }

        private void Flush()
        {
            long waiting = 0;
            for (int done = 0; done < _batch.Count;)
            {
                cancel.ThrowIfCancellationRequested();
                int allowed = pace.Wait(_batch.Count - done, cancel);
                int went = client.SendBurst(_transmitter, _batch, done, allowed);
                pace.Add(went);
                done += went;
                _sent += went;
                if (went > 0) waiting = 0;
                else if (!client.TryAwaitRoom(_transmitter, ref waiting, options.Timeout, cancel)) throw client.Full(options.Queue, _sent, _sent + _batch.Count - done, options.Timeout);
            }
            _batch.Clear();
            if (progress is null || Stopwatch.GetElapsedTime(_told) < ProgressInterval) return;
            _told = Stopwatch.GetTimestamp();
            progress(_sent);
        }
    }
}
