using System.Runtime.InteropServices;
using VhostUser.Transport;

namespace VhostUser.Fuzz.Targets;

/// <summary>Frames of a link with mistakes in them: whatever is let through has all its packets inside the bytes that came.</summary>
internal sealed unsafe class FramesTarget : FuzzTarget
{
    private const int Room = 8192;
    private const uint Session = 3;

    private readonly byte* _frame = (byte*)NativeMemory.AlignedAlloc(Room, 64);

    public override string Name => "frames";

    public override int InputBytes => 96;

    public override int Run(ref FuzzInput input)
    {
        int length = Make(ref input);
        for (int mistakes = input.Below(4); mistakes > 0; mistakes--) Spoil(ref input, ref length);
        var bytes = new ReadOnlySpan<byte>(_frame, length);
        FrameFault fault = FrameReader.CheckHeader(bytes, 0, Session, isSealed: false, out FrameHeader header);
        if (fault == FrameFault.None) fault = FrameReader.CheckBody(header, bytes[FrameHeader.Size..]);
        if (fault != FrameFault.None)
        {
            Count(fault.ToString());
            return 1;
        }
        uint at = 0, end = (uint)(length - FrameHeader.Size);
        for (int i = 0; header.Type == FrameType.Data && i < header.Count; i++)
        {
            uint record = at;
            uint start = FrameReader.Next(_frame + FrameHeader.Size, ref at, out uint packet, out bool hasHeader);
            FuzzFailure.Unless(packet is > 0 and <= FrameReader.MaxPacket, $"a packet of {packet} bytes was let through");
            FuzzFailure.Unless(start >= record + PacketRecord.Size + (hasHeader ? PacketRecord.HeaderRoom : 0) && start <= end && packet <= end - start && at <= end && at > record, $"packet {i} leaves its frame");
        }
        FuzzFailure.Unless(header.Type != FrameType.Data || at == end, "bytes are left behind the last packet");
        Good();
        return 1;
    }

    public override void Dispose() => NativeMemory.AlignedFree(_frame);

    private int Make(ref FuzzInput input)
    {
        new Span<byte>(_frame, Room).Clear();
        var type = (FrameType)(1 + input.Below(5));
        uint length = FrameHeader.Size;
        int count = 0;
        if (type == FrameType.Data)
        {
            for (int packets = 1 + input.Below(6); packets > 0; packets--, count++)
            {
                uint bytes = 1 + (uint)input.Below(1200);
                bool header = input.OneIn(3);
                *(PacketRecord*)(_frame + length) = new PacketRecord { Length = bytes, Flags = header ? PacketRecord.HasHeader : 0 };
                length += PacketRecord.Footprint(bytes, header);
            }
        }
        else
        {
            length += type switch { FrameType.Credit => 0u, FrameType.Load => (uint)input.Below(500), _ => Probe.Size };
        }
        *(FrameHeader*)_frame = new FrameHeader { Version = FrameHeader.CurrentVersion, Type = type, Count = (ushort)count, Session = Session, Length = length, Sequence = input.UInt32(), Consumed = input.UInt32(), Delivered = input.UInt16() };
        return (int)length;
    }

    private void Spoil(ref FuzzInput input, ref int length)
    {
        switch (input.Below(6))
        {
            case 0: _frame[input.Below(FrameHeader.Size)] = input.Byte(); break;
            case 1: _frame[input.Below(Math.Max(length, 1))] ^= (byte)(1 << input.Below(8)); break;
            case 2: *(uint*)(_frame + 4 * input.Below(Math.Max(length / 4, 1))) = (uint)input.NearLimit(); break;
            case 3: *(uint*)(_frame + FrameHeader.Size) = input.UInt32(); break; // the first record
            case 4:
                length = input.Below(length + 1);
                if (length >= FrameHeader.Size && input.OneIn(2)) ((FrameHeader*)_frame)->Length = (uint)length; // it says so itself
                break;
            default: ((FrameHeader*)_frame)->Count = input.UInt16(); break;
        }
    }
}
