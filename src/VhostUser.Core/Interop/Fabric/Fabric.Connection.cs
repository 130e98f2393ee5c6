namespace VhostUser.Interop.Fabric;

/// <summary>Connections: fi_ops_cm; and the addresses of peers where there are none: fi_ops_av.</summary>
internal static unsafe partial class Fabric
{
    private const int MaxAddress = 512;

    public static void Listen(fid_ep* passive) => Check(((delegate* unmanaged<fid_ep*, int>)passive->cm->listen)(passive), "fi_listen");

    /// <summary>Starts to connect; an event tells the outcome. The private data goes to the listener with the request.</summary>
    public static void Connect(fid_ep* endpoint, byte* address, ReadOnlySpan<byte> privateData)
    {
        fixed (byte* data = privateData)
            Check(((delegate* unmanaged<fid_ep*, byte*, byte*, nuint, int>)endpoint->cm->connect)(endpoint, address, data, (nuint)privateData.Length), "fi_connect");
    }

    public static void Accept(fid_ep* endpoint) =>
        Check(((delegate* unmanaged<fid_ep*, byte*, nuint, int>)endpoint->cm->accept)(endpoint, null, 0), "fi_accept");

    public static void Reject(fid_ep* passive, nint handle) =>
        ((delegate* unmanaged<fid_ep*, nint, byte*, nuint, int>)passive->cm->reject)(passive, handle, null, 0);

    public static void Shutdown(fid_ep* endpoint) => ((delegate* unmanaged<fid_ep*, ulong, int>)endpoint->cm->shutdown)(endpoint, 0);

    /// <summary>The address by which a peer reaches an endpoint.</summary>
    public static byte[] GetName(fid_ep* endpoint)
    {
        byte* name = stackalloc byte[MaxAddress];
        nuint length = MaxAddress;
        Check(((delegate* unmanaged<void*, byte*, nuint*, int>)endpoint->cm->getname)(endpoint, name, &length), "fi_getname");
        return new ReadOnlySpan<byte>(name, (int)length).ToArray();
    }

    /// <summary>Makes a peer's address known; the number returned stands for it in messages.</summary>
    public static ulong Insert(fid_av* av, ReadOnlySpan<byte> address)
    {
        ulong number = 0;
        fixed (byte* bytes = address)
        {
            int inserted = Check(((delegate* unmanaged<fid_av*, byte*, nuint, ulong*, ulong, nint, int>)av->ops->insert)(av, bytes, 1, &number, 0, 0), "fi_av_insert");
            return inserted == 1 ? number : throw Failed("fi_av_insert", Errno.EINVAL);
        }
    }
}
