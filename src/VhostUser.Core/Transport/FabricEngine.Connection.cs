using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using VhostUser.Interop;
using VhostUser.Interop.Fabric;

namespace VhostUser.Transport;

/// <summary>How the endpoints of two hosts come together: by connections with a token, or by addresses told on the control channel.</summary>
internal sealed unsafe partial class FabricEngine
{
    /// <summary>Bytes of the one-time token that a connection request shows; with the endpoint's number it fits InfiniBand's 55.</summary>
    public const int TokenSize = 32;

    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(1);

    /// <summary>Opens the listening end; <see cref="Address"/> tells where the peer finds it.</summary>
    /// <param name="provider">The fabric.</param>
    /// <param name="local">Address of this host that the peer reaches.</param>
    /// <param name="endpoints">Endpoints.</param>
    /// <param name="slots">Requests that may be outstanding at a time.</param>
    /// <exception cref="VhostException">FabricUnavailable or FabricFailed.</exception>
    public static FabricEngine Listen(FabricProvider provider, IPAddress local, int endpoints, int slots) => Open(provider, endpoints, slots, engine =>
    {
        if (!provider.HasConnections)
        {
            engine.OpenAddressed(local);
            return;
        }
        engine.OpenObjects(engine.GetInfo(local.ToString(), "0", Fabric.FI_SOURCE));
        engine._passive = Fabric.OpenPassive(engine._fabric, engine._info!.First);
        Fabric.Bind(engine._passive, engine._eq, 0);
        Fabric.Listen(engine._passive);
        engine.Address = Fabric.GetName(engine._passive);
    });

    /// <summary>Opens the end that connects to <paramref name="peer"/>; for a provider without connections, the end that knows no peer yet.</summary>
    /// <exception cref="VhostException">FabricUnavailable or FabricFailed.</exception>
    public static FabricEngine ForPeer(FabricProvider provider, IPEndPoint peer, IPAddress local, int endpoints, int slots) => Open(provider, endpoints, slots, engine =>
    {
        if (provider.HasConnections) engine.OpenObjects(engine.GetInfo(peer.Address.ToString(), peer.Port.ToString(CultureInfo.InvariantCulture), 0));
        else engine.OpenAddressed(local);
    });

    /// <summary>Whether a provider can be had between two addresses.</summary>
    public static bool CanUse(FabricProvider provider, IPAddress local, IPAddress? peer)
    {
        int type = provider.HasConnections ? Fabric.FI_EP_MSG : Fabric.FI_EP_RDM;
        using FabricInfo? info = peer is null ? Fabric.TryGetInfo(provider.Name, type, local.ToString(), "0", Fabric.FI_SOURCE) : Fabric.TryGetInfo(provider.Name, type, peer.ToString(), "1", 0);
        return info is not null;
    }

    /// <summary>Where the peer finds this end: a socket address, or all endpoints' addresses, each behind its length in 16 bits.</summary>
    public byte[] Address { get; private set; } = [];

    /// <summary>The socket address that <see cref="Address"/> of a listening end is.</summary>
    /// <exception cref="VhostException">LinkInvalid: it is none.</exception>
    public static IPEndPoint ReadAddress(ReadOnlySpan<byte> address)
    {
        // struct sockaddr_in and sockaddr_in6, as every connected provider has them.
        if (address.Length >= 16 && BinaryPrimitives.ReadUInt16LittleEndian(address) == 2)
            return new IPEndPoint(new IPAddress(address.Slice(4, 4)), BinaryPrimitives.ReadUInt16BigEndian(address[2..]));
        if (address.Length >= 28 && BinaryPrimitives.ReadUInt16LittleEndian(address) == 10)
            return new IPEndPoint(new IPAddress(address.Slice(8, 16)), BinaryPrimitives.ReadUInt16BigEndian(address[2..]));
        throw new VhostException(VhostError.LinkInvalid, $"The other end told {address.Length} bytes that are no socket address.", "control channel", "Use the same version of this module at both ends.");
    }

