using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using VhostUser.Transport;

namespace VhostUser.Endpoints;

/// <summary>The listening end. Strangers may connect as often as they like: few are heard at a time, each for a few seconds.</summary>
public sealed partial class IbTransport
{
    private const int MaxStrangers = 16;

    private readonly TcpListener? _listener;
    private readonly SemaphoreSlim _establishing = new(1);
    private int _strangers;

    private TcpListener? OpenListener()
    {
        if (!_options.IsListener) return null;
        if (!IPAddress.TryParse(_options.Listen, out IPAddress? address))
        {
            if (!IsLoopback(_options.Listen!))
                throw new VhostException(VhostError.InvalidArgument, $"'{_options.Listen}' is no address of this host.", Name, "Give an address as ip -brief address shows it.");
            address = IPAddress.Loopback;
        }
        var listener = new TcpListener(address, _options.Port);
        try
        {
            listener.Start(MaxStrangers);
            return listener;
        }
        catch (SocketException error)
        {
            listener.Dispose();
            throw new VhostException(error.SocketErrorCode == SocketError.AccessDenied ? VhostError.PermissionDenied : error.SocketErrorCode == SocketError.AddressAlreadyInUse ? VhostError.NameInUse : VhostError.NativeCallFailed,
                $"Can't listen on {address}:{_options.Port}: {error.Message}.", Name, error.SocketErrorCode == SocketError.AddressAlreadyInUse ? "Another link or program has that port: choose another with -Port." : "Give an address of this host; ip -brief address shows them.", error);
        }
    }

    private async Task ListenAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Socket socket = await _listener!.AcceptSocketAsync(_stop.Token).ConfigureAwait(false);
                if (Interlocked.Increment(ref _strangers) > MaxStrangers)
                {
                    Interlocked.Decrement(ref _strangers);
                    Interlocked.Increment(ref _rejected);
                    socket.Dispose();
                    continue;
                }
                _ = ReceiveStrangerAsync(socket);
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // One that was gone before it was accepted; or the end of the link.
                if (!_stop.IsCancellationRequested) await Task.Delay(s_pause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ReceiveStrangerAsync(Socket socket)
    {
        bool stranger = true;
        try
        {
            using (socket) await WelcomeAsync(socket, () => { stranger = false; Interlocked.Decrement(ref _strangers); }).ConfigureAwait(false);
        }
        catch (Exception error) when (!_stop.IsCancellationRequested)
        {
            // A stranger's mistakes are no fault of the link; those of the other end show there too.
            Interlocked.Increment(ref _rejected);
            if (State != IbTransportState.Up) _fault = Explain(error);
        }
        catch (Exception)
        {
            // The link is being removed.
        }
        finally
        {
            if (stranger) Interlocked.Decrement(ref _strangers);
        }
    }

    private async Task WelcomeAsync(Socket socket, Action known)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(s_handshake);
        socket.NoDelay = true;
        (IPEndPoint local, IPEndPoint remote) = EndsOf(socket);
        Stream stream = await ControlSecurity.ProtectAsync(new NetworkStream(socket), _options.Credential, isListener: true, limit.Token).ConfigureAwait(false);
        await using var control = new ControlStream(stream, isListener: true);
        LinkHello own = await DescribeAsync(local.Address, null).ConfigureAwait(false);
        LinkHandshake.Result result = await LinkHandshake.AcceptAsync(control, own, _options.Credential?.Key, limit.Token).ConfigureAwait(false);
        known();
        await _establishing.WaitAsync(limit.Token).ConfigureAwait(false);
        bool established = false;
        try
        {
            if (!_worker.Invoke(() => MakeWay(result.Peer.Instance)))
            {
                await control.RefuseAsync("its link is up with another end.", limit.Token).ConfigureAwait(false);
                throw new VhostException(VhostError.LinkRefused, $"{remote} wanted to join while the link is up with another end.", Name, "Two hosts have been told to connect here; one link has two ends.");
            }
            FabricProvider provider = FabricProvider.Of(result.Agreement.Provider);
            FabricEngine engine = await Task.Run(() => FabricEngine.Listen(provider, local.Address, result.Agreement.Pairs, result.Agreement.Pairs * ChannelOptions.Slots), limit.Token).ConfigureAwait(false);
            LinkAgreement agreement = result.Agreement with
            {
                Session = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4)) | 1, // 0 stands for none
                Token = RandomNumberGenerator.GetBytes(FabricEngine.TokenSize),
                Address = engine.Address,
            };
            FrameLink link = await EstablishAsync(control, engine, result with { Agreement = agreement }, provider, limit.Token).ConfigureAwait(false);
            await ServeAsync(control, link, new LinkTerms(result.Peer, agreement, local, remote), async () =>
            {
                await control.SendAsync(ControlMessage.Ready, default, limit.Token).ConfigureAwait(false);
                await control.ExpectAsync(ControlMessage.Ready, limit.Token).ConfigureAwait(false);
                established = true;
                _establishing.Release();
            }).ConfigureAwait(false);
        }
        finally
        {
            if (!established) _establishing.Release();
        }
    }

    private async Task<FrameLink> EstablishAsync(ControlStream control, FabricEngine engine, LinkHandshake.Result result, FabricProvider provider, CancellationToken cancel)
    {
        byte[] addresses;
        try
        {
            await control.SendAsync(ControlMessage.Agreement, result.Agreement.ToBytes(), cancel).ConfigureAwait(false);
            addresses = provider.HasConnections ? [] : await control.ExpectAsync(ControlMessage.Address, cancel).ConfigureAwait(false);
        }
        catch
        {
            engine.Dispose();
            throw;
        }
        return await Task.Run(() => Finish(engine, result, () =>
        {
            if (provider.HasConnections) Interlocked.Add(ref _rejected, engine.Accept(result.Agreement.Token, s_handshake, cancel));
            else engine.SetPeer(addresses);
            return engine;
        }), CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Whether an end that has proven itself may have the link: it is free, or was this end's before. Called on the link's thread.</summary>
    private bool MakeWay(Guid instance)
    {
        if (_session is null) return true;
        if (_terms!.Peer.Instance != instance) return false;
        EndSession(new VhostException(VhostError.PeerDisconnected, "The other end began a new session.", Name, "It found the link broken before this end did."));
        return true;
    }
}
