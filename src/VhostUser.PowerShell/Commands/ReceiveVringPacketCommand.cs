using System.Diagnostics;
using System.Management.Automation;
using VhostUser.Arguments;
using VhostUser.Endpoints;
using VhostUser.Handles;
using VhostUser.Packets;
using VhostUser.Rings;

namespace VhostUser.Commands;

/// <summary>Receive-VringPacket: takes packets from a client's receive ring and writes each as soon as it is there.</summary>
[Cmdlet(VerbsCommunications.Receive, "VringPacket")]
[OutputType(typeof(ReceivedPacket))]
public sealed class ReceiveVringPacketCommand : VhostCmdlet
{
    private const int BurstSize = 64;

    private static readonly TimeSpan s_defaultTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_defaultTimeoutWithCount = TimeSpan.FromSeconds(10);

    /// <summary>The client that receives.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(ClientNameCompleter))]
    public ClientArgument? Client { get; set; }

    /// <summary>How many packets are expected; fewer within -Timeout are an error. Without it, whatever comes within -Timeout is taken.</summary>
    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    public long? Count { get; set; }

    /// <summary>How long to receive in all: seconds or a TimeSpan; when not given, 10 seconds with -Count and 1 second without.</summary>
    [Parameter]
    [Timeout]
    public TimeSpan? Timeout { get; set; }

    /// <summary>Ring index; 0, the first receive ring, when not given.</summary>
    [Parameter]
    [ValidateRange(0, 255)]
    [ArgumentCompleter(typeof(QueueCompleter))]
    public int Queue { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Guard(() => Receive(Client!.Resolve()), Client);

    private void Receive(VhostClient client)
    {
        TimeSpan timeout = Timeout ?? (Count is null ? s_defaultTimeout : s_defaultTimeoutWithCount);
        long wanted = Count ?? long.MaxValue;
        long start = Stopwatch.GetTimestamp();
        var burst = new List<ReceivedPacket>(BurstSize);
        using var progress = new WaitProgress(this, $"Receiving on ring {Queue} of client '{client.Name}'", timeout);
        for (long received = 0; received < wanted; received += burst.Count)
        {
            TimeSpan left = timeout - Stopwatch.GetElapsedTime(start);
            // Even when the time is over: packets that wait are taken, up to the number that was asked for.
            if (left < TimeSpan.Zero && Count is null) return;
            burst.Clear();
            TimeSpan slice = left < WaitProgress.Interval ? left : WaitProgress.Interval;
            client.Receive(burst, Queue, (int)Math.Min(wanted - received, BurstSize), slice > TimeSpan.Zero ? slice : TimeSpan.Zero, Cancel);
            if (burst.Count == 0)
            {
                progress.Show(Count is null ? $"{received:n0} packets" : $"{received:n0} of {Count:n0} packets");
                if (left > slice) continue;
                if (Count is not null) throw TooFew(client, received, timeout);
                return;
            }
            foreach (ReceivedPacket packet in burst) WriteObject(packet);
        }
    }

    private VhostException TooFew(VhostClient client, long received, TimeSpan timeout)
    {
        VringState ring = client.GetVringStates(Queue)[0];
        // When the other end lives here too, it can be asked at once.
        VhostServer? server = LiveHandles.Servers.Find("*").FirstOrDefault(one => one.Path == client.Path);
        string other = server?.GetVringStates(Queue).FirstOrDefault() is VringState theirs ? $" Server '{server.Name}' says of it: {theirs.Verdict}." : "";
        return new VhostException(VhostError.PeerTimeout,
            $"Client '{client.Name}': {received} of {Count} packets came on ring {Queue} within {timeout.TotalSeconds:0.###} s. Ring {Queue}: {ring.Verdict}.{other}", client.Name,
            "Get-VringState shows both directions, and of a server too; a longer -Timeout waits longer. See Verdicts in about_VhostUser_Rings.");
    }
}
