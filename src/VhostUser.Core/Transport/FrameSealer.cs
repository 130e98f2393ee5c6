using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace VhostUser.Transport;

/// <summary>
/// Encrypts frames in place with AES-256-GCM (NIST SP 800-38D). Each direction of a session has a key of its own, and the nonce is queue
/// and sequence number, so that none is used twice; the header goes in clear, but can't be changed.
/// </summary>
internal sealed class FrameSealer : IDisposable
{
    public const int KeySize = 32;
    public const int TagSize = 16;

    private readonly AesGcm _send;
    private readonly AesGcm _receive;

    public FrameSealer(ReadOnlySpan<byte> sendKey, ReadOnlySpan<byte> receiveKey)
    {
        _send = new AesGcm(sendKey, TagSize);
        _receive = new AesGcm(receiveKey, TagSize);
    }

    /// <summary>Seals a frame whose last <see cref="TagSize"/> bytes are room for the tag.</summary>
    public void Seal(Span<byte> frame)
    {
        Span<byte> nonce = stackalloc byte[12];
        WriteNonce(frame, nonce);
        Span<byte> body = frame[FrameHeader.Size..^TagSize];
        _send.Encrypt(nonce, body, body, frame[^TagSize..], frame[..FrameHeader.Size]);
    }

    /// <summary>Opens a frame; false when it is not what the peer sealed.</summary>
    public bool TryOpen(Span<byte> frame)
    {
        if (frame.Length < FrameHeader.Size + TagSize) return false;
        Span<byte> nonce = stackalloc byte[12];
        WriteNonce(frame, nonce);
        Span<byte> body = frame[FrameHeader.Size..^TagSize];
        try
        {
            _receive.Decrypt(nonce, body, frame[^TagSize..], body, frame[..FrameHeader.Size]);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _send.Dispose();
        _receive.Dispose();
    }

    private static void WriteNonce(ReadOnlySpan<byte> frame, Span<byte> nonce)
    {
        FrameHeader header = MemoryMarshal.Read<FrameHeader>(frame);
        BinaryPrimitives.WriteUInt32LittleEndian(nonce, header.Queue);
        BinaryPrimitives.WriteUInt64LittleEndian(nonce[4..], header.Sequence);
    }
}
