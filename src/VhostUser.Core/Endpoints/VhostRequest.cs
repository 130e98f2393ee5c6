using System.Globalization;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>A request to be sent by hand: to a client's back-end, to a server's front-end, or to whoever listens on a socket.</summary>
public sealed record VhostRequest
{
    /// <summary>The request: its name in the specification or in this module (SET_VRING_NUM, SetVringNum), or its number, which may be unknown.</summary>
    public required string Request { get; init; }

    /// <summary>The payload as bytes; without it <see cref="Value"/>, or <see cref="Queue"/> and <see cref="Number"/>, or nothing.</summary>
    public ReadOnlyMemory<byte>? Payload { get; init; }

    /// <summary>The payload as a u64.</summary>
    public ulong? Value { get; init; }

    /// <summary>The first half of a payload of ring index and number.</summary>
    public uint? Queue { get; init; }

    /// <summary>The second half of it; 0 when not given.</summary>
    public uint? Number { get; init; }

    /// <summary>Regions whose descriptors go along.</summary>
    public IReadOnlyList<SharedRegion> Regions { get; init; } = [];

    /// <summary>Files that are opened for reading and writing, and whose descriptors go along behind those of the regions.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>Whether to ask for an acknowledgement (NEED_REPLY).</summary>
    public bool NeedReply { get; init; }

    /// <summary>How long to wait for the reply.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Sends it to the back-end of a live client.</summary>
    /// <exception cref="VhostException">InvalidArgument, PeerTimeout, PeerDisconnected …</exception>
    public VhostRequestResult SendTo(VhostClient client, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return WithFiles(fds => client.Ask((FrontEndRequest)Find<FrontEndRequest>(""), Bytes(), fds, NeedReply, Timeout, cancel));
    }

    /// <summary>Sends it to the front-end of a live server, as one of the back-end's requests.</summary>
    /// <exception cref="VhostException">InvalidArgument, RequestNotNegotiated, PeerTimeout …</exception>
    public VhostRequestResult SendTo(VhostServer server, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(server);
        return WithFiles(fds => server.AskWith((BackEndRequest)Find<BackEndRequest>("BACKEND"), Bytes(), NeedReply, Timeout, fds, cancel));
    }

    /// <summary>Connects to a listening back-end, sends this request as the only one, and disconnects.</summary>
    /// <exception cref="VhostException">PeerNotListening, PeerTimeout, PeerDisconnected …</exception>
    public VhostRequestResult SendTo(string path, CancellationToken cancel = default)
    {
        sockaddr_un.FromPath(path);
        FileDescriptor socket = ClientSocket.Connect(new VhostClientOptions { Name = path, Path = path, Regions = [], Timeout = Timeout }, System.Diagnostics.Stopwatch.GetTimestamp(), cancel);
        using var frontEnd = new FrontEnd(new Connection(socket, isFrontEnd: true), Timeout);
        return WithFiles(fds => frontEnd.AskByHand((FrontEndRequest)Find<FrontEndRequest>(""), Bytes().Span, fds, NeedReply, Timeout, cancel));
    }

    private ReadOnlyMemory<byte> Bytes()
    {
        int ways = (Payload is null ? 0 : 1) + (Value is null ? 0 : 1) + (Queue is null && Number is null ? 0 : 1);
        if (ways > 1)
            throw new VhostException(VhostError.InvalidArgument, $"{Request}: the payload was given in {ways} ways; one is expected.", Request, "Give Payload, or Value, or Queue and Number.");
        if (Payload is { Length: > Connection.MaxPayload } long_)
            throw new VhostException(VhostError.InvalidArgument, $"{Request}: a payload of {long_.Length} bytes was given; at most {Connection.MaxPayload} are sent.", Request, "No request of the specification is longer.");
        if (Payload is ReadOnlyMemory<byte> bytes) return bytes;
        if (Value is ulong value) return BitConverter.GetBytes(value);
        if (Queue is null && Number is null) return default;
        return BitConverter.GetBytes(Queue ?? 0 | (ulong)(Number ?? 0) << 32);
    }

    private VhostRequestResult WithFiles(Func<int[], VhostRequestResult> send)
    {
        if (Regions.Count + Files.Count > Libc.SCM_MAX_FD)
            throw new VhostException(VhostError.InvalidArgument, $"{Request}: {Regions.Count + Files.Count} descriptors were given; a message carries at most {Libc.SCM_MAX_FD}.", Request, "Give fewer.");
        var opened = new List<FileStream>();
        try
        {
            foreach (string file in Files) opened.Add(new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 0));
            return send([.. Regions.Select(region => region.File.Number), .. opened.Select(file => (int)file.SafeFileHandle.DangerousGetHandle())]);
        }
        finally
        {
            foreach (FileStream file in opened) file.Dispose();
        }
    }

    private uint Find<T>(string prefix) where T : struct, Enum
    {
        string text = Request.Replace("_", "", StringComparison.Ordinal);
        foreach (string known in new[] { "VHOSTUSER", prefix })
            if (known.Length > 0 && text.StartsWith(known, StringComparison.OrdinalIgnoreCase)) text = text[known.Length..];
        bool hex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        if (uint.TryParse(hex ? text[2..] : text, hex ? NumberStyles.HexNumber : NumberStyles.None, CultureInfo.InvariantCulture, out uint number)) return number;
        if (Enum.TryParse(text, ignoreCase: true, out T request)) return Convert.ToUInt32(request, CultureInfo.InvariantCulture);
        throw new VhostException(VhostError.InvalidArgument, $"'{Request}' is no request; expected a number or one of {string.Join(", ", Enum.GetNames<T>())}.", Request, "Names may be written as in the specification: SET_VRING_NUM.");
    }
}
