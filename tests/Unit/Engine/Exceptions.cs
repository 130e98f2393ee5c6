namespace System.Management.Automation;

/// <summary>An exception that brings its own error record.</summary>
public interface IContainsErrorRecord
{
    ErrorRecord ErrorRecord { get; }
}

/// <summary>The root of the engine's own exceptions.</summary>
public class RuntimeException : SystemException, IContainsErrorRecord
{
    private ErrorRecord? _errorRecord;

    public RuntimeException() { }

    public RuntimeException(string message) : base(message) { }

    public RuntimeException(string message, Exception? innerException) : base(message, innerException) { }

    public RuntimeException(string message, Exception? innerException, ErrorRecord errorRecord) : base(message, innerException) =>
        _errorRecord = errorRecord;

    public virtual ErrorRecord ErrorRecord =>
        _errorRecord ??= new ErrorRecord(this, nameof(RuntimeException), ErrorCategory.NotSpecified, null);
}

/// <summary>The pipeline is stopping; a cmdlet lets it pass.</summary>
public class PipelineStoppedException : RuntimeException
{
    public PipelineStoppedException() : base("The pipeline has been stopped.") { }

    public PipelineStoppedException(string message) : base(message) { }

    public PipelineStoppedException(string message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>An attribute of a parameter is wrong or refuses the argument.</summary>
public class MetadataException : RuntimeException
{
    public MetadataException() { }

    public MetadataException(string message) : base(message) { }

    public MetadataException(string message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>A validation attribute refuses the argument.</summary>
public class ValidationMetadataException : MetadataException
{
    public ValidationMetadataException() { }

    public ValidationMetadataException(string message) : base(message) { }

    public ValidationMetadataException(string message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>A transformation attribute cannot change the argument.</summary>
public class ArgumentTransformationMetadataException : MetadataException
{
    public ArgumentTransformationMetadataException() { }

    public ArgumentTransformationMetadataException(string message) : base(message) { }

    public ArgumentTransformationMetadataException(string message, Exception? innerException) : base(message, innerException) { }
}

/// <summary>The operation does not fit the object's state.</summary>
public class PSInvalidOperationException : InvalidOperationException, IContainsErrorRecord
{
    private ErrorRecord? _errorRecord;

    public PSInvalidOperationException() { }

    public PSInvalidOperationException(string message) : base(message) { }

    public PSInvalidOperationException(string message, Exception? innerException) : base(message, innerException) { }

    public ErrorRecord ErrorRecord =>
        _errorRecord ??= new ErrorRecord(this, "InvalidOperation", ErrorCategory.InvalidOperation, null);
}

/// <summary>A wildcard pattern with a bracket that never closes.</summary>
public class WildcardPatternException : RuntimeException
{
    public WildcardPatternException() { }

    public WildcardPatternException(string message) : base(message) { }

    public WildcardPatternException(string message, Exception? innerException) : base(message, innerException) { }
}
