namespace VhostUser.Rings;

/// <summary>Dropped packets by reason.</summary>
internal sealed class DropCounters
{
    private readonly long[] _counts = new long[Enum.GetValues<DropReason>().Length];

    public void Add(DropReason reason, int count = 1) => _counts[(int)reason] += count;

    public long Total => _counts.Sum();

    /// <summary>Adds the counts that are not zero to a dictionary by name.</summary>
    public void AddTo(IDictionary<string, long> totals)
    {
        for (int i = 0; i < _counts.Length; i++)
        {
            if (_counts[i] == 0) continue;
            string name = ((DropReason)i).ToString();
            totals[name] = totals.TryGetValue(name, out long old) ? old + _counts[i] : _counts[i];
        }
    }
}
