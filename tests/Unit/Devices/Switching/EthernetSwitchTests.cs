using VhostUser.Devices.Net;
using VhostUser.Devices.Net.Switching;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Rings;
using Xunit;

namespace VhostUser.Tests.Devices.Switching;

/// <summary>Where a switch sends what: learned, flooded, filtered, tagged.</summary>
public unsafe class EthernetSwitchTests
{
    private static readonly MacAddress A = MacAddress.Parse("02:00:00:00:00:0a");
    private static readonly MacAddress B = MacAddress.Parse("02:00:00:00:00:0b");
    private static readonly MacAddress Everybody = MacAddress.Parse("ff:ff:ff:ff:ff:ff");

    private readonly EthernetSwitch _switch = new(TimeSpan.FromSeconds(300));
    private long _now;

    [Fact]
    public void An_unknown_destination_is_flooded_to_all_but_the_sender()
    {
        RecordingPort[] ports = Add(3);
        byte[] frame = Forward(ports[0], A, B);
        Assert.Empty(ports[0].Sent);
        Assert.Equal(frame, ports[1].Single());
        Assert.Equal(frame, ports[2].Single());
        Assert.Equal((1, 0, 1), (ports[0].PacketsIn, ports[1].PacketsOut, ports[1].Flooded));
    }

    [Fact]
    public void A_known_destination_gets_the_packet_alone_and_broadcasts_still_go_to_all()
    {
        RecordingPort[] ports = Add(3);
        Forward(ports[2], B, Everybody);
        Forward(ports[0], A, B);
        Assert.Single(ports[1].Sent); // the broadcast only
        Assert.Equal((0, 1), (ports[2].Flooded, ports[2].PacketsOut));
        Forward(ports[0], A, Everybody);
        Assert.Equal(1, ports[2].Flooded);
    }

    [Fact]
    public void A_station_that_moves_is_found_at_its_new_port()
    {
        RecordingPort[] ports = Add(3);
        Forward(ports[1], B, Everybody);
        Forward(ports[2], B, Everybody);
        Clear(ports);
        Forward(ports[0], A, B);
        Assert.Empty(ports[1].Sent);
        Assert.Single(ports[2].Sent);
    }

    [Fact]
    public void A_station_that_is_silent_for_too_long_is_forgotten()
    {
        RecordingPort[] ports = Add(3);
        Forward(ports[2], B, Everybody);
        Clear(ports);
        _now += 300_000;
        Forward(ports[0], A, B);
        Assert.Empty(ports[1].Sent);
        _now++;
        Forward(ports[0], A, B);
        Assert.Single(ports[1].Sent);
    }

    [Fact]
    public void A_packet_to_a_station_on_its_own_port_stays_there()
    {
        RecordingPort[] ports = Add(2);
        Forward(ports[0], A, Everybody);
        Clear(ports);
        Forward(ports[0], B, A);
        Assert.Empty(ports[1].Sent);
        Assert.Equal(1, Drops(ports[0], DropReason.SamePort));
    }

    [Fact]
    public void A_removed_port_gets_nothing_and_its_stations_are_forgotten()
    {
        RecordingPort[] ports = Add(3);
        Forward(ports[2], B, Everybody);
        Clear(ports);
        _switch.Remove(ports[2]);
        Forward(ports[0], A, B);
        Assert.Single(ports[1].Sent);
        Assert.Empty(ports[2].Sent);
        var late = new RecordingPort("late");
        Assert.True(_switch.TryAdd(late));
        Assert.Equal(2, late.Number);
        Forward(ports[0], A, B);
        Assert.Single(late.Sent);
    }

    [Fact]
    public void Ports_of_one_group_never_send_to_each_other()
    {
        RecordingPort local = Add(new RecordingPort("local"));
        RecordingPort one = Add(new RecordingPort("one") { Group = 1 });
        RecordingPort two = Add(new RecordingPort("two") { Group = 1 });
        Forward(one, A, Everybody);
        Assert.Single(local.Sent);
        Assert.Empty(two.Sent);
        Forward(two, B, A); // A is known to be at one
        Assert.Empty(one.Sent);
        Assert.Equal(1, Drops(two, DropReason.SamePort));
        Forward(local, MacAddress.Parse("02:00:00:00:00:0c"), A);
        Assert.Single(one.Sent);
    }

    [Fact]
    public void A_lonely_port_drops_and_counts()
    {
        RecordingPort port = Add(1)[0];
        Forward(port, A, B);
        Assert.Equal(1, Drops(port, DropReason.NoDestination));
        Forward(port, new byte[13]);
        Assert.Equal(1, Drops(port, DropReason.NoEthernetHeader));
    }

