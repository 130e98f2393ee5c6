using VhostUser.Packets.Pcap;

namespace VhostUser.Fuzz.Targets;

/// <summary>
/// Capture files of both formats and byte orders with spoilt lengths, numbers and ends: reading comes to an end, and no packet is
/// longer than the file.
/// </summary>
internal sealed class CaptureTarget : FuzzTarget
{
    private static readonly uint[] s_types = [Pcapng.EnhancedPacket, Pcapng.InterfaceDescription, Pcapng.SimplePacket, Pcapng.PacketBlock, Pcapng.InterfaceStatistics, Pcapng.SectionHeader, 0xBAD];

    private readonly byte[] _file = new byte[4096];
    private int _length;

    public override string Name => "capture";

    public override int InputBytes => 192;

    public override int Run(ref FuzzInput input)
    {
        _length = 0;
        var order = new ByteOrder(input.OneIn(2));
        if (input.OneIn(4)) LayOutPcap(ref input, order);
        else LayOutPcapng(ref input, order);
        for (int spoilt = input.Below(4); spoilt > 0; spoilt--) _file[input.Below(_length)] = input.Byte();
        if (input.OneIn(4)) _length = input.Below(_length + 1);
        try
        {
            using CaptureReader reader = CaptureReader.Open(new MemoryStream(_file, 0, _length), "fuzz");
            while (reader.TryRead(out CapturedPacket packet))
            {
                FuzzFailure.Unless(packet.Data.Length <= _length && packet.Data.Length <= packet.Length, $"A packet has {packet.Data.Length} of {packet.Length} bytes in a file of {_length}.");
                FuzzFailure.Unless((uint)packet.Interface < (uint)reader.Interfaces.Count, $"A packet is of interface {packet.Interface} of {reader.Interfaces.Count}.");
                Count("packet");
            }
            FuzzFailure.Unless(reader.Position == _length, $"The reader ended at {reader.Position} of {_length} bytes.");
            Good();
        }
        catch (VhostException error)
        {
            FuzzFailure.Unless(error.Error == VhostError.CaptureInvalid, $"A file is blamed with {error.Error}.");
            Blame(error);
        }
        return 1;
    }

    public override void Dispose()
    {
    }

    private void LayOutPcap(ref FuzzInput input, ByteOrder order)
    {
        Put(order, input.OneIn(2) ? Pcapng.PcapNanoseconds : Pcapng.PcapMicroseconds);
        Put(order, order.IsBigEndian ? 0x0002_0004u : 0x0004_0002u);
        for (int i = 0; i < 4; i++) Put(order, i == 3 ? 1 : input.OneIn(4) ? input.UInt32() : 0);
        for (int packets = input.Below(6); packets > 0; packets--)
        {
            int kept = input.Below(40);
            for (int i = 0; i < 2; i++) Put(order, input.OneIn(4) ? input.UInt32() : 1);
            Put(order, input.OneIn(8) ? input.UInt32() : (uint)kept);
            Put(order, (uint)kept);
            _length += kept;
        }
    }

    private void LayOutPcapng(ref FuzzInput input, ByteOrder order)
    {
        Block(ref input, order, Pcapng.SectionHeader);
        Block(ref input, order, Pcapng.InterfaceDescription);
        for (int blocks = input.Below(10); blocks > 0; blocks--) Block(ref input, order, s_types[input.Below(s_types.Length)]);
    }

    private void Block(ref FuzzInput input, ByteOrder order, uint type)
    {
        int start = _length;
        Put(order, type);
        Put(order, 0);
        Body(ref input, order, type);
        uint length = (uint)(_length - start + 4);
        Put(order, input.OneIn(16) ? input.UInt32() : length);
        order.Put(_file.AsSpan(start + 4), input.OneIn(16) ? (uint)input.NearLimit() : length);
    }

    private void Body(ref FuzzInput input, ByteOrder order, uint type)
    {
        int kept = 4 * input.Below(10);
        switch (type)
        {
            case Pcapng.SectionHeader:
                Put(order, Pcapng.ByteOrderMagic);
                Put(order, order.IsBigEndian ? 0x0001_0000u : 1u);
                Put(order, uint.MaxValue);
                Put(order, uint.MaxValue);
                break;
            case Pcapng.InterfaceDescription:
                Put(order, input.OneIn(2) ? input.UInt32() : 1);
                Put(order, input.OneIn(2) ? input.UInt32() : 0);
                break;
            case Pcapng.EnhancedPacket or Pcapng.PacketBlock:
                Put(order, (uint)(input.OneIn(8) ? input.Byte() : 0));
                for (int i = 0; i < 2; i++) Put(order, input.OneIn(2) ? input.UInt32() : 0);
                for (int i = 0; i < 2; i++) Put(order, input.OneIn(8) ? (uint)input.NearLimit() : (uint)kept);
                _length += kept;
                break;
            case Pcapng.SimplePacket:
                Put(order, input.OneIn(8) ? input.UInt32() : (uint)kept);
                _length += kept;
                break;
        }
        // Options, whose lengths need not fit what follows.
        for (int options = input.Below(4); options > 0; options--)
        {
            int size = input.Below(10);
            order.Put(_file.AsSpan(_length), (ushort)input.Below(16));
            order.Put(_file.AsSpan(_length + 2), input.OneIn(8) ? input.UInt16() : (ushort)size);
            _length += 4;
            for (int i = 0; i < size; i++) _file[_length + i] = input.Byte();
            _length += size + Pcapng.Padding(size);
        }
    }

    private void Put(ByteOrder order, uint value)
    {
        order.Put(_file.AsSpan(_length), value);
        _length += sizeof(uint);
    }
}
