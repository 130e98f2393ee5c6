using System.Management.Automation;

namespace VhostUser.Commands;

/// <summary>The one place where exceptions become error records: id = the name of the <see cref="VhostError"/>.</summary>
internal static class ErrorRecords
{
    /// <summary>The record of an error that users are meant to see, or null for one that is a defect or the engine's own.</summary>
    /// <param name="error">The error.</param>
    /// <param name="target">What it is about; null takes the error's own target.</param>
    public static ErrorRecord? TryCreate(Exception error, object? target = null) => Translate(error) is { } known ? Create(known, target) : null;

    /// <summary>The record of an error.</summary>
    /// <param name="error">The error.</param>
    /// <param name="target">What it is about; null takes the error's own target.</param>
    public static ErrorRecord Create(VhostException error, object? target = null)
    {
        var record = new ErrorRecord(error, error.Error.ToString(), CategoryOf(error.Error), target ?? error.Target);
        if (error.RecommendedAction is string action)
            record.ErrorDetails = new ErrorDetails(error.Message) { RecommendedAction = action };
        return record;
    }

    /// <summary>The category that groups the error with those of other modules.</summary>
    public static ErrorCategory CategoryOf(VhostError error) => error switch
    {
        VhostError.InvalidArgument or VhostError.SocketPathTooLong or VhostError.RingSizeInvalid or VhostError.RingIndexInvalid
            or VhostError.PacketTooLarge => ErrorCategory.InvalidArgument,
        VhostError.NameInUse or VhostError.SocketInUse or VhostError.SocketStale or VhostError.SocketForeignFile or VhostError.CaptureExists => ErrorCategory.ResourceExists,
        VhostError.HandleNotFound or VhostError.SocketPathInvalid or VhostError.MemoryRegionUnknown => ErrorCategory.ObjectNotFound,
        VhostError.HandleFromAnotherProcess or VhostError.HandleClosed or VhostError.RequestOutOfOrder or VhostError.RequestNotNegotiated
            or VhostError.RingNotReady or VhostError.ScriptFailed => ErrorCategory.InvalidOperation,
        VhostError.PermissionDenied => ErrorCategory.PermissionDenied,
        VhostError.PeerNotListening or VhostError.PeerDisconnected => ErrorCategory.ConnectionError,
        VhostError.PeerTimeout => ErrorCategory.OperationTimeout,
        VhostError.RegionInUse or VhostError.RingFull or VhostError.ServerBusy or VhostError.ServerOccupied => ErrorCategory.ResourceBusy,
        VhostError.RegionCreateFailed or VhostError.RegionTooSmall or VhostError.MemoryMapFailed or VhostError.HugePagesUnavailable
            => ErrorCategory.ResourceUnavailable,
        VhostError.RequestUnknown or VhostError.RequestNotSupported or VhostError.FeatureMissing => ErrorCategory.NotImplemented,
        VhostError.PlatformNotSupported => ErrorCategory.NotInstalled,
        VhostError.PacketInvalid or VhostError.CaptureInvalid => ErrorCategory.ParserError,
        VhostError.CaptureFailed => ErrorCategory.WriteError,
        VhostError.TapFailed => ErrorCategory.OpenError,
        VhostError.NativeCallFailed => ErrorCategory.DeviceError,
        VhostError.MessageIncomplete or VhostError.MessageHeaderInvalid or VhostError.MessageSizeInvalid or VhostError.MessageFdCountInvalid
            or VhostError.MessageFdKindInvalid or VhostError.RequestValueInvalid or VhostError.RequestRefused or VhostError.ReplyInvalid
            or VhostError.FeatureNotOffered => ErrorCategory.ProtocolError,
        // What is left are rules of memory tables and rings that the peer broke.
        _ => ErrorCategory.InvalidData,
    };

    private static VhostException? Translate(Exception error) => error switch
    {
        VhostException known => known,
        ObjectDisposedException closed => new VhostException(VhostError.HandleClosed, "The handle was closed: " + closed.Message, closed.ObjectName, "Make it again.", closed),
        // Core's builders name the field, what was expected and what came.
        ArgumentException argument and not ArgumentNullException =>
            new VhostException(VhostError.InvalidArgument, argument.Message, argument.ParamName, "Get-Help shows what each parameter takes.", argument),
        FormatException text => new VhostException(VhostError.PacketInvalid, text.Message, null, "See New-VhostPacket for the forms of text that it reads.", text),
        UnauthorizedAccessException denied => new VhostException(VhostError.PermissionDenied, denied.Message, null, "Choose another path, or ask its owner.", denied),
        IOException failed => new VhostException(VhostError.NativeCallFailed, failed.Message, null, null, failed),
        _ => null,
    };
}
