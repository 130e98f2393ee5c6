using System.Runtime.InteropServices;
using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Protocol;
using VhostUser.Tests.Memory;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>A flood of descriptors that the kernel cuts off (MSG_CTRUNC), in a process of its own: the limit is the whole process's.</summary>
public sealed class DescriptorLimitTests
{
    /// <summary>What the child is told to do.</summary>
    internal const string Child = "descriptors";

    private const int OpenFiles = 7; // RLIMIT_NOFILE

    [Fact]
    public void D7_descriptors_beyond_the_limit_are_an_error_that_names_it_and_none_is_kept()
    {
        (int exitCode, string output, string errors) = BusErrorProcessTests.Run(Child);
        Assert.True(exitCode == 0, errors);
        Assert.Contains($"{VhostError.MessageFdCountInvalid}, RLIMIT_NOFILE True, cut off True, kept 0, then GET_FEATURES", output, StringComparison.Ordinal);
    }

    /// <summary>Sends 8 descriptors to a process that has room for 5 (the runtime may take some), and then a message that is in order on another connection.</summary>
    internal static void ReceiveBeyondTheLimit()
    {
        (FileDescriptor hurt, FileDescriptor attacker) = Libc.UnixSocketPair();
        (FileDescriptor other, FileDescriptor friend) = Libc.UnixSocketPair();
        using var sender = new Connection(attacker, isFrontEnd: true);
        using var well = new Connection(friend, isFrontEnd: true);
        using var second = new Connection(other, isFrontEnd: false);
        var first = new Connection(hurt, isFrontEnd: false);
        using FileDescriptor file = Libc.EventFd();
        sender.Send(MessageHeader.ForRequest(FrontEndRequest.SetMemTable, 8 + 32 * 8), new byte[8 + 32 * 8], Enumerable.Repeat(file.Number, 8).ToArray());

        int[] before = Eventfds();
        FileDescriptor[] holes = FillHoles(file.Number, out int highest);
        Limit((ulong)highest + 6);
        VhostException? error = null;
        try
        {
            first.TryReceive();
        }
        catch (VhostException caught)
        {
            error = caught;
        }
        int came = first.Current.FdCount;
        Limit((ulong)highest + 1000);
        first.Dispose();
        foreach (FileDescriptor hole in holes) hole.Dispose();
        int kept = Eventfds().Length - before.Length;
        well.Send(MessageHeader.ForRequest(FrontEndRequest.GetFeatures, 0), default);
        string after = second.TryReceive() ? second.Current.Name : "nothing";
        Console.WriteLine($"{error?.Error}, RLIMIT_NOFILE {error?.Message.Contains("RLIMIT_NOFILE", StringComparison.Ordinal)}, cut off {came is > 0 and < 8}, kept {kept}, then {after}");
    }

    /// <summary>Opens descriptors until none below the highest is free, so that the limit says how many more can come.</summary>
    private static FileDescriptor[] FillHoles(int any, out int highest)
    {
        int top = Directory.EnumerateFileSystemEntries("/proc/self/fd").Max(path => int.Parse(Path.GetFileName(path), System.Globalization.CultureInfo.InvariantCulture));
        var holes = new List<FileDescriptor>();
        do holes.Add(Libc.EventFd());
        while (holes[^1].Number < Math.Max(top, any));
        highest = holes[^1].Number;
        return [.. holes];
    }

    private static int[] Eventfds() => [.. Directory.EnumerateFileSystemEntries("/proc/self/fd")
        .Where(path => new FileInfo(path).LinkTarget == "anon_inode:[eventfd]")
        .Select(path => int.Parse(Path.GetFileName(path), System.Globalization.CultureInfo.InvariantCulture))];

    private static void Limit(ulong soft)
    {
        if (GetLimit(OpenFiles, out RLimit limit) != 0 || SetLimit(OpenFiles, limit with { Soft = soft }) != 0)
            throw new InvalidOperationException($"setrlimit({soft}): errno {Marshal.GetLastPInvokeError()}");
    }

    [StructLayout(LayoutKind.Sequential)]
    private record struct RLimit
    {
        public ulong Soft;
        public ulong Hard;
    }

    [DllImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static extern int GetLimit(int resource, out RLimit limit);

    [DllImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static extern int SetLimit(int resource, in RLimit limit);
}
