namespace VhostUser.Labs;

/// <summary>What is wrong with a lab file, and where.</summary>
/// <param name="Key">The keys that lead there, from the outermost in: Servers, sw0, Mode.</param>
/// <param name="Message">What was expected and what came.</param>
public sealed record LabProblem(IReadOnlyList<string> Key, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => Key.Count == 0 ? Message : $"{string.Join('.', Key)}: {Message}";
}
