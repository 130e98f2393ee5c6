using System.Diagnostics;
using VhostUser.Memory;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>Raw chains: any buffers on any ring, for devices that are no network device and for breaking the rules on purpose.</summary>
public sealed partial class VhostClient
{
    // By head descriptor while the device has them. The id is free again as soon as a chain is used, long before its sender looks,
    // so the result is kept with the chain and not under the id.
    private readonly Dictionary<(int Queue, ushort Id), RawChain> _rawChains = [];

    /// <summary>Posts one chain, kicks the device, and waits until it has used it.</summary>
    /// <param name="queue">Ring index.</param>
    /// <param name="readable">Buffers that the device reads, in order.</param>
    /// <param name="writable">Lengths in bytes of buffers that the device writes, in order.</param>
    /// <param name="timeout">How long to wait for room, and then for the device.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="VhostException">RingFull, PeerTimeout, RegionTooSmall, RingIndexInvalid …</exception>
    public VringChainResult Post(int queue, IReadOnlyList<ReadOnlyMemory<byte>> readable, IReadOnlyList<int> writable, TimeSpan timeout, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(readable);
        ArgumentNullException.ThrowIfNull(writable);
        if (readable.Count + writable.Count == 0 || writable.Any(length => length < 1))
            throw new VhostException(VhostError.InvalidArgument, $"Client '{Name}': a chain needs at least one buffer, and writable ones a positive length.", Name, "Give -Readable, -Writable or both.");
        DriverRing ring = RingOf(queue) ?? throw WrongQueue(queue, "existing", "all");
        var pieces = new List<RegionPiece>();
        bool abandoned = false;
        try
        {
            foreach (ReadOnlyMemory<byte> buffer in readable) pieces.Add(Place(buffer));
            foreach (int length in writable) pieces.Add(_space.Allocate((ulong)length, $"a writable buffer of {length} bytes"));
            ChainBuffer[] chain = [.. pieces.Select((piece, i) => new ChainBuffer(piece.GuestAddress, (uint)(i < readable.Count ? readable[i].Length : writable[i - readable.Count])))];
            long start = Stopwatch.GetTimestamp();
            RawChain sent = Enter(ring, chain, readable.Count, timeout, cancel);
            abandoned = true; // from here on the device may write until it says that it is done
            UsedBuffer used = Await(ring, sent, timeout, cancel);
            abandoned = false;
            return new VringChainResult
            {
                Client = Name,
                Queue = queue,
                Id = sent.Id,
                Written = used.Written,
                Data = Collect(pieces, readable.Count, writable, used.Written),
                Elapsed = Stopwatch.GetElapsedTime(start),
            };
        }
        finally
        {
            // Buffers that the device still has are given back with the client's other memory, when the rings are stopped.
            if (abandoned) lock (_gate) _buffers.AddRange(pieces);
            else foreach (RegionPiece piece in pieces) Release(piece);
        }
    }

    private unsafe RegionPiece Place(ReadOnlyMemory<byte> buffer)
    {
        RegionPiece piece = _space.Allocate((ulong)Math.Max(buffer.Length, 1), $"a readable buffer of {buffer.Length} bytes");
        buffer.Span.CopyTo(new Span<byte>(piece.Address, buffer.Length));
        return piece;
    }

    private static unsafe byte[] Collect(List<RegionPiece> pieces, int readable, IReadOnlyList<int> writable, uint written)
    {
        byte[] data = new byte[written];
        int done = 0;
        for (int i = 0; i < writable.Count && done < data.Length; i++)
        {
            int part = Math.Min(writable[i], data.Length - done);
            new ReadOnlySpan<byte>(pieces[readable + i].Address, part).CopyTo(data.AsSpan(done));
            done += part;
        }
        return data;
    }

    private RawChain Enter(DriverRing ring, ChainBuffer[] chain, int readable, TimeSpan timeout, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            RawChain? sent = Burst(() =>
            {
                ReapRaw(ring);
                if (!ring.Queue.TryAdd(chain.AsSpan(0, readable), chain.AsSpan(readable), direct: false, out ushort head)) return null;
                RawChain entered = new(head);
                _rawChains[(ring.Index, head)] = entered;
                if (_transmitters[ring.Index] is { } transmitter) transmitter.ForeignChains++;
                ring.Queue.Publish();
                ring.KickIfWanted();
                return entered;
            }, away: null);
            if (sent is not null) return sent;
            TimeSpan left = timeout - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero) throw Full(ring.Index, 0, 1, timeout);
            WaitForCall(ring, left, cancel);
        }
    }

    private UsedBuffer Await(DriverRing ring, RawChain sent, TimeSpan timeout, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            UsedBuffer? used = Burst(() =>
            {
                ReapRaw(ring);
                return sent.Used;
            }, away: null);
            if (used is UsedBuffer done) return done;
            TimeSpan left = timeout - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
                throw new VhostException(VhostError.PeerTimeout, $"Client '{Name}': the device did not use the chain of descriptor {sent.Id} on ring {ring.Index} within {timeout.TotalSeconds:0.#} s. Ring {ring.Index}: {GetVringStates(ring.Index)[0].Verdict}.",
                    Name, "The device may not know the request, or serve this ring.");
            WaitForCall(ring, left, cancel);
        }
    }

    private void ReapRaw(DriverRing ring)
    {
        if (_transmitters[ring.Index] is { } transmitter)
        {
            transmitter.Reclaim();
            return;
        }
        if (_receivers[ring.Index] is not null) return; // its buffers are packets
        Span<UsedBuffer> used = stackalloc UsedBuffer[32];
        int count;
        do
        {
            count = ring.Queue.Reap(used);
            foreach (UsedBuffer buffer in used[..count]) FinishRaw(ring, buffer);
        }
        while (count == used.Length);
    }

    private void FinishRaw(DriverRing ring, UsedBuffer used)
    {
        if (!_rawChains.Remove((ring.Index, used.Id), out RawChain? chain)) return;
        chain.Used = used;
        if (_transmitters[ring.Index] is { } transmitter) transmitter.ForeignChains--;
    }

    /// <summary>A chain that was posted by hand, and what came back for it.</summary>
    private sealed class RawChain(ushort id)
    {
        public ushort Id { get; } = id;

        public UsedBuffer? Used { get; set; }
    }
}
