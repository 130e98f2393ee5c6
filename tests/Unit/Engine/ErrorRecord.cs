namespace System.Management.Automation;

/// <summary>An error as PowerShell reports it: the exception with an id, a category and the object concerned.</summary>
public class ErrorRecord
{
    private readonly string _errorId;

    public ErrorRecord(Exception exception, string errorId, ErrorCategory errorCategory, object? targetObject)
    {
        ArgumentNullException.ThrowIfNull(exception);
        Exception = exception;
        _errorId = errorId ?? "";
        TargetObject = targetObject;
        CategoryInfo = new ErrorCategoryInfo(errorCategory, exception, targetObject);
    }

    public Exception Exception { get; }

    public object? TargetObject { get; }

    public ErrorCategoryInfo CategoryInfo { get; }

    /// <summary>The id alone: the engine adds the command's name when the error passes its pipeline.</summary>
    public string FullyQualifiedErrorId => _errorId;

    public ErrorDetails? ErrorDetails { get; set; }

    public override string ToString() => string.IsNullOrEmpty(ErrorDetails?.Message) ? Exception.Message : ErrorDetails.Message;
}

/// <summary>A message for the user in place of the exception's, and what to do about it.</summary>
public class ErrorDetails
{
    public ErrorDetails(string message) => Message = message ?? "";

    public string Message { get; }

    public string RecommendedAction { get; set; } = "";

    public override string ToString() => Message;
}

/// <summary>The category of an error, with words for the display.</summary>
public class ErrorCategoryInfo
{
    internal ErrorCategoryInfo(ErrorCategory category, Exception exception, object? target)
    {
        Category = category;
        Reason = exception.GetType().Name;
        TargetName = target?.ToString() ?? "";
        TargetType = target?.GetType().Name ?? "";
    }

    public ErrorCategory Category { get; }

    public string Activity { get; set; } = "";

    public string Reason { get; set; }

    public string TargetName { get; set; }

    public string TargetType { get; set; }

    public string GetMessage() => $"{Category}: ({TargetName}:{TargetType}) [{Activity}], {Reason}";

    public override string ToString() => GetMessage();
}

/// <summary>The kinds of error.</summary>
public enum ErrorCategory
{
    NotSpecified = 0,
    OpenError = 1,
    CloseError = 2,
    DeviceError = 3,
    DeadlockDetected = 4,
    InvalidArgument = 5,
    InvalidData = 6,
    InvalidOperation = 7,
    InvalidResult = 8,
    InvalidType = 9,
    MetadataError = 10,
    NotImplemented = 11,
    NotInstalled = 12,
    ObjectNotFound = 13,
    OperationStopped = 14,
    OperationTimeout = 15,
    SyntaxError = 16,
    ParserError = 17,
    PermissionDenied = 18,
    ResourceBusy = 19,
    ResourceExists = 20,
    ResourceUnavailable = 21,
    ReadError = 22,
    WriteError = 23,
    FromStdErr = 24,
    SecurityError = 25,
    ProtocolError = 26,
    ConnectionError = 27,
    AuthenticationError = 28,
    LimitsExceeded = 29,
    QuotaExceeded = 30,
    NotEnabled = 31,
}
