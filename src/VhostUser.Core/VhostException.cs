namespace VhostUser;

/// <summary>The one exception of this product: a stable id, a message that says what was expected and what came, and a remedy.</summary>
public class VhostException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="error">Stable id.</param>
    /// <param name="message">What was expected and what came.</param>
    /// <param name="target">The name of the handle, ring, message or path concerned.</param>
    /// <param name="action">What the reader can do next.</param>
    /// <param name="inner">The cause.</param>
    public VhostException(VhostError error, string message, string? target = null, string? action = null, Exception? inner = null)
        : base(message, inner)
    {
        Error = error;
        Target = target;
        RecommendedAction = action;
    }

    /// <summary>The stable id.</summary>
    public VhostError Error { get; }

    /// <summary>The handle, ring, message or path concerned; null when there is none.</summary>
    public string? Target { get; }

    /// <summary>What the reader can do next; null when nothing useful can be said.</summary>
    public string? RecommendedAction { get; }
}
