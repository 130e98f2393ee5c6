using System.Net;
using System.Net.Sockets;
using VhostUser.Devices.Net;
using VhostUser.Protocol;
using VhostUser.Transport;

namespace VhostUser.Endpoints;

/// <summary>
/// The control channel: it finds the other end, proves who is there, and brings the fabric's endpoints together. It runs beside the
/// packets, on the thread pool, and hands a finished session to the link's thread.
/// </summary>
public sealed partial class IbTransport
{
    private static readonly TimeSpan s_stopTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_attempt = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_handshake = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(0.3);

    private readonly Guid _instance = Guid.NewGuid();

    private async Task ConnectAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await AttemptAsync().ConfigureAwait(false);
            }
            catch (Exception error) when (!_stop.IsCancellationRequested)
            {
                _fault = Explain(error);
            }
            catch (Exception) when (_stop.IsCancellationRequested)
            {
                return;
            }
            await Task.Delay(s_pause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task AttemptAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(s_attempt); // the kernel's own waits between attempts grow: a new socket finds a path that is back sooner
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(_options.Connect!, _options.Port, limit.Token).ConfigureAwait(false);
        limit.CancelAfter(s_handshake);
        (IPEndPoint local, IPEndPoint remote) = EndsOf(socket);
        Stream stream = await ControlSecurity.ProtectAsync(new NetworkStream(socket), _options.Credential, isListener: false, limit.Token).ConfigureAwait(false);
        await using var control = new ControlStream(stream, isListener: false);
        LinkHello own = await DescribeAsync(local.Address, remote.Address).ConfigureAwait(false);
        LinkHandshake.Result result = await LinkHandshake.ConnectAsync(control, own, _options.Credential?.Key, limit.Token).ConfigureAwait(false);
        LinkAgreement agreement = result.Agreement;
        FabricProvider provider = FabricProvider.Of(agreement.Provider);
        // The address that was told may be that of an interface this end can't name, as behind a translation; the host is the one that was reached.
        IPEndPoint fabric = provider.HasConnections ? new IPEndPoint(remote.Address, FabricEngine.ReadAddress(agreement.Address).Port) : remote;
        FrameLink link = await Task.Run(() =>
        {
            FabricEngine engine = FabricEngine.ForPeer(provider, fabric, local.Address, agreement.Pairs, agreement.Pairs * ChannelOptions.Slots);
            return Finish(engine, result, () =>
            {
                if (provider.HasConnections) engine.Connect(agreement.Token, s_handshake, limit.Token);
                else engine.SetPeer(agreement.Address);
                return engine;
            });
        }, limit.Token).ConfigureAwait(false);
        await ServeAsync(control, link, new LinkTerms(result.Peer, agreement, local, remote), async () =>
        {
            if (!provider.HasConnections) await control.SendAsync(ControlMessage.Address, ((FabricEngine)link.Engine).Address, limit.Token).ConfigureAwait(false);
            await control.SendAsync(ControlMessage.Ready, default, limit.Token).ConfigureAwait(false);
            await control.ExpectAsync(ControlMessage.Ready, limit.Token).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    /// <summary>Makes frames out of a connected engine, with receive buffers posted.</summary>
    private FrameLink Finish(FabricEngine engine, LinkHandshake.Result result, Func<FabricEngine> connect)
    {
        try
        {
            connect();
            LinkAgreement agreement = result.Agreement;
            FabricProvider provider = FabricProvider.Of(agreement.Provider);
            byte[] mine = _options.IsListener ? result.Secrets.ListenerFrameKey : result.Secrets.ConnectorFrameKey;
            byte[] theirs = _options.IsListener ? result.Secrets.ConnectorFrameKey : result.Secrets.ListenerFrameKey;
            var link = new FrameLink(engine, agreement.Pairs, new ChannelOptions
            {
                Session = agreement.Session,
                FillBytes = provider.FillBytes,
                IsConnected = provider.HasConnections,
                Sealer = agreement.Encrypt ? new FrameSealer(mine, theirs) : null,
            });
            link.Start();
            return link;
        }
        catch
        {
            engine.Dispose();
            throw;
        }
    }

    /// <summary>Agrees that both ends are ready, hands the session over, and stays until it ends here or there.</summary>
    private async Task ServeAsync(ControlStream control, FrameLink link, LinkTerms terms, Func<Task> agree)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool handedOver = false;
        try
        {
            await agree().ConfigureAwait(false);
            handedOver = _worker.Invoke(() => BeginSession(link, terms, ended));
        }
        finally
        {
            if (!handedOver) link.Dispose();
        }
        if (!handedOver) return;
        Task<(ControlMessage Kind, byte[] Body)?> peer = control.ReceiveAsync(_stop.Token);
        await Task.WhenAny(ended.Task, peer).ConfigureAwait(false);
        if (!ended.Task.IsCompleted && !_stop.IsCancellationRequested)
        {
            bool bye = peer is { IsCompletedSuccessfully: true, Result.Kind: ControlMessage.Bye };
            _worker.Invoke(() => _session == link && EndSession(new VhostException(VhostError.PeerDisconnected, bye ? "The other end's link was removed." : "The other end closed the control channel.", Name,
                "The link comes back by itself when the other end does.")));
        }
        await ended.Task.WaitAsync(s_stopTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_stop.IsCancellationRequested)
        {
            using var moment = new CancellationTokenSource(s_attempt);
            await control.SendAsync(ControlMessage.Bye, default, moment.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>What this end tells the other first.</summary>
    private async Task<LinkHello> DescribeAsync(IPAddress local, IPAddress? peer)
    {
        byte providers = await Task.Run(() => Providers(local, peer)).ConfigureAwait(false);
        return _worker.Invoke(() => new LinkHello
        {
            Nonce = LinkCredential.CreateKey(),
            Instance = _instance,
            Host = HostId(),
            Pairs = _end.Pairs,
            Providers = providers,
            Mode = _options.Mode,
            Encrypt = _options.Encrypt,
            Features = _end.GuestFeatures,
            HeaderLength = _end.GuestFeatures == 0 ? 0 : NetHeader.LengthFor((VirtioFeatures)_end.GuestFeatures),
            LastSession = _lastSession,
            Delivered = _lastDelivered,
        });
    }

    private byte Providers(IPAddress local, IPAddress? peer)
    {
        if (_options.Provider != LinkProvider.Auto) return (byte)(1 << (int)_options.Provider);
        int providers = 1 << (int)LinkProvider.Tcp;
        if (!FabricDiagnosis.HasDevices) return (byte)providers;
        foreach (LinkProvider provider in (LinkProvider[])[LinkProvider.Verbs, LinkProvider.Efa])
        {
            if (FabricEngine.CanUse(FabricProvider.Of(provider), local, peer)) providers |= 1 << (int)provider;
        }
        return (byte)providers;
    }

    private static Guid HostId()
    {
        const string file = "/proc/sys/kernel/random/boot_id";
        return File.Exists(file) && Guid.TryParse(File.ReadAllText(file).Trim(), out Guid id) ? id : Guid.Empty;
    }

    private static (IPEndPoint Local, IPEndPoint Remote) EndsOf(Socket socket) => (Plain((IPEndPoint)socket.LocalEndPoint!), Plain((IPEndPoint)socket.RemoteEndPoint!));

    // A socket for both versions of IP shows IPv4 addresses in IPv6's clothes.
    private static IPEndPoint Plain(IPEndPoint end) => end.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(end.Address.MapToIPv4(), end.Port) : end;

    private VhostException Explain(Exception error) => error switch
    {
        VhostException known => known,
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => new VhostException(VhostError.PeerNotListening, $"Nobody listens at {_options.Connect}:{_options.Port}.", Name,
            "Make the other end with New-IbTransport -Listen; this end goes on trying.", error),
        SocketException socket => new VhostException(VhostError.PeerNotListening, $"{_options.Connect}:{_options.Port} can't be reached: {socket.Message}.", Name, "Look at addresses and routes; this end goes on trying.", error),
        OperationCanceledException => new VhostException(VhostError.PeerTimeout, "The other end did not answer in time.", Name, "Look whether it runs, and whether a firewall is between; the link goes on trying.", error),
        IOException => new VhostException(VhostError.PeerDisconnected, $"The control channel broke: {error.Message}", Name, "The link goes on trying.", error),
        _ => new VhostException(VhostError.NativeCallFailed, $"Link '{Name}' failed: {error.GetType().Name}: {error.Message}", Name, "This is a defect of the module; please report it.", error),
    };
}
