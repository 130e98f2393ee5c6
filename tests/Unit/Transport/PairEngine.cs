using System.Runtime.CompilerServices;
using VhostUser.Transport;

namespace VhostUser.Tests.Transport;

/// <summary>Two engines joined in memory: a message goes into the receive that was posted first, as on a connected fabric.</summary>
internal sealed unsafe class PairEngine : LinkEngine
{
    private readonly Queue<(int Slot, nint Address, int Length)>[] _receives;
    private readonly Queue<Completion> _completions = new();
    private PairEngine _peer = null!;

    private PairEngine(int endpoints) => _receives = [.. Enumerable.Range(0, endpoints).Select(_ => new Queue<(int, nint, int)>())];

    public static (PairEngine A, PairEngine B) Create(int endpoints = 1)
    {
        var a = new PairEngine(endpoints);
        var b = new PairEngine(endpoints) { _peer = a };
        a._peer = b;
        return (a, b);
    }

    /// <summary>Messages sent while the peer had no receive posted: what credits must prevent.</summary>
    public int Overruns { get; private set; }

    /// <summary>Posts that are refused before one is taken, as by a full queue.</summary>
    public int Refuse { get; set; }

    /// <summary>Thrown by the next posts, as by a connection that broke.</summary>
    public VhostException? Break { get; set; }

    /// <summary>Spoils what is sent.</summary>
    public Action<byte[]>? Spoil { get; set; }

    /// <summary>The messages that went out.</summary>
    public List<byte[]> Sent { get; } = [];

    public bool IsDisposed { get; private set; }

    public override bool IsClosed => _peer.IsDisposed;

    public override nint Register(byte* address, ulong length) => 1;

    public override int PostSends(int endpoint, ReadOnlySpan<WorkRequest> requests)
    {
        for (int i = 0; i < requests.Length; i++)
        {
            if (Break is not null) throw Break;
            if (Refuse-- > 0) return i;
            var bytes = new List<byte>();
            for (int piece = 0; piece < requests[i].Count; piece++) bytes.AddRange(new ReadOnlySpan<byte>(requests[i].Pieces[piece].iov_base, (int)requests[i].Pieces[piece].iov_len));
            byte[] message = [.. bytes];
            Spoil?.Invoke(message);
            Sent.Add(message);
            _peer.Take(endpoint, message);
            _completions.Enqueue(new Completion { Slot = requests[i].Slot });
        }
        return requests.Length;
    }

    public override int PostReceives(int endpoint, ReadOnlySpan<WorkRequest> requests)
    {
        foreach (WorkRequest request in requests) _receives[endpoint].Enqueue((request.Slot, (nint)request.Pieces[0].iov_base, (int)request.Pieces[0].iov_len));
        return requests.Length;
    }

    public override int Poll(Span<Completion> completions)
    {
        int count = 0;
        while (count < completions.Length && _completions.TryDequeue(out completions[count])) count++;
        return count;
    }

    public override void Dispose() => IsDisposed = true;

    /// <summary>Gives this end a message as if the peer had sent it.</summary>
    public void Take(int endpoint, byte[] message)
    {
        if (!_receives[endpoint].TryDequeue(out (int Slot, nint Address, int Length) receive))
        {
            Overruns++;
            return;
        }
        int length = Math.Min(message.Length, receive.Length);
        message.AsSpan(0, length).CopyTo(new Span<byte>((void*)receive.Address, receive.Length));
        _completions.Enqueue(new Completion { Slot = receive.Slot, Length = (uint)length });
    }
}
