using System.Diagnostics;
using VhostUser.Devices.Net;
using VhostUser.Devices.Net.Capturing;
using VhostUser.Packets;
using VhostUser.Packets.Pcap;

namespace VhostUser.Endpoints;

/// <summary>The capture's thread: packets from the endpoints' buffers to the file, in the order of their time.</summary>
public sealed unsafe partial class VhostCapture
{
    // A packet is held back this long, for an older one may be on its way from another endpoint.
    private static readonly long s_hold = Stopwatch.Frequency / 500;

    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_longest = TimeSpan.FromMilliseconds(5);

    private readonly Dictionary<(byte Flags, byte Gso, ushort Size, ushort Start, ushort Offset), string> _comments = [];
    private long _total;

    private void Run()
    {
        CaptureState last = CaptureState.Faulted;
        try
        {
            last = Write();
            Detach();
            _files.Close();
        }
        catch (VhostException error)
        {
            _fault = error;
            last = CaptureState.Faulted;
        }
        catch (Exception error)
        {
            // A thread that throws would take the shell with it: the failure becomes the capture's state.
            _fault = new VhostException(VhostError.CaptureFailed, $"Capture '{Name}' ended: {Path} can't be written: {error.Message}", Name, "Look at the room that is left in its file system (df).", error);
            last = CaptureState.Faulted;
        }
        finally
        {
            Detach();
            _files.Dispose();
            _end = Stopwatch.GetTimestamp();
        }
        try
        {
            SetState(last);
        }
        catch (Exception error)
        {
            // What a handler of the event throws must not end the process either.
            _fault ??= new VhostException(VhostError.ScriptFailed, $"Capture '{Name}': a handler of StateChanged failed: {error.Message}", Name, "Look at the handler.", error);
        }
    }

    /// <summary>Writes until the capture is stopped or a limit is reached.</summary>
    private CaptureState Write()
    {
        TimeSpan wait = s_shortest;
        while (true)
        {
            bool stopping = _stop.IsSet; // looked at first: what was captured before is written yet
            if (_options.Duration is TimeSpan duration && Stopwatch.GetElapsedTime(_start) >= duration) return Finish();
            bool wrote = false;
            while (TakeOldest(stopping ? long.MaxValue : CapturePoint.Now() - s_hold, out int from) is var record && record != null)
            {
                if (!TryWrite(from, record)) return CaptureState.Finished;
                wrote = true;
                if (_options.Count > 0 && _total >= _options.Count) return CaptureState.Finished;
            }
            if (stopping) return CaptureState.Stopped;
            if (wrote)
            {
                wait = s_shortest;
                continue;
            }
            _files.Flush();
            _stop.Wait(wait);
            wait = wait * 2 < s_longest ? wait * 2 : s_longest;
        }
    }

    /// <summary>The time is over: what came within it is written.</summary>
    private CaptureState Finish()
    {
        Detach();
        while (TakeOldest(long.MaxValue, out int from) is var record && record != null)
        {
            if (!TryWrite(from, record) || _options.Count > 0 && _total >= _options.Count) break;
        }
        return CaptureState.Finished;
    }

    /// <summary>The oldest record of all endpoints if it is not newer than the time given, else null.</summary>
    private CaptureRecord* TakeOldest(long until, out int from)
    {
        CaptureRecord* oldest = null;
        from = 0;
        for (int i = 0; i < _points.Length; i++)
        {
            CaptureRecord* record = _points[i].Peek();
            if (record == null || record->Time > until || oldest != null && record->Time >= oldest->Time) continue;
            oldest = record;
            from = i;
        }
        return oldest;
    }

    private bool TryWrite(int from, CaptureRecord* record)
    {
        CapturePoint point = _points[from];
        bool written = _files.TryWrite(new CapturedPacket
        {
            Interface = from,
            Time = _epoch + ToNanoseconds(record->Time),
            Data = point.BytesOf(record),
            Length = record->Length,
            Flags = FlagsOf(record),
            Queue = record->Queue,
            DropCount = record->Dropped,
            Comment = CommentOf(record),
        });
        point.Release(record);
        if (!written) return false;
        Volatile.Write(ref _written[from], _written[from] + 1);
        _total++;
        return true;
    }

    private static CaptureFlags FlagsOf(CaptureRecord* record) =>
        (record->Outbound != 0 ? CaptureFlags.Outbound : CaptureFlags.Inbound)
        | ((record->Flags & NetHeader.NeedsCsum) != 0 ? CaptureFlags.ChecksumNotReady : 0)
        | ((record->Flags & NetHeader.DataValid) != 0 ? CaptureFlags.ChecksumValid : 0)
        | (record->GsoType != 0 ? CaptureFlags.SegmentationOffload : 0);

    /// <summary>What is to know of a packet whose checksum or cutting is left to whoever gets it; null for one that is complete.</summary>
    private string? CommentOf(CaptureRecord* record)
    {
        if ((record->Flags & NetHeader.NeedsCsum) == 0 && record->GsoType == 0) return null;
        (byte, byte, ushort, ushort, ushort) key = (record->Flags, record->GsoType, record->GsoSize, record->ChecksumStart, record->ChecksumOffset);
        if (_comments.TryGetValue(key, out string? comment)) return comment;
        string checksum = (record->Flags & NetHeader.NeedsCsum) == 0 ? ""
            : $"checksum not complete: left to the receiver (virtio-net NEEDS_CSUM, at byte {record->ChecksumStart + record->ChecksumOffset}, over what begins at {record->ChecksumStart})";
        string cutting = record->GsoType == 0 ? "" : $"to be cut into pieces of {record->GsoSize} bytes ({NetHeaderInfo.DescribeGso(record->GsoType)})";
        comment = checksum.Length > 0 && cutting.Length > 0 ? $"{checksum}; {cutting}" : checksum + cutting;
        // A peer chooses these numbers: what is kept of them has a bound.
        if (_comments.Count < 1024) _comments[key] = comment;
        return comment;
    }

    private void WriteStatistics(PcapngWriter writer)
    {
        long now = _epoch + ToNanoseconds(Stopwatch.GetTimestamp());
        for (int i = 0; i < _points.Length; i++)
            writer.WriteStatistics(i, _epoch + ToNanoseconds(_start), now, _points[i].Seen, _points[i].Dropped, _written[i]);
    }
}
