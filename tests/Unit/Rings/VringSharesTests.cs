using VhostUser.Rings;
using Xunit;

namespace VhostUser.Tests.Rings;

public class VringSharesTests
{
    [Fact]
    public void The_device_knows_what_it_has_not_taken() =>
        Assert.Equal(new VringShares(256, 10, 20, 0, 226), VringShares.Of(Ring("BackEnd") with { AvailableIndex = 35, OwnAvailableIndex = 25, UsedIndex = 5, OwnUsedIndex = 5 }));

    [Fact]
    public void The_driver_knows_what_it_has_not_taken_back() =>
        Assert.Equal(new VringShares(256, 0, 30, 3, 223), VringShares.Of(Ring("FrontEnd") with { AvailableIndex = 35, OwnAvailableIndex = 35, UsedIndex = 5, OwnUsedIndex = 2 }));

    [Fact]
    public void Indices_wrap() =>
        Assert.Equal(new VringShares(256, 0, 4, 2, 250), VringShares.Of(Ring("FrontEnd") with { AvailableIndex = 3, OwnAvailableIndex = 3, UsedIndex = 65535, OwnUsedIndex = 65533 }));

    [Fact]
    public void A_stopped_ring_has_no_shares() => Assert.Equal(default, VringShares.Of(Ring("BackEnd") with { Started = false, AvailableIndex = 5 }));

    [Theory]
    [InlineData("BackEnd")]
    [InlineData("FrontEnd")]
    public void Indices_of_a_hostile_peer_make_no_more_than_the_ring_holds(string role)
    {
        var random = new Random(1);
        for (int i = 0; i < 10000; i++)
        {
            VringShares shares = VringShares.Of(Ring(role) with
            {
                AvailableIndex = (ushort)random.Next(), OwnAvailableIndex = (ushort)random.Next(), UsedIndex = (ushort)random.Next(), OwnUsedIndex = (ushort)random.Next(),
            });
            Assert.Equal(256, shares.Available + shares.InFlight + shares.Used + shares.Free);
            Assert.True(shares is { Available: >= 0, InFlight: >= 0, Used: >= 0, Free: >= 0 });
        }
    }

    private static VringState Ring(string role) => new()
    {
        Owner = "x", Role = role, Queue = 0, Direction = "RX", Layout = "Split", Size = 256, Started = true, Enabled = true, Verdict = "ok",
    };
}
