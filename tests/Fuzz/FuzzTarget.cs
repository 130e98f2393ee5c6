namespace VhostUser.Fuzz;

/// <summary>A part of the product that takes what a peer chose, and what must hold for every input.</summary>
internal abstract class FuzzTarget : IDisposable
{
    /// <summary>The name on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>Bytes of an input.</summary>
    public abstract int InputBytes { get; }

    /// <summary>
    /// Works one input from the same state each time. Errors of the product that blame the peer are good; a <see cref="FuzzFailure"/> or
    /// any other exception is a defect.
    /// </summary>
    /// <returns>How many inputs it was: a session is as many as it had messages.</returns>
    public abstract int Run(ref FuzzInput input);

    /// <summary>How often each error blamed the peer, and "good" for what was worked: an input generator that reaches few of them proves little.</summary>
    public SortedDictionary<string, long> Outcomes { get; } = new(StringComparer.Ordinal);

    public abstract void Dispose();

    protected void Blame(VhostException error) => Count(error.Error.ToString());

    protected void Good() => Count("good");

    protected void Count(string outcome) => Outcomes[outcome] = Outcomes.GetValueOrDefault(outcome) + 1;
}

/// <summary>Something that must hold did not.</summary>
internal sealed class FuzzFailure(string message) : Exception(message)
{
    public static void Unless(bool holds, string message)
    {
        if (!holds) throw new FuzzFailure(message);
    }
}
