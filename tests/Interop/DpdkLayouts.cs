using Xunit;

namespace VhostUser.Tests.Interop;

/// <summary>The shapes of a ring that DPDK has code of its own for, at either end.</summary>
internal static class DpdkLayouts
{
    /// <summary>Packed, mergeable, in order: each on and off; with one and two queue pairs.</summary>
    public static TheoryData<bool, bool, bool, int> All
    {
        get
        {
            var all = new TheoryData<bool, bool, bool, int>();
            for (int i = 0; i < 16; i++) all.Add((i & 1) == 0, (i & 2) == 0, (i & 4) == 0, 1 + (i >> 3));
            return all;
        }
    }
}
