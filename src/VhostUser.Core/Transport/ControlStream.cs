using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace VhostUser.Transport;

/// <summary>
/// Messages on the control channel: 16-bit length, kind, a zero, then the body. From <see cref="Protect"/> on, each carries a code over
/// its number and bytes, so that nobody on the way can change, repeat or drop one unnoticed.
/// </summary>
internal sealed class ControlStream(Stream stream, bool isListener) : IAsyncDisposable
{
    /// <summary>The longest body that is read from a stranger.</summary>
    public const int MaxBody = 8192;

    private const int Head = 4;
    private const int CodeSize = 32;
    private const int MaxReason = 300;

    private byte[]? _key;
    private ulong _sent;
    private ulong _received;

    /// <summary>Authenticates all further messages with a key of this session.</summary>
    public void Protect(byte[] key) => _key = key;

    public async Task SendAsync(ControlMessage kind, ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        int code = _key is null ? 0 : CodeSize;
        var message = new byte[Head + body.Length + code];
        BinaryPrimitives.WriteUInt16LittleEndian(message, (ushort)(body.Length + code));
        message[2] = (byte)kind;
        body.Span.CopyTo(message.AsSpan(Head));
        if (_key is not null) Code(_sent++, isListener, message.AsSpan(0, Head + body.Length)).CopyTo(message.AsSpan(Head + body.Length));
        await stream.WriteAsync(message, cancel).ConfigureAwait(false);
        await stream.FlushAsync(cancel).ConfigureAwait(false);
    }

    /// <summary>Reads a message of any kind; null when the peer closed the channel.</summary>
    /// <exception cref="VhostException">LinkInvalid: what came is no message.</exception>
    public async Task<(ControlMessage Kind, byte[] Body)?> ReceiveAsync(CancellationToken cancel)
    {
        var head = new byte[Head];
        try
        {
            await stream.ReadExactlyAsync(head, cancel).ConfigureAwait(false);
            int length = BinaryPrimitives.ReadUInt16LittleEndian(head);
            if (length > MaxBody + CodeSize || head[2] is < (byte)ControlMessage.Hello or > (byte)ControlMessage.Bye || head[3] != 0)
                throw Invalid($"the head of a message is {Convert.ToHexString(head)}");
            var body = new byte[length];
            await stream.ReadExactlyAsync(body, cancel).ConfigureAwait(false);
            return ((ControlMessage)head[2], _key is null ? body : Open(head, body));
        }
        catch (EndOfStreamException)
        {
            return null;
        }
    }

    /// <summary>Reads a message that must be of one kind.</summary>
    /// <exception cref="VhostException">LinkRefused with the peer's reason, LinkInvalid, or PeerDisconnected.</exception>
    public async Task<byte[]> ExpectAsync(ControlMessage kind, CancellationToken cancel)
    {
        (ControlMessage Kind, byte[] Body) message = await ReceiveAsync(cancel).ConfigureAwait(false) ?? throw new VhostException(VhostError.PeerDisconnected,
            $"The other end closed the control channel; expected its {kind}.", "control channel", "Its Get-IbTransport says why, in LastRefusal.");
        if (message.Kind == kind) return message.Body;
        if (message.Kind == ControlMessage.Refuse) throw new VhostException(VhostError.LinkRefused, $"The other end refused: {ReadReason(message.Body)}", "control channel", "Change it at one of the two ends.");
        throw Invalid($"{message.Kind} came in place of {kind}");
    }

    /// <summary>Says no, in words that the user of the other end reads.</summary>
    public Task RefuseAsync(string reason, CancellationToken cancel) => SendAsync(ControlMessage.Refuse, Encoding.UTF8.GetBytes(reason), cancel);

    public ValueTask DisposeAsync() => stream.DisposeAsync();

    // Text of a stranger that is shown on a terminal.
    private static string ReadReason(byte[] body) =>
        new([.. Encoding.UTF8.GetString(body, 0, Math.Min(body.Length, MaxReason)).Where(c => !char.IsControl(c))]);

    private byte[] Open(byte[] head, byte[] body)
    {
        if (body.Length < CodeSize) throw Invalid("a message is shorter than its code");
        byte[] message = [.. head, .. body[..^CodeSize]];
        if (!CryptographicOperations.FixedTimeEquals(Code(_received++, !isListener, message), body.AsSpan(body.Length - CodeSize))) throw Invalid("a message's code is wrong");
        return body[..^CodeSize];
    }

    private byte[] Code(ulong number, bool byListener, ReadOnlySpan<byte> message)
    {
        using var code = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key!);
        Span<byte> prefix = stackalloc byte[9];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, number);
        prefix[8] = byListener ? (byte)1 : (byte)0;
        code.AppendData(prefix);
        code.AppendData(message);
        return code.GetHashAndReset();
    }

    private static VhostException Invalid(string what) => new(VhostError.LinkInvalid, $"On the control channel, {what}.", "control channel", "Use the same version of this module at both ends.");
}
