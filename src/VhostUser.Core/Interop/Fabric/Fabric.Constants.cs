namespace VhostUser.Interop.Fabric;

/// <summary>The constants used, by their C names; a test asks the compiler.</summary>
internal static unsafe partial class Fabric
{
    /// <summary>FI_VERSION(1, 17): what this side was written for.</summary>
    private const uint FI_VERSION_1_17 = 1 << 16 | 17;

    public const ulong FI_MSG = 1 << 1;
    public const ulong FI_RECV = 1 << 10;
    public const ulong FI_SEND = 1 << 11;
    public const ulong FI_TRANSMIT = FI_SEND;
    public const ulong FI_REMOTE_CQ_DATA = 1 << 17;
    public const ulong FI_MORE = 1 << 18;
    public const ulong FI_COMPLETION = 1 << 24;
    public const ulong FI_SOURCE = 1ul << 57;

    public const ulong FI_CONTEXT = 1ul << 59;
    public const ulong FI_CONTEXT2 = 1ul << 52;
    public const ulong FI_RX_CQ_DATA = 1ul << 56;

    public const int FI_MR_LOCAL = 1 << 2;
    public const int FI_MR_VIRT_ADDR = 1 << 4;
    public const int FI_MR_ALLOCATED = 1 << 5;
    public const int FI_MR_PROV_KEY = 1 << 6;

    public const int FI_EP_MSG = 1;
    public const int FI_EP_RDM = 3;
    public const int FI_THREAD_DOMAIN = 3;
    public const int FI_AV_TABLE = 2;

    public const int FI_CQ_FORMAT_DATA = 3;
    public const int FI_WAIT_NONE = 0;
    public const int FI_WAIT_FD = 3;
    public const int FI_GETWAIT = 5;
    public const int FI_ENABLE = 6;

    public const uint FI_CONNREQ = 1;
    public const uint FI_CONNECTED = 2;
    public const uint FI_SHUTDOWN = 3;

    public const ulong FI_ORDER_SAS = 1 << 8;
    public const int FI_EAVAIL = 259;
    public const int FI_EAGAIN = 11;
    public const int FI_ENODATA = 61;

    /// <summary>FI_ADDR_UNSPEC: from whoever sends.</summary>
    public const ulong FI_ADDR_UNSPEC = ulong.MaxValue;
}
