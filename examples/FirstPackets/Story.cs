using VhostUser.Endpoints;
using VhostUser.Memory;
using VhostUser.Packets;
using VhostUser.Rings;

namespace VhostUser.Examples;

/// <summary>How the story is printed.</summary>
internal static class Story
{
    private static int s_step;

    public static void Step(string text) => Console.WriteLine($"\n{++s_step}. {text}");

    public static void Show(SharedRegionInfo region) => Console.WriteLine(
        $"   region {region.Name}: {region.Size >> 20} MB, {region.Safety}; guest 0x{region.GuestAddress:x}, user 0x{region.UserAddress:x}, mapped at 0x{region.MappingAddress:x}");

    public static void Show(VhostServerInfo server)
    {
        Console.WriteLine($"   server {server.Name}: {server.State}, mode {server.Mode}, peer is process {server.PeerProcessId} (user {server.PeerUserId})");
        Console.WriteLine($"   features {string.Join(", ", server.Features)}; header of {server.HeaderLength} bytes");
    }

    public static void Show(string what, VhostPacket packet) => Console.WriteLine($"   {what,-8} {packet.Summary}: '{packet.PayloadText}'");

    public static void Show(IEnumerable<VringState> rings)
    {
        foreach (VringState ring in rings)
        {
            Console.WriteLine($"   {ring.Owner} ring {ring.Queue} {ring.Direction}: size {ring.Size}, available {ring.AvailableIndex}, used {ring.UsedIndex}, in flight {ring.InFlight}, "
                + $"packets {ring.Packets}, kicks {ring.Kicks}, calls {ring.Calls}: {ring.Verdict}");
        }
    }

    public static void Show(IEnumerable<VringDescriptor> descriptors)
    {
        foreach (VringDescriptor descriptor in descriptors)
            Console.WriteLine($"   [{descriptor.Index}] address 0x{descriptor.Address:x}, {descriptor.Length} bytes, flags {descriptor.Flags}, {descriptor.State}; {descriptor.Preview}");
    }

    public static void Throughput(long packets, int length, TimeSpan time) => Console.WriteLine(
        $"   {packets:N0} packets went out and came back in {time.TotalSeconds:0.00} s: {packets / time.TotalSeconds / 1e6:0.00} million packets/s and {packets * length * 8 / time.TotalSeconds / 1e9:0.00} Gbit/s each way");

    public static int Fail(string why)
    {
        Console.Error.WriteLine($"FirstPackets: {why}");
        return 1;
    }
}
