using System.Globalization;
using System.Text.RegularExpressions;
using VhostUser.Protocol;
using VhostUser.Tests.Interop.Peers;
using Xunit;
using Xunit.Abstractions;

namespace VhostUser.Tests.Interop;

/// <summary>Our server killed and started again under a guest's traffic: the guest goes on, and no ring is stuck.</summary>
[Peer("QEMU guest", "front-end")]
public sealed class QemuReconnectTests(ITestOutputHelper output) : IDisposable
{
    private const string Us = "198.18.0.2";
    private const int PingsPerSecond = 50, Streams = 3;
    private readonly SocketFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [QemuTheory]
    [Cell(3, true, "")]
    [Cell(20, true, "", Full = true)]
    [Cell(20, false, "", Full = true)]
    [Cell(20, true, "packed=on", Needs = VirtioFeatures.RingPacked, Full = true)]
    [Cell(20, false, "packed=on", Needs = VirtioFeatures.RingPacked, Full = true)]
    public void Traffic_is_back_within_a_second_each_time_the_server_was_killed(int kills, bool qemuListens, string device)
    {
        ServerProcess server = ServerProcess.Start(_folder.Socket, Us, connect: qemuListens);
        try
        {
            using QemuGuest guest = QemuGuest.Start(new QemuOptions
            {
                Socket = _folder.Socket,
                Listen = qemuListens,
                Reconnect = qemuListens ? 0 : 1,
                Device = device,
                Lifetime = TimeSpan.FromMinutes(8),
            });
            guest.WaitUntilReady().SetAddress("198.18.0.1/24");
            Assert.Equal((10, 10), Ping(guest));
            // A guest whose link was down asks for addresses anew, and only once a second: that is not what is measured here.
            guest.Run($"arp -s {Us} 02:00:00:00:00:02");
            string interval = (1.0 / PingsPerSecond).ToString(CultureInfo.InvariantCulture);
            guest.Run($"for i in $(seq {Streams}); do ping -i {interval} -W 1 -s 1400 {Us} > /tmp/stream$i 2>&1 & done");

            List<TimeSpan> fromStart = [], fromConnection = [];
            for (int kill = 0; kill < kills; kill++)
            {
                server.Program.Kill();
                server.Dispose();
                server = ServerProcess.Start(_folder.Socket, Us, connect: qemuListens);
                (TimeSpan start, TimeSpan connection) = server.WaitForTraffic();
                fromStart.Add(start);
                fromConnection.Add(connection);
            }

            guest.Run("killall -INT ping; usleep 300000");
            (int sent, int received) = Summarize(guest.Run("grep transmitted /tmp/stream*"));
            output.WriteLine($"{kills} kills: {sent - received} of {sent} pings lost; traffic after the connection {Describe(fromConnection)}, after the start {Describe(fromStart)}");
            Assert.Equal((20, 20), Ping(guest, 20));
            Assert.True(received > 0 && received < sent, $"{received} of {sent} pings came back: was there traffic at each kill?");
            // One slow start on a busy machine is no defect; a ring that is stuck is never back.
            Assert.True(Median(fromConnection) < TimeSpan.FromSeconds(1), Describe(fromConnection));
            // QEMU itself looks for a back-end once a second only, when it is the one that connects.
            Assert.True(Median(fromStart) < TimeSpan.FromSeconds(qemuListens ? 1 : 2.5), Describe(fromStart));
        }
        finally
        {
            server.Dispose();
        }
    }

    private static (int Sent, int Received) Ping(QemuGuest guest, int count = 10) => Summarize(guest.TryRun($"ping -c {count} -i 0.1 -W 5 {Us}").Output);

    private static (int Sent, int Received) Summarize(string reports)
    {
        MatchCollection matches = Regex.Matches(reports, @"(\d+) packets transmitted, (\d+) packets received");
        Assert.NotEmpty(matches);
        return (matches.Sum(match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)), matches.Sum(match => int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture)));
    }

    private static TimeSpan Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);

    private static string Describe(List<TimeSpan> times) => $"median {Median(times).TotalMilliseconds:0} ms, {string.Join(' ', times.Select(time => $"{time.TotalMilliseconds:0}"))}";
}