    [Fact]
    public void VLANs_are_worlds_of_their_own_and_tags_come_and_go_at_access_ports()
    {
        RecordingPort red = Add(new RecordingPort("red") { Vlans = new VlanFilter(10, []) });
        RecordingPort green = Add(new RecordingPort("green") { Vlans = new VlanFilter(20, []) });
        RecordingPort trunk = Add(new RecordingPort("trunk") { Vlans = new VlanFilter(0, [10, 20]) });
        RecordingPort red2 = Add(new RecordingPort("red2") { Vlans = new VlanFilter(10, []) });

        byte[] plain = Forward(red, A, Everybody);
        Assert.Empty(green.Sent);
        Assert.Equal(plain, red2.Single());
        VhostPacket tagged = VhostPacket.FromBytes(trunk.Single());
        Assert.Equal(10, tagged.VlanId);
        Assert.Equal(plain[12..], tagged.Bytes[16..].ToArray());

        Forward(trunk, Frame(B, A, vlan: 10));
        Assert.Null(VhostPacket.FromBytes(red.Single()).VlanId);
        Assert.Empty(red2.Sent);
        Forward(trunk, Frame(B, A, vlan: 20)); // A is in VLAN 10; in 20 nobody knows it
        Assert.Null(VhostPacket.FromBytes(green.Single()).VlanId);
        Assert.Empty(red.Sent);

        Forward(trunk, Frame(B, A, vlan: 30));
        Forward(trunk, Frame(B, A, vlan: null));
        Forward(red, Frame(A, B, vlan: 20));
        Assert.Equal((2, 1), (Drops(trunk, DropReason.VlanFiltered), Drops(red, DropReason.VlanFiltered)));
    }

    [Fact]
    public void A_tag_moves_the_place_of_the_checksum()
    {
        RecordingPort access = Add(new RecordingPort("access") { Vlans = new VlanFilter(10, []) });
        RecordingPort trunk = Add(new RecordingPort("trunk") { Vlans = new VlanFilter(0, [10]) });
        var header = new NetHeader { Flags = NetHeader.NeedsCsum, ChecksumStart = 34, ChecksumOffset = 6, HeaderLength = 42 };
        Forward(access, Frame(A, Everybody, null), header);
        Assert.Equal((38, 6, 46), (trunk.Sent[0].Header.ChecksumStart, trunk.Sent[0].Header.ChecksumOffset, trunk.Sent[0].Header.HeaderLength));
        Forward(trunk, trunk.Sent[0].Frame, trunk.Sent[0].Header);
        NetHeader back = Assert.Single(access.Sent).Header; // and back where it was, without the tag
        Assert.Equal((34, 6, 42), (back.ChecksumStart, back.ChecksumOffset, back.HeaderLength));
    }

    [Fact]
    public void A_frame_in_a_hundred_pieces_keeps_its_bytes_through_a_tag()
    {
        RecordingPort access = Add(new RecordingPort("access") { Vlans = new VlanFilter(10, []) });
        RecordingPort trunk = Add(new RecordingPort("trunk") { Vlans = new VlanFilter(0, [10]) });
        byte[] frame = Frame(A, Everybody, null);
        fixed (byte* bytes = frame)
        {
            Segment* segments = stackalloc Segment[frame.Length];
            for (int i = 0; i < frame.Length; i++) segments[i] = new Segment(bytes + i, 1);
            _switch.Forward(access, new PacketView(segments, frame.Length, 0, (uint)frame.Length), default, 0, _now);
        }
        byte[] tagged = trunk.Single();
        Assert.Equal(frame, (byte[])[.. tagged[..12], .. tagged[16..]]);
    }

    [Fact]
    public void A_flood_of_false_sources_leaves_stations_that_speak_in_place()
    {
        var table = new MacTable(TimeSpan.FromSeconds(300));
        ulong station = MacTable.KeyOf(0x02_0000_00000A, 0);
        for (long now = 0; now < 200_000; now++)
        {
            if (now % 10_000 == 0) table.Learn(station, 1, now);
            table.Learn(MacTable.KeyOf(0x02_1000_000000 + (ulong)now, 0), 2, now);
            if (now % 10_000 == 5_000) Assert.Equal(1, table.Find(station, now));
        }
        Assert.InRange(table.Read(200_000).Count(), MacTable.Capacity * 3 / 4, MacTable.Capacity);
        table.Learn(station, 1, 200_000);
        table.Forget(2);
        Assert.Equal([(0x02_0000_00000AUL, 0, 1)], table.Read(200_000).Select(row => (row.Mac, row.Vlan, row.Port)));
    }

    private RecordingPort[] Add(int count) => [.. Enumerable.Range(0, count).Select(i => Add(new RecordingPort($"port{i}")))];

    private RecordingPort Add(RecordingPort port)
    {
        Assert.True(_switch.TryAdd(port));
        return port;
    }

    private static void Clear(RecordingPort[] ports)
    {
        foreach (RecordingPort port in ports) port.Sent.Clear();
    }

    private static long Drops(SwitchPort port, DropReason reason)
    {
        var totals = new Dictionary<string, long>();
        port.Drops.AddTo(totals);
        return totals.GetValueOrDefault(reason.ToString());
    }

    private byte[] Forward(SwitchPort from, MacAddress source, MacAddress destination) => Forward(from, Frame(source, destination, null));

    private byte[] Forward(SwitchPort from, byte[] frame, NetHeader header = default)
    {
        fixed (byte* bytes = frame)
        {
            var segment = new Segment(bytes, (uint)frame.Length);
            _switch.BeginBurst();
            _switch.Forward(from, new PacketView(&segment, 1, 0, (uint)frame.Length), header, 0, _now);
        }
        return frame;
    }

    private static byte[] Frame(MacAddress source, MacAddress destination, int? vlan) =>
        PacketBuilder.Build(new() { SourceMac = source, DestinationMac = destination, VlanId = vlan, Payload = new byte[40] }).Bytes.ToArray();
}
