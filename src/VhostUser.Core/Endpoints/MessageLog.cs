using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>
/// What was said on one vhost-user socket, bounded: the first messages, which are the handshake, and the latest ones. Kicks by
/// message are traffic and are left out. Written by whoever sends or receives, read by anyone.
/// </summary>
internal sealed class MessageLog
{
    /// <summary>How many of the first messages are kept.</summary>
    public const int FirstKept = 192;

    /// <summary>How many of the latest messages are kept besides.</summary>
    public const int LatestKept = 64;

    private readonly Lock _lock = new();
    private readonly List<Entry> _entries = [];
    private readonly DateTimeOffset _started = DateTimeOffset.Now;
    private readonly long _start = Stopwatch.GetTimestamp();
    private int _count;

    // The largest payload that is shown in words has 40 bytes (SET_VRING_ADDR).
    [InlineArray(40)]
    private struct Head
    {
        private byte _first;
    }

    private struct Entry
    {
        public int Number;
        public MessageHeader Header;
        public Head Payload;
        public int Fds;
        public long Time;

        public readonly bool IsReply => (Header.Flags & MessageHeader.ReplyFlag) != 0;

        [UnscopedRef]
        public readonly ReadOnlySpan<byte> Bytes => ((ReadOnlySpan<byte>)Payload)[..(int)Math.Min(Header.PayloadSize, 40)];
    }

    /// <summary>Notes a message that was sent or received.</summary>
    public void Add(in MessageHeader header, ReadOnlySpan<byte> payload, int fds)
    {
        if (header.Request == FrontEndRequest.VringKick) return;
        lock (_lock)
        {
            var entry = new Entry { Number = ++_count, Header = header, Fds = fds, Time = Stopwatch.GetTimestamp() };
            payload[..Math.Min(payload.Length, 40)].CopyTo(entry.Payload);
            if (_entries.Count < FirstKept + LatestKept) _entries.Add(entry);
            else _entries[FirstKept + (_count - 1 - FirstKept) % LatestKept] = entry;
        }
    }

    /// <summary>The requests in their order, each with its reply.</summary>
    /// <param name="owner">The server or client.</param>
    public VhostMessageInfo[] Read(string owner)
    {
        Entry[] entries;
        lock (_lock) entries = [.. _entries.OrderBy(entry => entry.Number)];
        var requests = new List<(Entry Request, Entry? Reply)>();
        foreach (Entry entry in entries)
        {
            int asked = entry.IsReply ? requests.FindLastIndex(row => row.Reply is null && row.Request.Header.Request == entry.Header.Request) : -1;
            if (asked >= 0) requests[asked] = (requests[asked].Request, entry);
            else if (!entry.IsReply) requests.Add((entry, null));
        }
        return [.. requests.Select(row => Describe(owner, row.Request, row.Reply))];
    }

    private VhostMessageInfo Describe(string owner, in Entry request, Entry? reply)
    {
        TimeSpan since = Stopwatch.GetElapsedTime(_start, request.Time);
        return new VhostMessageInfo
        {
            Owner = owner,
            Number = request.Number,
            Time = _started + since,
            SinceStart = since,
            Request = MessageTable.NameOf(request.Header.Request),
            Content = MessageText.OfRequest(request.Header.Request, request.Bytes),
            Descriptors = request.Fds,
            ReplyTime = reply is Entry answer ? Stopwatch.GetElapsedTime(request.Time, answer.Time) : null,
            Result = reply is Entry came ? MessageText.OfReply(came.Header.Request, came.Bytes) : IsAnswerDue(request.Header) ? "no reply yet" : "no reply asked",
        };
    }

    private static bool IsAnswerDue(in MessageHeader request) =>
        request.NeedsReply || MessageTable.TryGet(request.Request, out MessageRule rule) && rule.Reply == ReplyRule.Always;
}
