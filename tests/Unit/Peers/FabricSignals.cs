using System.Net;
using VhostUser.Transport;

namespace VhostUser.Tests.Peers;

/// <summary>The other process, again: it loads libfabric, opens endpoints, and shows that signals are still the runtime's.</summary>
internal static class FabricSignals
{
    public static void Run()
    {
        using var interrupted = new ManualResetEventSlim();
        Console.CancelKeyPress += (_, key) =>
        {
            key.Cancel = true;
            interrupted.Set();
        };
        foreach (LinkProvider provider in (LinkProvider[])[LinkProvider.Tcp, LinkProvider.Shm])
            FabricEngine.Listen(FabricProvider.Of(provider), IPAddress.Loopback, 1, 8).Dispose();
        try
        {
            Console.WriteLine(Missing()!.Length);
        }
        catch (NullReferenceException)
        {
            Console.WriteLine("survived a null reference"); // by SIGSEGV: with another handler the process would be gone
        }
        Console.WriteLine("waiting");
        Console.WriteLine(interrupted.Wait(TimeSpan.FromSeconds(30)) ? "Ctrl+C was handled" : "Ctrl+C did nothing");
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static string? Missing() => null;
}
