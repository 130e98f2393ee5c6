using System.Diagnostics;
using VhostUser.Interop;

namespace VhostUser.Transport;

/// <summary>
/// One session of a link: an engine whose endpoints are connected, and the channels over them. It lasts until something goes wrong;
/// the next session has new endpoints, new memory and a new number, so that nothing of this one can reach it.
/// </summary>
internal sealed unsafe class FrameLink : IDisposable
{
    /// <summary>Between two signs of life.</summary>
    public static readonly TimeSpan BeatInterval = TimeSpan.FromSeconds(1);

    private const int BeatsMissed = 3;
    private const int PollBurst = 32;

    private readonly ChannelOptions _options;
    private readonly FrameChannel[] _channels;
    private readonly Completion[] _completions = new Completion[PollBurst];
    private readonly long[] _heard;
    private readonly int[] _missed;
    private readonly ulong _bytes;
    private byte* _memory;
    private long _lastBeat = Stopwatch.GetTimestamp();

    /// <param name="engine">Connected; owned by this link from now on.</param>
    /// <param name="pairs">Queue pairs: the engine's first endpoints.</param>
    /// <param name="options">What was agreed on.</param>
    /// <exception cref="VhostException">FabricFailed: its memory can't be registered.</exception>
    public FrameLink(LinkEngine engine, int pairs, ChannelOptions options)
    {
        Engine = engine;
        _options = options;
        _bytes = (ulong)pairs * ChannelOptions.MemoryBytes;
        _memory = Libc.Map(_bytes, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS, -1, 0);
        Libc.KeepFromChildren(_memory, _bytes); // a child of the shell must not make a device's pages change their place
        nint registration = engine.Register(_memory, _bytes);
        _channels = new FrameChannel[pairs];
        for (int i = 0; i < pairs; i++)
            _channels[i] = new FrameChannel(engine, i, options, _memory + (long)i * ChannelOptions.MemoryBytes, registration, i * ChannelOptions.Slots) { OnPong = TakePong };
        _heard = new long[pairs];
        _missed = new int[pairs];
    }

    public LinkEngine Engine { get; }

    public ReadOnlySpan<FrameChannel> Channels => _channels;

    public uint Session => _options.Session;

    /// <summary>Why the session can't go on; null while it can.</summary>
    public VhostException? Fault { get; private set; }

    /// <summary>The round trip, as the heartbeats of the last seconds saw it; null before the first.</summary>
    public TimeSpan? RoundTrip { get; private set; }

    /// <summary>Told of the answer to a numbered question.</summary>
    public Action<ulong, TimeSpan>? Answered { get; set; }

    /// <summary>Takes the completions of slots behind those of the channels.</summary>
    public Action<Completion>? OtherCompleted { get; set; }

    /// <summary>Posts all receive buffers; to be called before the peer may send.</summary>
    public void Start()
    {
        foreach (FrameChannel channel in _channels) channel.Start();
    }

    /// <summary>Looks for completions once; true when there were any.</summary>
    public bool Poll()
    {
        if (Fault is not null) return false;
        int count;
        try
        {
            count = Engine.Poll(_completions);
            for (int i = 0; i < count && Fault is null; i++) Take(_completions[i]);
            if (count > 0) foreach (FrameChannel channel in _channels) channel.ReturnCredits();
        }
        catch (VhostException error)
        {
            Fault = error;
            return false;
        }
        return count > 0;
    }

    /// <summary>Once in a while: whether the peer is alive, and a sign of life for it. Returns the time until the next call.</summary>
    public TimeSpan Beat()
    {
        TimeSpan left = BeatInterval - Stopwatch.GetElapsedTime(_lastBeat);
        if (left > TimeSpan.Zero) return left;
        _lastBeat = Stopwatch.GetTimestamp();
        for (int i = 0; i < _channels.Length; i++)
        {
            // Counted in looks of this thread rather than in seconds: when it was held up itself, the peer is not to blame.
            long frames = _channels[i].Counters.FramesReceived;
            _missed[i] = frames == _heard[i] ? _missed[i] + 1 : 0;
            _heard[i] = frames;
            if (_missed[i] > BeatsMissed) Fail(VhostError.PeerTimeout, $"The other end has been silent for {BeatsMissed} s on queue pair {i}.", "The link comes back by itself when the path does.");
            else SendBeat(_channels[i]);
        }
        if (Engine.IsClosed) Fail(VhostError.PeerDisconnected, "The other end closed the fabric's connection.", "The link comes back by itself when the other end does.");
        return BeatInterval;
    }

    /// <summary>Ends the session for a reason that was found elsewhere.</summary>
    public void Fail(VhostException reason) => Fault ??= reason;

    /// <summary>Closes the endpoints, then the memory.</summary>
    public void Dispose()
    {
        if (_memory == null) return;
        Engine.Dispose();
        Libc.Unmap(_memory, _bytes);
        _memory = null;
        _options.Sealer?.Dispose();
    }

    private void Fail(VhostError error, string message, string action) => Fail(new VhostException(error, message, "link", action));

    private void Take(in Completion completion)
    {
        if (completion.Error != 0)
        {
            Fail(VhostError.PeerDisconnected, $"The fabric gave up the connection: {Interop.Fabric.Fabric.Describe(completion.Error)}.", "The link comes back by itself when the other end does.");
            return;
        }
        int channel = completion.Slot / ChannelOptions.Slots;
        if (completion.Slot < 0 || channel >= _channels.Length)
        {
            OtherCompleted?.Invoke(completion);
            return;
        }
        FrameFault fault = _channels[channel].Complete(completion.Slot % ChannelOptions.Slots, completion.Length);
        if (fault != FrameFault.None)
            Fail(VhostError.LinkInvalid, $"A frame on queue pair {channel} is wrong: {fault}.", "Use the same version of this module at both ends; if it is, somebody changes what the fabric carries: -Encrypt.");
    }

    private static void SendBeat(FrameChannel channel)
    {
        // What goes anyhow is a sign of life too, but only an answer tells the round trip.
        channel.TrySendControl(FrameType.Ping, new Probe { Stamp = (ulong)Stopwatch.GetTimestamp() }, Probe.Size);
    }

    private void TakePong(ulong number, TimeSpan time)
    {
        if (number != 0) Answered?.Invoke(number, time);
        else RoundTrip = RoundTrip is TimeSpan old ? 0.75 * old + 0.25 * time : time;
    }
}
