using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Channel;

/// <summary>ACCESS_PLATFORM: rings and buffers at IOVAs that the front-end explains when it is asked (T-38, T-47, B-2).</summary>
public sealed class IotlbTests : ChannelTest
{
    private const ulong Offset = 0x4000_0000_0000; // IOVA of a byte = its user address - this

    [Theory]
    [InlineData(ServerMode.Echo, ProtocolFeatures.None)]
    [InlineData(ServerMode.Echo, ProtocolFeatures.InbandNotifications)]
    [InlineData(ServerMode.Echo, ProtocolFeatures.GpaAddresses)]
    public void Packets_pass_behind_an_IOMMU_and_while_it_is_invalidated(ServerMode mode, ProtocolFeatures protocol)
    {
        using SharedRegion region = Region();
        using VhostServer server = Serve(options => options with { Mode = mode, OfferFeatures = VirtioFeatures.AccessPlatform, OfferProtocolFeatures = ProtocolFeatures.GpaAddresses });
        using VhostClient client = Client(region, options => options with { RequireFeatures = VirtioFeatures.AccessPlatform, RequireProtocolFeatures = protocol });
        Echo(client, 100);
        long before = client.Snapshot().TranslationsAnswered;
        Assert.True(before > 4);
        for (int i = 0; i < 10; i++)
        {
            client.InvalidateTranslations();
            Echo(client, 20);
        }
        Assert.True(client.Snapshot().TranslationsAnswered > before);
        Assert.All(client.GetVringStates(descriptors: true)[0].Descriptors, descriptor => Assert.True(descriptor.Address >= 0x6000_0000_0000));
        Assert.Null(server.Snapshot().Fault);
        Assert.Null(client.Snapshot().LastRefusal);
    }

    [Fact]
    public void Ring_and_buffer_addresses_may_be_guest_physical_ones()
    {
        using SharedRegion region = Region();
        using VhostServer server = Serve(options => options with { OfferProtocolFeatures = ProtocolFeatures.GpaAddresses });
        using VhostClient client = Client(region, options => options with { RequireProtocolFeatures = ProtocolFeatures.GpaAddresses });
        Echo(client, 50);
        Assert.Equal(region.GuestAddress, server.Snapshot().Regions[0].UserAddress);
        Assert.Equal(0ul, unchecked(server.GetVringStates(0)[0].DescriptorAddress - region.GuestAddress) >> 23);
    }

    [Fact]
    public void A_client_without_the_channel_cannot_use_an_IOMMU()
    {
        using SharedRegion region = Region();
        using VhostServer server = Serve(options => options with { OfferFeatures = VirtioFeatures.AccessPlatform, ExcludeProtocolFeatures = ProtocolFeatures.BackendReq });
        VhostException error = Assert.Throws<VhostException>(() => Client(region, options => options with { RequireFeatures = VirtioFeatures.AccessPlatform }));
        Assert.Equal(VhostError.FeatureMissing, error.Error);
    }

    [Fact]
    public void B2_a_miss_is_sent_once_and_only_its_ring_waits()
    {
        using VhostServer server = ServeBehindIommu();
        (RawFrontEnd front, RawSocket channel) = Start();
        using (front) using (channel)
        {
            GuestRing transmit = front.Rings[1];
            transmit.Describe(0, Iova(front.Memory.Buffer(0)), 60);
            transmit.Offer(0);
            for (int i = 0; i < 20; i++) front.Signal(1);
            using (RawMessage miss = channel.Receive()!)
            {
                Assert.Equal((uint)BackEndRequest.IotlbMsg, miss.Request);
                Assert.Equal(32, miss.Payload.Length);
                IotlbPayload payload = miss.Read<IotlbPayload>();
                Assert.Equal((Iova(front.Memory.Buffer(0)), IotlbPermission.Read, IotlbType.Miss), (payload.Iova, payload.Permission, payload.Type));
            }
            Assert.Throws<TimeoutException>(() => channel.Receive(Moment));
            Assert.Contains("stalled", Ring(server, 1).Verdict);
            Assert.Equal(0, transmit.UsedIndex);
            Assert.NotEqual(0ul, front.GetUInt64(FrontEndRequest.GetFeatures)); // the session goes on
            Tell(front, front.Memory.Buffer(0), 4096, IotlbPermission.Read);
            Assert.True(RawFrontEnd.WaitUntil(() => transmit.UsedIndex == 1));
        }
    }

    [Fact]
    public void B2_a_range_of_the_wrong_permission_is_a_miss()
    {
        using VhostServer server = ServeBehindIommu();
        (RawFrontEnd front, RawSocket channel) = Start();
        using (front) using (channel)
        {
            Tell(front, front.Memory.Buffer(0), 4096, IotlbPermission.Write);
            front.Rings[1].Describe(0, Iova(front.Memory.Buffer(0)), 60);
            front.Rings[1].Offer(0);
            front.Signal(1);
            using RawMessage miss = channel.Receive()!;
            Assert.Equal(IotlbPermission.Read, miss.Read<IotlbPayload>().Permission);
            Assert.Equal(0, front.Rings[1].UsedIndex);
        }
    }

