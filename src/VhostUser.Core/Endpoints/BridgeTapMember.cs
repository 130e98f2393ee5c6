using VhostUser.Devices.Net.Switching;

namespace VhostUser.Endpoints;

/// <summary>A tap interface as a port of a bridge.</summary>
internal sealed class BridgeTapMember(TapPort tap, Worker worker) : BridgeMember(tap), IWorkerMember
{
    public override string Kind => "Tap";

    public override bool IsUp => tap.IsUp;

    void IWorkerMember.Begin(EventLoop loop) => loop.Watch(tap.Fd, static () => { }); // waking up is all: Work looks

    TimeSpan? IWorkerMember.Work() => tap.Receive() ? TimeSpan.Zero : null;

    void IWorkerMember.End(Exception? failure) => tap.Dispose();

    public override CaptureSource CaptureSource(string bridge) => Endpoints.CaptureSource.OfTap(bridge, tap.Name, tap.Capture);

    public override void Leave() => worker.Invoke(() =>
    {
        worker.Loop.Unwatch(tap.Fd);
        worker.Remove(this);
        tap.Dispose();
        return true;
    });
}