    /// <summary>Connects all endpoints, showing the token.</summary>
    /// <exception cref="VhostException">PeerTimeout, LinkRefused or FabricFailed.</exception>
    public void Connect(ReadOnlySpan<byte> token, TimeSpan timeout, CancellationToken cancel)
    {
        Span<byte> data = stackalloc byte[TokenSize + 2];
        token.CopyTo(data);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < _endpoints.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(data[TokenSize..], (ushort)i);
            OpenEndpoint(i, _info!.First);
            Fabric.Connect(_endpoints[i], _info.First->dest_addr, data);
            fi_eq_cm_entry entry;
            int length = WaitFor(&entry, out uint kind, start, timeout, cancel);
            if (length < 0 || kind != Fabric.FI_CONNECTED)
                throw new VhostException(VhostError.LinkRefused, $"The other end's fabric refused endpoint {i}: {Fabric.Describe(Math.Max(-length, Errno.ECONNREFUSED))}.", _provider.Name,
                    "It listens for a few seconds after the control channel agreed; the next attempt gets a new token.");
        }
    }

    /// <summary>Accepts all endpoints of a peer that shows the token; whoever shows another is rejected.</summary>
    /// <returns>How many requests were rejected.</returns>
    /// <exception cref="VhostException">PeerTimeout or FabricFailed.</exception>
    public int Accept(ReadOnlySpan<byte> token, TimeSpan timeout, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        int rejected = 0;
        for (int connected = 0; connected < _endpoints.Length;)
        {
            fi_eq_cm_entry entry;
            int length = WaitFor(&entry, out uint kind, start, timeout, cancel);
            if (length < 0 || kind == Fabric.FI_SHUTDOWN) throw new VhostException(VhostError.PeerDisconnected, "The other end closed the fabric's connection while it was made.", _provider.Name, "It will try again.");
            if (kind == Fabric.FI_CONNECTED) connected++;
            if (kind != Fabric.FI_CONNREQ) continue;
            if (!TryAccept(&entry, length - 16, token)) rejected++;
            Fabric.Free(entry.info);
        }
        Fabric.Close(_passive);
        _passive = null;
        return rejected;
    }

    /// <summary>Makes the peer's endpoints known; for providers without connections.</summary>
    /// <exception cref="VhostException">LinkInvalid or FabricFailed.</exception>
    public void SetPeer(ReadOnlySpan<byte> addresses)
    {
        for (int i = 0; i < _endpoints.Length; i++)
        {
            int length = addresses.Length < 2 ? int.MaxValue : BinaryPrimitives.ReadUInt16LittleEndian(addresses);
            if (length is 0 || length > addresses.Length - 2)
                throw new VhostException(VhostError.LinkInvalid, $"The other end told addresses for {i} endpoints; expected {_endpoints.Length}.", "control channel", "Use the same version of this module at both ends.");
            _peers[i] = Fabric.Insert(_av, addresses.Slice(2, length));
            addresses = addresses[(2 + length)..];
        }
    }

    private bool TryAccept(fi_eq_cm_entry* request, int dataLength, ReadOnlySpan<byte> token)
    {
        var data = new ReadOnlySpan<byte>(&request->data, Math.Clamp(dataLength, 0, fi_eq_cm_entry.Capacity));
        int number = data.Length >= TokenSize + 2 ? BinaryPrimitives.ReadUInt16LittleEndian(data[TokenSize..]) : -1;
        bool known = number >= 0 && CryptographicOperations.FixedTimeEquals(data[..TokenSize], token);
        if (!known || number >= _endpoints.Length || _endpoints[number] != null)
        {
            Fabric.Reject(_passive, request->info->handle);
            return false;
        }
        OpenEndpoint(number, request->info);
        Fabric.Accept(_endpoints[number]);
        return true;
    }

    private int WaitFor(fi_eq_cm_entry* entry, out uint kind, long start, TimeSpan timeout, CancellationToken cancel)
    {
        while (true)
        {
            int length = Fabric.Read(_eq, out kind, entry);
            if (length != 0) return length;
            fi_cq_data_entry none;
            Fabric.Read(_cq, &none, 0); // the tcp provider moves only when somebody looks
            if (Stopwatch.GetElapsedTime(start) > timeout)
                throw new VhostException(VhostError.PeerTimeout, $"The fabric's connection was not made within {timeout.TotalSeconds:0.#} s.", _provider.Name, "Look for a firewall: beside the control port, the fabric uses a port of its own.");
            if (cancel.WaitHandle.WaitOne(s_step)) throw new OperationCanceledException(cancel);
        }
    }

    private static FabricEngine Open(FabricProvider provider, int endpoints, int slots, Action<FabricEngine> open)
    {
        Fabric.Load();
        using var signals = new SignalKeeper(); // the shm provider takes some when an endpoint opens
        var engine = new FabricEngine(provider, endpoints, slots);
        try
        {
            open(engine);
            return engine;
        }
        catch
        {
            engine.Dispose();
            throw;
        }
    }

    private FabricInfo GetInfo(string? node, string? service, ulong flags) =>
        Fabric.TryGetInfo(_provider.Name, _provider.HasConnections ? Fabric.FI_EP_MSG : Fabric.FI_EP_RDM, node, service, flags)
        ?? throw FabricDiagnosis.Explain(_provider, node);

    private void OpenObjects(FabricInfo info)
    {
        _info = info;
        _fabric = Fabric.OpenFabric(info.First);
        _domain = Fabric.OpenDomain(_fabric, info.First);
        if (_provider.HasConnections) _eq = Fabric.OpenEq(_fabric);
        else _av = Fabric.OpenAv(_domain);
        _cq = Fabric.OpenCq(_domain, _slots + PollBurst, _provider.CanWait);
        if (!_provider.CanWait) return;
        // One descriptor for both queues, so that an event loop watches one.
        _wait = Libc.EpollCreate();
        int cq = Fabric.GetWaitFd(_cq), eq = _eq == null ? -1 : Fabric.GetWaitFd(_eq);
        if (cq >= 0) Libc.EpollAdd(_wait.Number, cq, Libc.EPOLLIN);
        if (eq >= 0) Libc.EpollAdd(_wait.Number, eq, Libc.EPOLLIN);
    }

    private void OpenAddressed(IPAddress local)
    {
        OpenObjects(_provider.Provider == LinkProvider.Shm ? GetInfo(null, null, 0) : GetInfo(local.ToString(), null, Fabric.FI_SOURCE));
        var addresses = new List<byte>();
        for (int i = 0; i < _endpoints.Length; i++)
        {
            OpenEndpoint(i, _info!.First);
            byte[] name = Fabric.GetName(_endpoints[i]);
            addresses.AddRange([(byte)name.Length, (byte)(name.Length >> 8), .. name]);
        }
        Address = [.. addresses];
    }

    private void OpenEndpoint(int number, fi_info* info)
    {
        fid_ep* endpoint = _endpoints[number] = Fabric.OpenEndpoint(_domain, info);
        if (_eq != null) Fabric.Bind(endpoint, _eq, 0);
        if (_av != null) Fabric.Bind(endpoint, _av, 0);
        Fabric.Bind(endpoint, _cq, Fabric.FI_TRANSMIT | Fabric.FI_RECV);
        Fabric.Enable(endpoint);
    }
}