    [Fact]
    public void B2_an_invalidated_buffer_is_asked_for_again_and_a_hole_stays_one()
    {
        using VhostServer server = ServeBehindIommu();
        (RawFrontEnd front, RawSocket channel) = Start();
        using (front) using (channel)
        {
            Tell(front, front.Memory.Buffer(0), 16384, IotlbPermission.ReadWrite);
            Send(front, 0);
            Assert.True(RawFrontEnd.WaitUntil(() => front.Rings[1].UsedIndex == 1));
            // A hole in the middle: both sides of it stay.
            Assert.Equal(0ul, front.Ask(FrontEndRequest.IotlbMsg, RawMessage.Of(new IotlbPayload { Iova = Iova(front.Memory.Buffer(2)), Size = 4096, Type = IotlbType.Invalidate })));
            Send(front, 0);
            Send(front, 4);
            Assert.True(RawFrontEnd.WaitUntil(() => front.Rings[1].UsedIndex == 3));
            Send(front, 2);
            using (RawMessage miss = channel.Receive()!) Assert.Equal(Iova(front.Memory.Buffer(2)), miss.Read<IotlbPayload>().Iova);
            Assert.Equal(3, front.Rings[1].UsedIndex);
        }
    }

    [Fact]
    public void B2_a_ring_whose_area_is_invalidated_stops_and_goes_on_where_it_was()
    {
        using VhostServer server = ServeBehindIommu();
        (RawFrontEnd front, RawSocket channel) = Start();
        using (front) using (channel)
        {
            Tell(front, front.Memory.Buffer(0), 4096, IotlbPermission.Read);
            Send(front, 0);
            Assert.True(RawFrontEnd.WaitUntil(() => front.Rings[1].UsedIndex == 1));
            Assert.Equal(0ul, front.Ask(FrontEndRequest.IotlbMsg, RawMessage.Of(new IotlbPayload { Iova = Iova(0), Size = GuestMemory.Buffers, Type = IotlbType.Invalidate })));
            Assert.False(Ring(server, 1).Started);
            Assert.Contains("IOTLB_MSG", Ring(server, 1).Verdict);
            Send(front, 0);
            using (RawMessage miss = channel.Receive()!) Assert.Equal(IotlbType.Miss, miss.Read<IotlbPayload>().Type);
            Tell(front, 0, GuestMemory.Buffers, IotlbPermission.ReadWrite);
            Assert.True(RawFrontEnd.WaitUntil(() => front.Rings[1].UsedIndex == 2));
        }
    }

    [Theory]
    [InlineData(0ul, 4096ul, 2, 3)]   // user address in no region
    [InlineData(1ul, 0ul, 2, 3)]      // empty
    [InlineData(1ul, 4096ul, 1, 3)]   // a miss is the back-end's
    [InlineData(1ul, 4096ul, 2, 8)]   // unknown permission
    [InlineData(1ul, 4096ul, 9, 3)]   // unknown type
    public void B2_a_senseless_message_is_refused(ulong inside, ulong size, byte type, byte permission)
    {
        using VhostServer server = ServeBehindIommu();
        (RawFrontEnd front, RawSocket channel) = Start();
        using (front) using (channel)
        {
            var payload = new IotlbPayload { Iova = 0, Size = size, UserAddress = inside == 1 ? GuestMemory.UserAddress : 1, Permission = (IotlbPermission)permission, Type = (IotlbType)type };
            AssertRefuses(front.Ask(FrontEndRequest.IotlbMsg, RawMessage.Of(payload)), server, "IOTLB_MSG");
        }
    }

    [Fact]
    public void Without_ACCESS_PLATFORM_an_IOTLB_message_is_refused()
    {
        using VhostServer server = Serve();
        using RawFrontEnd front = ConnectAndStart();
        AssertRefuses(front.Ask(FrontEndRequest.IotlbMsg, new byte[32]), server, "ACCESS_PLATFORM");
        AssertPasses(front, server);
    }

    private VhostServer ServeBehindIommu() => Serve(options => options with { Mode = ServerMode.Sink, OfferFeatures = VirtioFeatures.AccessPlatform });

    /// <summary>Rings at IOVAs that are known, buffers that are not.</summary>
    private (RawFrontEnd Front, RawSocket Channel) Start()
    {
        (RawFrontEnd front, RawSocket channel) = ConnectWithChannel();
        front.SetMemTable();
        Tell(front, 0, GuestMemory.Buffers, IotlbPermission.ReadWrite);
        for (uint i = 0; i < 2; i++)
        {
            GuestRing ring = front.Rings[i];
            front.SetVringNum((int)i);
            Assert.Equal(0ul, front.Ask(FrontEndRequest.SetVringAddr, RawMessage.Of(new VringAddressPayload
            {
                Index = i,
                Descriptors = Iova(ring.DescriptorOffset),
                Available = Iova(ring.AvailableOffset),
                Used = Iova(ring.UsedOffset),
            })));
            front.SetVringCall((int)i);
            front.SetVringKick((int)i);
            front.SetVringEnable((int)i);
        }
        return (front, channel);
    }

    private static ulong Iova(int offset) => GuestMemory.UserAddress + (ulong)offset - Offset;

    private static void Tell(RawFrontEnd front, int offset, ulong size, IotlbPermission permission) => Assert.Equal(0ul, front.Ask(FrontEndRequest.IotlbMsg, RawMessage.Of(new IotlbPayload
    {
        Iova = Iova(offset),
        Size = size,
        UserAddress = GuestMemory.UserAddress + (ulong)offset,
        Permission = permission,
        Type = IotlbType.Update,
    })));

    private static void Send(RawFrontEnd front, int buffer)
    {
        ushort slot = (ushort)(front.Rings[1].AvailableIndex % 64);
        front.Rings[1].Describe(slot, Iova(front.Memory.Buffer(buffer)), 60);
        front.Rings[1].Offer(slot);
        front.Signal(1);
    }
}
