using System.Diagnostics;
using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Tests.Peers;
using Xunit;

namespace VhostUser.Tests.Endpoints.Hostile;

/// <summary>The other end of a device state's pipe decides nothing about how long a transfer takes.</summary>
public sealed class StateTransferTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMilliseconds(300);

    [Fact]
    public void A_writer_that_gives_a_byte_at_a_time_does_not_outlast_the_time_limit()
    {
        var clock = Stopwatch.StartNew();
        Assert.Null(Transfer(s_limit, default));
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void A_writer_that_gives_a_byte_at_a_time_does_not_outlast_the_session()
    {
        using var ended = new CancellationTokenSource(s_limit);
        var clock = Stopwatch.StartNew();
        Assert.Null(Transfer(TimeSpan.FromMinutes(1), ended.Token));
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    private static unsafe byte[]? Transfer(TimeSpan limit, CancellationToken cancel)
    {
        (FileDescriptor read, FileDescriptor write) = NativeFd.Pipe();
        using var stop = new ManualResetEventSlim();
        // It ends by itself after ten seconds, so that a transfer without a limit fails the test and does not hang it.
        var writer = new Thread(() =>
        {
            byte one = 1;
            for (int i = 0; i < 1000 && !stop.Wait(10); i++) _ = Libc.Write(write.Number, &one, 1);
            write.Dispose();
        });
        writer.Start();
        try
        {
            Libc.SetNonBlocking(read.Number);
            return StateTransfer.TryRead(read.Number, limit, cancel);
        }
        finally
        {
            stop.Set();
            writer.Join();
            read.Dispose();
        }
    }
}
