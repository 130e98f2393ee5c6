using VhostUser.Endpoints;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using Xunit;

namespace VhostUser.Tests.Endpoints.Vapp;

/// <summary>vapp's client: the messages in its order, its two regions, and its two rings.</summary>
internal sealed unsafe class VappClientStandIn : IDisposable
{
    public const int RegionSize = 51_380_224;
    private const ulong FirstBuffer = 860_160;

    private readonly Connection _connection;
    private readonly SharedRegion[] _regions = new SharedRegion[2];
    private readonly FileDescriptor[] _kicks = [Libc.EventFd(), Libc.EventFd()];
    private readonly FileDescriptor[] _calls = [Libc.EventFd(), Libc.EventFd()];

    public VappClientStandIn(string path)
    {
        for (int i = 0; i < 2; i++)
        {
            // vapp's addresses are all the same; here they are the region's own, so that a mix-up shows.
            _regions[i] = SharedRegion.Create(new SharedRegionOptions { Name = $"vapp{i}", Size = RegionSize });
            byte* start = _regions[i].Memory.Address;
            SharedRegion region = _regions[i];
            Rings[i] = new VappRing(start + 8, start + 524_296, start + 593_920, address => (nint)(start + (address - region.GuestAddress)));
            Rings[i].Initialise(region.GuestAddress + FirstBuffer);
        }
        FileDescriptor socket = Libc.UnixSocket();
        Assert.Equal(0, Libc.Connect(socket.Number, path));
        _connection = new Connection(socket, isFrontEnd: true);
        Start();
    }

    public VappRing[] Rings { get; } = new VappRing[2];

    /// <summary>What the server answered to GET_FEATURES.</summary>
    public ulong Features { get; private set; }

    /// <summary>vapp's loop: takes back what was sent, sends one packet, kicks.</summary>
    public bool Send(ReadOnlySpan<byte> frame)
    {
        Rings[1].TakeBack();
        if (Rings[1].Broken is not null || !Rings[1].Put(frame)) return false;
        EventFd.Signal(_kicks[1].Number);
        return true;
    }

    /// <summary>Takes the packets of ring 0, if its kick was signalled.</summary>
    public List<byte[]> Receive() => EventFd.Consume(_kicks[0].Number) == 0 ? [] : Rings[0].TakeAvailable();

    /// <summary>Whether the server closed the connection.</summary>
    public bool IsClosed
    {
        get
        {
            try
            {
                _connection.TryReceive();
                return false;
            }
            catch (VhostException closed) when (closed.Error == VhostError.PeerDisconnected)
            {
                return true;
            }
        }
    }

    public void Dispose()
    {
        _connection.Dispose();
        foreach (FileDescriptor fd in _kicks.Concat(_calls)) fd.Dispose();
        foreach (SharedRegion region in _regions) region.Dispose();
    }

    private void Start()
    {
        Send(FrontEndRequest.SetOwner, []);
        Send(FrontEndRequest.GetFeatures, []);
        Wait.Until(_connection.TryReceive, "the reply to GET_FEATURES");
        Assert.Equal(FrontEndRequest.GetFeatures, _connection.Current.Header.Request);
        Assert.Equal(5u, _connection.Current.Header.Flags);
        Features = _connection.Current.ReadUInt64();
        Send(FrontEndRequest.SetMemTable, [2, .. _regions.SelectMany(region => new[] { region.GuestAddress, (ulong)RegionSize, region.UserAddress, 0ul })],
            _regions[0].File.Number, _regions[1].File.Number);
        for (uint i = 0; i < 2; i++)
        {
            ulong user = _regions[i].UserAddress;
            Send(FrontEndRequest.SetVringNum, [i | (ulong)VappRing.Size << 32]);
            Send(FrontEndRequest.SetVringBase, [i]);
            Send(FrontEndRequest.SetVringKick, [i], _kicks[i].Number);
            Send(FrontEndRequest.SetVringCall, [i], _calls[i].Number);
            Send(FrontEndRequest.SetVringAddr, [i, user + 8, user + 593_920, user + 524_296, 0]);
        }
    }

    private void Send(FrontEndRequest request, ulong[] payload, params int[] fds) =>
        _connection.Send(MessageHeader.ForRequest(request, 8 * payload.Length), System.Runtime.InteropServices.MemoryMarshal.AsBytes<ulong>(payload), fds);
}
