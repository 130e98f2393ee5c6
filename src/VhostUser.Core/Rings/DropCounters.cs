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

    /// <summary>The drops as the end of a verdict; empty when there are none.</summary>
    /// <param name="headerLength">Bytes of the virtio-net header that this side expects.</param>
    public string Explain(int headerLength)
    {
        if (Total == 0) return "";
        var counts = new Dictionary<string, long>();
        AddTo(counts);
        string drops = "; dropped: " + string.Join(", ", counts.Select(drop => $"{drop.Value} {drop.Key}"));
        bool header = _counts[(int)DropReason.ShorterThanHeader] + _counts[(int)DropReason.InvalidHeader] > 0;
        return header ? $"{drops} (does the peer use a virtio-net header of {headerLength} bytes too?)" : drops;
    }
}
