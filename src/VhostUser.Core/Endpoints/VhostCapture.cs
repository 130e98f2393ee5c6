using System.Diagnostics;
using VhostUser.Devices.Net.Capturing;
using VhostUser.Packets.Pcap;

namespace VhostUser.Endpoints;

/// <summary>
/// Writes the packets of endpoints to a pcapng file while they pass. A thread of its own writes; an endpoint never waits for it: what
/// finds no room in the endpoint's buffer passes uncaptured and is counted.
/// </summary>
public sealed partial class VhostCapture : IDisposable
{
    /// <summary>The smallest buffer between an endpoint and the file: a few packets of the greatest length.</summary>
    public const int MinBuffer = 256 << 10;

    /// <summary>The largest.</summary>
    public const int MaxBuffer = 1 << 30;

    private static readonly TimeSpan s_stopTimeout = TimeSpan.FromSeconds(10);

    private readonly VhostCaptureOptions _options;
    private readonly CapturePoint[] _points;
    private readonly long[] _written; // by interface
    private readonly CaptureFiles _files;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _stop = new();
    private readonly Lock _stopLock = new();
    private readonly DateTimeOffset _started = DateTimeOffset.Now;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly long _epoch; // nanoseconds since 1970 at time stamp 0
    private long _end; // time stamp, 0 while it runs
    private volatile CaptureState _state;
    private volatile VhostException? _fault;

    private VhostCapture(VhostCaptureOptions options)
    {
        _options = options;
        _epoch = (_started.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) * 100 - ToNanoseconds(_start);
        _points = [.. options.Sources.Select(source => new CapturePoint(options.BufferSize, options.SnapLength == 0 ? uint.MaxValue : (uint)options.SnapLength, source.Queue,
            options.Direction == CaptureDirection.Both ? null : options.Direction == CaptureDirection.Out, [.. options.EtherTypes.Select(type => (ushort)type)]))];
        _written = new long[_points.Length];
        _files = new CaptureFiles(options, WriteStatistics);
        _thread = new Thread(Run) { IsBackground = true, Name = "vhost capture " + options.Name };
    }

    /// <summary>Raised after <see cref="State"/> changed: on the capture's thread when it ended by itself.</summary>
    public event EventHandler? StateChanged;

    /// <summary>Name given at the start.</summary>
    public string Name => _options.Name;

    /// <summary>Path given at the start.</summary>
    public string Path => _options.Path;

    /// <summary>Tells this capture from another that had or will have its name.</summary>
    public Guid HandleId { get; } = Guid.NewGuid();

    /// <summary>Where the capture stands.</summary>
    public CaptureState State => _state;

    /// <summary>Starts a capture: on return, every packet is captured that passes from now on.</summary>
    /// <exception cref="VhostException">InvalidArgument, CaptureExists, CaptureFailed.</exception>
    public static VhostCapture Start(VhostCaptureOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Check(options);
        var capture = new VhostCapture(options);
        for (int i = 0; i < capture._points.Length; i++) options.Sources[i].Tap.Attach(capture._points[i]);
        capture._thread.Start();
        return capture;
    }

    /// <summary>A photograph of the capture.</summary>
    public VhostCaptureInfo Snapshot() => new()
    {
        HandleId = HandleId,
        OwnerProcessId = Environment.ProcessId,
        Name = Name,
        State = _state,
        Path = Path,
        Files = _files.Files,
        Interfaces = [.. _options.Sources.Select((source, i) => new VhostCaptureInterfaceInfo
        {
            Number = i,
            Name = source.Name,
            Kind = source.Kind,
            Queue = source.Queue,
            Packets = Volatile.Read(ref _written[i]),
            Dropped = _points[i].Dropped,
        })],
        Packets = _written.Sum(),
        Bytes = _files.Bytes,
        Dropped = _points.Sum(point => point.Dropped),
        SnapLength = _options.SnapLength,
        Direction = _options.Direction,
        Started = _started,
        Elapsed = Stopwatch.GetElapsedTime(_start, _end != 0 ? _end : Stopwatch.GetTimestamp()),
        FaultId = _fault?.Error.ToString(),
        Fault = _fault?.Message,
    };

    /// <summary>Ends the capture; on return, everything that was captured is in the file. May be called again.</summary>
    public void Dispose()
    {
        lock (_stopLock)
        {
            if (IsDisposed) return;
            Detach();
            _stop.Set();
            if (!_thread.Join(s_stopTimeout))
            {
                // A file that takes nothing and refuses nothing, as a pipe that nobody reads; the thread can't hold the process.
                _fault = new VhostException(VhostError.CaptureFailed, $"Capture '{Name}': {Path} took nothing for {s_stopTimeout.TotalSeconds:0} s; what was captured last is not in it.", Name, "Look at who reads the file, or at its file system.");
                SetState(CaptureState.Faulted);
            }
            if (_state != CaptureState.Faulted) SetState(CaptureState.Stopped);
            IsDisposed = true;
        }
    }

    /// <summary>Whether it was stopped, whatever its state was then.</summary>
    public bool IsDisposed { get; private set; }

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static void Check(VhostCaptureOptions options)
    {
        if (options.Sources.Count == 0) throw Invalid("no endpoint was given", "Name at least one server, client or bridge.");
        if (options.Sources.GroupBy(source => (source.Tap, source.Queue)).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw Invalid($"'{twice.First().Name}' was given twice", "Its packets would be in the file twice.");
        if (options.BufferSize is < MinBuffer or > MaxBuffer) throw Invalid($"BufferSize is {options.BufferSize}; expected {MinBuffer} to {MaxBuffer} bytes", "16 MB is usual.");
        if (options.SnapLength is < 0 or > CaptureReader.MaxBlock) throw Invalid($"SnapLength is {options.SnapLength}; expected 0 to {CaptureReader.MaxBlock}", "0 keeps whole packets.");
        if (options.Count < 0 || options.Size < 0 || options.RotateSize < 0 || options.RotateCount < 0 || options.Keep < 0) throw Invalid("a limit is negative", "0 is no limit.");
        if (options.Keep > 0 && !options.Rotates) throw Invalid("Keep says how many files of a row are kept, and there is one file only", "Give RotateSize or RotateCount too.");

        VhostException Invalid(string what, string action) => new(VhostError.InvalidArgument, $"Capture '{options.Name}': {what}.", options.Name, action);
    }

    private void SetState(CaptureState state)
    {
        if (_state == state) return;
        _state = state;
        StateChanged?.Invoke(this, EventArgs.Empty);
    }

    private void Detach()
    {
        for (int i = 0; i < _points.Length; i++) _options.Sources[i].Tap.Detach(_points[i]);
    }

    private static long ToNanoseconds(long stamp) => Stopwatch.Frequency == 1_000_000_000 ? stamp : (long)((Int128)stamp * 1_000_000_000 / Stopwatch.Frequency);
}
