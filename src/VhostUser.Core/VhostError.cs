namespace VhostUser;

/// <summary>The stable identity of every error this product reports: the member's name is the PowerShell error id.</summary>
public enum VhostError
{
    /// <summary>An argument is outside what the operation accepts.</summary>
    InvalidArgument,
    /// <summary>A live handle of this kind already has this name.</summary>
    NameInUse,
    /// <summary>No live handle has this name.</summary>
    HandleNotFound,
    /// <summary>The handle was made in another process or came back from remoting; only its name travels.</summary>
    HandleFromAnotherProcess,
    /// <summary>The handle was stopped, disconnected or removed.</summary>
    HandleClosed,
    /// <summary>A server's thread is busy with something that does not return.</summary>
    ServerBusy,
    /// <summary>A front-end was turned away because the server has another one.</summary>
    ServerOccupied,

    /// <summary>A Unix socket path is longer than the 107 bytes that sockaddr_un holds.</summary>
    SocketPathTooLong,
    /// <summary>The directory of the socket path does not exist, or the path is not usable.</summary>
    SocketPathInvalid,
    /// <summary>A program is listening on the socket path.</summary>
    SocketInUse,
    /// <summary>The socket file exists but nobody listens on it.</summary>
    SocketStale,
    /// <summary>Something that is not a socket stands at the path; it is never removed.</summary>
    SocketForeignFile,
    /// <summary>The operating system refused access.</summary>
    PermissionDenied,
    /// <summary>Nobody listens at the path.</summary>
    PeerNotListening,
    /// <summary>The peer closed the connection.</summary>
    PeerDisconnected,
    /// <summary>The peer did not do in time what was waited for.</summary>
    PeerTimeout,
    /// <summary>The session was ended before a known defect of the peer's program would have done harm.</summary>
    PeerDefect,

    /// <summary>A message header is malformed: version, flags or reserved bits.</summary>
    MessageHeaderInvalid,
    /// <summary>A message payload has another size than its request demands.</summary>
    MessageSizeInvalid,
    /// <summary>A message ended in its middle.</summary>
    MessageIncomplete,
    /// <summary>A message carries more or fewer file descriptors than its request demands.</summary>
    MessageFdCountInvalid,
    /// <summary>A file descriptor of a message is of a kind that cannot serve.</summary>
    MessageFdKindInvalid,
    /// <summary>The request number is not in the specification.</summary>
    RequestUnknown,
    /// <summary>The request is in the specification but this end does not support it.</summary>
    RequestNotSupported,
    /// <summary>The request needs a feature that was not negotiated.</summary>
    RequestNotNegotiated,
    /// <summary>The request came before what it depends on.</summary>
    RequestOutOfOrder,
    /// <summary>A field of the request has a value outside its range.</summary>
    RequestValueInvalid,
    /// <summary>The peer answered a request with a failure.</summary>
    RequestRefused,
    /// <summary>The peer's reply does not fit the request.</summary>
    ReplyInvalid,
    /// <summary>Feature bits were acknowledged that were not offered.</summary>
    FeatureNotOffered,
    /// <summary>A feature that the operation needs is missing at the peer.</summary>
    FeatureMissing,

    /// <summary>A memory region could not be created.</summary>
    RegionCreateFailed,
    /// <summary>A memory region is too small for what should be placed in it.</summary>
    RegionTooSmall,
    /// <summary>A memory region is still in use.</summary>
    RegionInUse,
    /// <summary>A row of the memory table is invalid: size, overflow or alignment.</summary>
    MemoryRegionInvalid,
    /// <summary>Two rows of the memory table overlap.</summary>
    MemoryRegionOverlap,
    /// <summary>A memory region to remove is not in the table.</summary>
    MemoryRegionUnknown,
    /// <summary>A region could not be mapped.</summary>
    MemoryMapFailed,
    /// <summary>An address range lies outside every memory region.</summary>
    MemoryAddressInvalid,
    /// <summary>The peer truncated memory that was in use.</summary>
    MemoryTruncated,
    /// <summary>A dirty log is invalid, or too small for the memory or the write it must cover.</summary>
    LogInvalid,
    /// <summary>The record of chains in flight that a front-end gives back is invalid.</summary>
    InflightInvalid,
    /// <summary>A device's state could not be transferred, or is not that of this device.</summary>
    StateInvalid,
    /// <summary>Huge pages of the size asked for are not available.</summary>
    HugePagesUnavailable,

    /// <summary>A ring index is beyond the queues of the device.</summary>
    RingIndexInvalid,
    /// <summary>A ring size is zero or too large, or a split ring's is not a power of two.</summary>
    RingSizeInvalid,
    /// <summary>A ring address is misaligned or outside the memory regions.</summary>
    RingAddressInvalid,
    /// <summary>The ring is not set up for what was asked.</summary>
    RingNotReady,
    /// <summary>The available index moved further than the ring is long.</summary>
    AvailableIndexInvalid,
    /// <summary>The used index moved further than there are buffers in flight.</summary>
    UsedIndexInvalid,
    /// <summary>A used element names a buffer that is not in flight, or a length beyond it.</summary>
    UsedElementInvalid,
    /// <summary>A descriptor number is beyond the ring or table.</summary>
    DescriptorIndexInvalid,
    /// <summary>A descriptor chain is longer than the ring: it loops.</summary>
    DescriptorLoop,
    /// <summary>A descriptor's address range lies outside every memory region.</summary>
    DescriptorAddressInvalid,
    /// <summary>A descriptor's flags contradict each other or its place in the chain.</summary>
    DescriptorFlagsInvalid,
    /// <summary>An indirect descriptor table is malformed.</summary>
    IndirectTableInvalid,
    /// <summary>A chain's total length is beyond what a device accepts.</summary>
    ChainTooLong,
    /// <summary>The ring had no room in the time given.</summary>
    RingFull,
    /// <summary>A packet is larger than the ring can take.</summary>
    PacketTooLarge,
    /// <summary>A packet or its text form can't be read.</summary>
    PacketInvalid,

    /// <summary>libfabric is missing or too old, so that no link to another host can be made.</summary>
    FabricUnavailable,
    /// <summary>A fabric device or provider can't be used, or a call of libfabric failed.</summary>
    FabricFailed,
    /// <summary>The other end of a link could not prove that it has the key or certificate.</summary>
    LinkUnauthorized,
    /// <summary>The other end of a link refused it, or the two ends do not agree.</summary>
    LinkRefused,
    /// <summary>The other end of a link broke a rule of its protocol.</summary>
    LinkInvalid,
    /// <summary>The link is not up, so that what was asked can't be done on it.</summary>
    LinkDown,
    /// <summary>A capture file breaks a rule of its format.</summary>
    CaptureInvalid,
    /// <summary>A capture could not be written.</summary>
    CaptureFailed,
    /// <summary>A file stands where a capture should be written.</summary>
    CaptureExists,

    /// <summary>The tap interface could not be opened.</summary>
    TapFailed,
    /// <summary>A packet script failed.</summary>
    ScriptFailed,
    /// <summary>A call to the operating system failed in a way that has no id of its own.</summary>
    NativeCallFailed,
    /// <summary>A lab file has keys or values that can not be.</summary>
    LabInvalid,
    /// <summary>The machine or platform lacks what the operation needs.</summary>
    PlatformNotSupported,
}
