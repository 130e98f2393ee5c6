using VhostUser.Labs;
using Xunit;
using static VhostUser.Tests.Labs.LabTables;

namespace VhostUser.Tests.Labs;

/// <summary>The way from what is there to what a file wants.</summary>
public class LabPlanTests
{
    [Fact]
    public void Nothing_there_everything_is_made_what_is_used_before_its_users() => Assert.Equal(
        ["Make region mem", "Make server sw0", "Make server sw1", "Make bridge br0", "Make client vm0"], Plan(Read(Trio()), []));

    [Fact]
    public void All_there_nothing_is_done()
    {
        Lab lab = Read(Trio());
        Assert.All(LabPlan.Between(Read(Trio()), Made(lab)), step => Assert.Equal(LabAction.Keep, step.Action));
    }

    [Fact]
    public void An_empty_lab_takes_everything_down_users_first() => Assert.Equal(
        ["Remove client vm0", "Remove bridge br0", "Remove server sw1", "Remove server sw0", "Remove region mem"],
        Plan(new Lab("trio", new Dictionary<string, string>(), []), [.. Made(Read(Trio())).OrderByDescending(one => one.Item.Name)]));

    [Fact]
    public void Only_what_changed_is_touched_and_what_stands_on_it()
    {
        LabPresent[] made = Made(Read(Trio()));
        Lab changed = Read(With(Trio(), "Servers", "sw1", T(("Path", "./sw1.sock"), ("Mode", "Sink"))));
        IReadOnlyList<LabStep> steps = LabPlan.Between(changed, made);
        Assert.Equal(["Remove client vm0: server sw1 goes", "Remove server sw1: Mode: Echo → Sink"], steps.Take(2).Select(step => step.ToString()));
        Assert.Equal(["Keep mem", "Keep sw0", "Make sw1", "Keep br0", "Make vm0"], steps.Skip(2).Select(step => $"{step.Action} {step.Name}"));
    }

    [Fact]
    public void A_client_that_reconnects_stays_when_its_server_is_made_anew()
    {
        Lab before = Read(With(Trio(), "Clients", "vm0", T(("Region", "mem"), ("Server", "sw1"), ("Reconnect", true))));
        Lab after = Read(With(With(Trio(), "Clients", "vm0", T(("Region", "mem"), ("Server", "sw1"), ("Reconnect", true))), "Servers", "sw1", T(("Path", "./sw1.sock"))));
        Assert.Contains("Keep client vm0", Plan(after, Made(before)));
        Assert.Contains("Make server sw1", Plan(after, Made(before)));
    }

    [Fact]
    public void A_region_takes_its_clients_with_it() => Assert.Equal(
        ["Remove client vm0", "Remove region mem"], Plan(Read(With(Trio(), "Regions", "mem", T(("Size", 1 << 20)))), Made(Read(Trio()))).Take(2));

    [Fact]
    public void Ports_come_and_go_while_the_bridge_runs()
    {
        IReadOnlyList<LabStep> steps = LabPlan.Between(Read(With(Trio(), "Bridges", "br0", T(("Port", "sw1")))), Made(Read(Trio())));
        Assert.Equal("Change bridge br0: add port sw1; remove port sw0", Assert.Single(steps, step => step.Action != LabAction.Keep).ToString());
    }

    [Fact]
    public void A_port_that_was_taken_out_by_hand_comes_back()
    {
        LabPresent[] made = [.. Made(Read(Trio())).Select(one => one.Item.Kind == LabItemKind.Bridge ? one with { Ports = [] } : one)];
        Assert.Equal("Change bridge br0: add port sw0", Assert.Single(LabPlan.Between(Read(Trio()), made), step => step.Action != LabAction.Keep).ToString());
    }

    [Fact]
    public void A_server_that_is_made_anew_is_made_a_port_again() =>
        Assert.Contains("Change bridge br0", Plan(Read(With(Trio(), "Servers", "sw0", T(("Path", "./other.sock")))), Made(Read(Trio()))));

    [Fact]
    public void Other_settings_of_a_bridge_make_it_anew() =>
        Assert.Contains("Remove bridge br0", Plan(Read(With(Trio(), "Bridges", "br0", T(("Port", "sw0"), ("AgeingTime", 5)))), Made(Read(Trio()))));

    [Fact]
    public void What_is_gone_is_made_again_and_what_is_broken_made_anew()
    {
        LabPresent[] made = [.. Made(Read(Trio())).Where(one => one.Item.Name != "sw1").Select(one => one.Item.Name == "vm0" ? one with { Broken = "its back-end has gone" } : one)];
        IReadOnlyList<LabStep> steps = LabPlan.Between(Read(Trio()), made);
        Assert.Equal("Remove client vm0: its back-end has gone", steps[0].ToString());
        Assert.Equal(["sw1", "vm0"], steps.Where(step => step.Action == LabAction.Make).Select(step => step.Name));
    }

    private static LabPresent[] Made(Lab lab) => [.. lab.Items.Select(item => new LabPresent(item, item.Ports))];

    private static string[] Plan(Lab wanted, LabPresent[] present) => [.. LabPlan.Between(wanted, present).Select(step => step.ToString().Split(':')[0])];
}
