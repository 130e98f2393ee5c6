using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Packets;
using VhostUser.Protocol;

namespace VhostUser.Commands;

/// <summary>Sends control commands to the device of a client: what it wants to receive, its addresses, VLANs, queue pairs and offloads.</summary>
[Cmdlet(VerbsCommon.Set, "VhostClient", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class SetVhostClientCommand : VhostCmdlet
{
    /// <summary>The client: its name or the client.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(ClientNameCompleter))]
    public ClientArgument? Client { get; set; }

    /// <summary>The client's own MAC address.</summary>
    [Parameter]
    public MacAddress? MacAddress { get; set; }

    /// <summary>More unicast addresses to receive packets for; with -MulticastAddress they replace those set before.</summary>
    [Parameter]
    [AllowEmptyCollection]
    public MacAddress[]? UnicastAddress { get; set; }

    /// <summary>Multicast addresses to receive packets for; with -UnicastAddress they replace those set before.</summary>
    [Parameter]
    [AllowEmptyCollection]
    public MacAddress[]? MulticastAddress { get; set; }

    /// <summary>Receives packets for everybody; -Promiscuous:$false ends that, as with the next five.</summary>
    [Parameter]
    public SwitchParameter Promiscuous { get; set; }

    /// <summary>Receives all multicast packets.</summary>
    [Parameter]
    public SwitchParameter AllMulticast { get; set; }

    /// <summary>Receives all unicast packets.</summary>
    [Parameter]
    public SwitchParameter AllUnicast { get; set; }

    /// <summary>Receives no multicast packets.</summary>
    [Parameter]
    public SwitchParameter NoMulticast { get; set; }

    /// <summary>Receives no unicast packets.</summary>
    [Parameter]
    public SwitchParameter NoUnicast { get; set; }

    /// <summary>Receives no broadcast packets.</summary>
    [Parameter]
    public SwitchParameter NoBroadcast { get; set; }

    /// <summary>VLANs whose packets to receive from now on, 0 to 4095.</summary>
    [Parameter]
    [ValidateRange(0, 4095)]
    public int[] AddVlan { get; set; } = [];

    /// <summary>VLANs whose packets to receive no longer, 0 to 4095.</summary>
    [Parameter]
    [ValidateRange(0, 4095)]
    public int[] RemoveVlan { get; set; } = [];

    /// <summary>The number of queue pairs that the device uses.</summary>
    [Parameter]
    [ValidateRange(1, 128)]
    public int? QueuePairs { get; set; }

    /// <summary>The guest offloads that are on from now on (GuestCsum, GuestTso4 and so on); all others are off. None turns all off.</summary>
    [Parameter]
    public VirtioFeatures[]? GuestOffload { get; set; }

    /// <summary>Tells the device that the client has announced itself.</summary>
    [Parameter]
    public SwitchParameter AcknowledgeAnnounce { get; set; }

    /// <summary>How long to wait for the device's answer to each command: seconds or a TimeSpan; 5 seconds when not given.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Sends the commands of one record, in the order of the parameters.</summary>
    protected override void ProcessRecord() => Guard(() =>
    {
        VhostClient client = Client!.Resolve();
        ControlCommand[] commands = [.. Commands()];
        if (commands.Length == 0)
            throw new VhostException(VhostError.InvalidArgument, $"Client '{client.Name}': no parameter says what to set.", client.Name, "Give one, for example -Promiscuous or -MacAddress; see Get-Help Set-VhostClient.");
        foreach (ControlCommand command in commands)
        {
            if (ShouldProcess(client.Name, $"Set {command}")) client.Control(command, Timeout, Cancel);
        }
    }, Client);

    private IEnumerable<ControlCommand> Commands()
    {
        if (MacAddress is MacAddress address) yield return ControlCommand.SetMac(address);
        if (UnicastAddress is not null || MulticastAddress is not null) yield return ControlCommand.SetMacTable(UnicastAddress ?? [], MulticastAddress ?? []);
        if (Given(nameof(Promiscuous))) yield return ControlCommand.Promiscuous(Promiscuous);
        if (Given(nameof(AllMulticast))) yield return ControlCommand.AllMulticast(AllMulticast);
        if (Given(nameof(AllUnicast))) yield return ControlCommand.AllUnicast(AllUnicast);
        if (Given(nameof(NoMulticast))) yield return ControlCommand.NoMulticast(NoMulticast);
        if (Given(nameof(NoUnicast))) yield return ControlCommand.NoUnicast(NoUnicast);
        if (Given(nameof(NoBroadcast))) yield return ControlCommand.NoBroadcast(NoBroadcast);
        foreach (int vlan in AddVlan) yield return ControlCommand.AddVlan(vlan);
        foreach (int vlan in RemoveVlan) yield return ControlCommand.RemoveVlan(vlan);
        if (QueuePairs is int pairs) yield return ControlCommand.SetQueuePairs(pairs);
        if (GuestOffload is not null) yield return ControlCommand.SetGuestOffloads(FeatureSet.Of(GuestOffload));
        if (AcknowledgeAnnounce) yield return ControlCommand.AcknowledgeAnnounce();
    }

    /// <summary>Whether a switch was given at all: -Promiscuous:$false is a command too.</summary>
    private bool Given(string parameter) => MyInvocation.BoundParameters.ContainsKey(parameter);
}
