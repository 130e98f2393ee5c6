using VhostUser.Devices.Net;
using VhostUser.Devices.Net.Offloads;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Protocol;

namespace VhostUser.Fuzz.Targets;

/// <summary>Spoilt packets under headers that ask for anything: what is cut stays inside its bounds and comes to an end.</summary>
internal sealed unsafe class NetTarget : FuzzTarget
{
    private readonly SoftwareOffload _offload = new();
    private readonly byte[][] _good;
    private readonly byte[] _frame = GC.AllocateUninitializedArray<byte>((int)TransmitReader.MaxPacket, pinned: true);

    public NetTarget()
    {
        var v4 = new PacketSpec { Protocol = PacketProtocol.Tcp, Payload = new byte[9000] };
        PacketSpec v6 = v4 with { Source = System.Net.IPAddress.Parse("fd00::1"), Destination = System.Net.IPAddress.Parse("fd00::2") };
        _good = [.. new[] { v4, v6, v4 with { VlanId = 5 }, v4 with { Protocol = PacketProtocol.Udp }, v6 with { Protocol = PacketProtocol.Udp, VlanId = 5 } }.Select(spec => PacketBuilder.Build(spec).Bytes.ToArray())];
    }

    public override string Name => "net";

    public override int InputBytes => 64;

    public override int Run(ref FuzzInput input)
    {
        byte[] good = _good[input.Below(_good.Length)];
        int length = input.OneIn(8) ? input.Below(100) : 40 + input.Below(good.Length - 40);
        good.AsSpan(0, length).CopyTo(_frame);
        NetHeader header = Header(ref input);
        for (int spoilt = input.Below(6); spoilt > 0 && length > 0; spoilt--) _frame[input.Below(Math.Min(length, 96))] = input.Byte();
        fixed (byte* bytes = _frame)
        {
            // In pieces, as a chain has it.
            uint first = (uint)input.Below(length + 1);
            Segment* pieces = stackalloc Segment[2];
            pieces[0] = new Segment(bytes, first);
            pieces[1] = new Segment(bytes + first, (uint)length - first);
            var packet = new PacketView(pieces, 2, 0, (uint)length);
            var features = (VirtioFeatures)input.UInt64();
            bool allowed = OffloadRules.IsAllowed(header, features, (uint)length);
            if (allowed && length > 0)
            {
                NetHeader told = OffloadRules.Describe(packet, header, features);
                FuzzFailure.Unless(told.HeaderLength <= length, $"A header of {told.HeaderLength} bytes is told of a packet of {length}.");
            }
            if (_offload.TryBegin(packet, header, out _)) Cut(length);
            else Count("refused");
        }
        return 1;
    }

    public override void Dispose()
    {
    }

    private void Cut(int length)
    {
        Good();
        for (int pieces = 0; _offload.Next(out PacketView piece); pieces++)
        {
            FuzzFailure.Unless(pieces < SoftwareOffload.MaxSegments, "A packet is cut without end.");
            FuzzFailure.Unless(piece.Length <= length + 8, $"A piece of {piece.Length} bytes came of a packet of {length}.");
        }
    }

    private static NetHeader Header(ref FuzzInput input) => new()
    {
        Flags = input.OneIn(8) ? input.Byte() : NetHeader.NeedsCsum,
        GsoType = input.OneIn(12) ? input.Byte() : (byte)(input.Below(6) | (input.OneIn(8) ? GsoType.Ecn : 0)),
        GsoSize = input.OneIn(4) ? input.UInt16() : (ushort)input.Below(1500),
        HeaderLength = input.UInt16(),
        ChecksumStart = input.OneIn(4) ? input.UInt16() : (ushort)(input.Below(2) == 0 ? 34 : input.OneIn(2) ? 54 : 38),
        ChecksumOffset = input.OneIn(4) ? input.UInt16() : (ushort)(input.OneIn(3) ? 6 : 16),
    };
}
