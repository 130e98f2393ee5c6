using System.Buffers.Binary;
using System.Diagnostics;
using VhostUser.Devices.Net;
using VhostUser.Endpoints;
using VhostUser.Memory;

namespace VhostUser.Tests.Interop;

/// <summary>
/// Numbered packets of changing lengths through a peer that sends them back, or on to another client, never more on their way than the receive ring holds:
/// then not one may be lost, and every byte of each is checked.
/// </summary>
internal sealed unsafe class WindowedTraffic(VhostClient client, int[] lengths, int pair, bool swapsAddresses, VhostClient? receiver = null)
{
    private const int Window = 128;
    private const int NumberOffset = 14;

    private readonly byte[][] _frames = [.. lengths.Select(Template)];
    private readonly NetTransmitter _transmitter = client.TransmitterOf(2 * pair + 1);
    private readonly VhostClient _receivingClient = receiver ?? client;
    private readonly NetReceiver _receiver = (receiver ?? client).ReceiverOf(2 * pair);

    public long Sent { get; private set; }

    public long Received { get; private set; }

    /// <summary>Works until the time is over and everything sent has come back.</summary>
    public void Run(TimeSpan time, TimeSpan bound)
    {
        long start = Stopwatch.GetTimestamp();
        long progress = start;
        var checker = new Checker(this);
        while (Stopwatch.GetElapsedTime(start) < time || Received < Sent)
        {
            if (Stopwatch.GetElapsedTime(start) < time && Sent - Received < Window)
            {
                byte[] frame = _frames[Sent % _frames.Length];
                BinaryPrimitives.WriteInt64BigEndian(frame.AsSpan(NumberOffset), Sent);
                if (client.SendBurst(_transmitter, frame, 1) == 1) Sent++;
            }
            if (_receivingClient.ReceiveBurst(_receiver, ref checker, Window) > 0) progress = Stopwatch.GetTimestamp();
            else if (Stopwatch.GetElapsedTime(progress) > bound) throw new TimeoutException($"packet {Received} of {Sent} did not come back within {bound.TotalSeconds} s");
        }
    }

    private static byte[] Template(int length)
    {
        byte[] frame = new byte[length];
        new Random(length).NextBytes(frame);
        new byte[] { 2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8, 0x88, 0xb5 }.CopyTo(frame, 0); // addresses, and a type for experiments
        return frame;
    }

    private void Check(ReadOnlySpan<byte> frame)
    {
        byte[] sent = _frames[Received % _frames.Length];
        long number = BinaryPrimitives.ReadInt64BigEndian(frame[NumberOffset..]);
        if (number != Received) throw new InvalidOperationException($"expected packet {Received}, got {number}");
        bool same = frame.Length == sent.Length && frame[(NumberOffset + 8)..].SequenceEqual(sent.AsSpan(NumberOffset + 8)) && frame[12..14].SequenceEqual(sent.AsSpan(12, 2))
            && (swapsAddresses ? frame[..6].SequenceEqual(sent.AsSpan(6, 6)) && frame[6..12].SequenceEqual(sent.AsSpan(0, 6)) : frame[..12].SequenceEqual(sent.AsSpan(0, 12)));
        if (!same) throw new InvalidOperationException($"packet {number} came back altered: {Convert.ToHexString(frame)}");
        Received++;
    }

    private readonly struct Checker(WindowedTraffic traffic) : IPacketConsumer
    {
        public void Consume(in PacketView packet, Segment header)
        {
            byte[] copy = new byte[packet.Length];
            fixed (byte* p = copy) packet.CopyTo(p);
            traffic.Check(copy);
        }
    }
}
