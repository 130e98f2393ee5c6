using System.Runtime.InteropServices;
using VhostUser.Protocol;

namespace VhostUser.Tests.Peers;

/// <summary>
/// The other process: this assembly, run as a program, is a front-end or a back-end that stops itself with SIGSTOP at a given place
/// and goes on when somebody sends SIGCONT. It says what it does on its standard output.
/// </summary>
internal static partial class StoppingPeer
{
    private const int Sigstop = 19;

    /// <summary>The places where the front-end can stop.</summary>
    public static readonly string[] FrontEndStages = ["connected", "half a header", "half a payload", "negotiated", "memory", "one ring", "running", "packet passed"];

    /// <summary>dotnet VhostUser.Tests.Unit.dll front-end|back-end PATH STAGE</summary>
    public static int Main(string[] arguments)
    {
        if (arguments.Length == 0) return 0; // run for a start-up hook of another test only
        if (arguments is not [var role, var path, var stage]) return 2;
        if (role == "fabric-signals") FabricSignals.Run();
        else if (role == "front-end") RunFrontEnd(path, stage);
        else RunBackEnd(path, Enum.Parse<FrontEndRequest>(stage));
        return 0;
    }

    private static void RunFrontEnd(string path, string stage)
    {
        using RawFrontEnd front = RawFrontEnd.Connect(path);
        At("connected");
        byte[] owner = RawMessage.Bytes(FrontEndRequest.SetOwner);
        front.Socket.Send(owner.AsSpan(0, 6));
        At("half a header");
        front.Socket.Send(owner.AsSpan(6));
        byte[] err = RawMessage.Bytes(FrontEndRequest.SetVringErr, RawMessage.Of(0x100ul));
        front.Socket.Send(err.AsSpan(0, 16));
        At("half a payload");
        front.Socket.Send(err.AsSpan(16));
        front.Negotiate();
        At("negotiated");
        front.SetMemTable();
        At("memory");
        front.SetUpRing(0);
        At("one ring");
        front.SetUpRing(1);
        for (int ring = 0; ring < 2; ring++) front.SetVringEnable(ring);
        At("running");
        if (!front.PassPacket()) Console.WriteLine("failed");
        At("packet passed");
        Console.WriteLine(front.PassPacket() ? "passed" : "failed");

        void At(string here)
        {
            if (here == stage) Stop();
        }
    }

    private static void RunBackEnd(string path, FrontEndRequest request)
    {
        bool stopped = false;
        using var back = new RawBackEnd(path, (request, (it, message) =>
        {
            if (!stopped) Stop();
            stopped = true;
            it.Answer(message);
        }));
        Console.WriteLine("listening");
        Console.In.ReadLine(); // until the test closes it
    }

    private static void Stop()
    {
        Console.WriteLine("stopping");
        Console.Out.Flush();
        raise(Sigstop); // to this thread, so that it does nothing more before the process has stopped
    }

    [LibraryImport("libc")]
    private static partial int raise(int signal);
}
