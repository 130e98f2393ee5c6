using System.Collections;

namespace VhostUser.Devices.Net.Switching;

/// <summary>
/// The VLANs of a port (IEEE 802.1Q). An access port has one, whose frames have no tag outside; a trunk port has several, tagged,
/// and may have a native one without tag.
/// </summary>
internal sealed class VlanFilter
{
    /// <summary>The highest VLAN number; 0 and 4095 are reserved.</summary>
    public const int MaxVlan = 4094;

    private readonly BitArray _member = new(MaxVlan + 2);

    /// <param name="untagged">VLAN of frames without a tag, 1 to 4094, or 0: they do not pass.</param>
    /// <param name="tagged">VLANs of frames with a tag.</param>
    public VlanFilter(int untagged, IEnumerable<int> tagged)
    {
        Untagged = untagged;
        Tagged = [.. tagged.Order().Distinct()];
        foreach (int vlan in Tagged) _member[vlan] = true;
        if (untagged != 0) _member[untagged] = true;
    }

    /// <summary>VLAN of frames without a tag, or 0.</summary>
    public int Untagged { get; }

    /// <summary>VLANs of frames with a tag, in order.</summary>
    public int[] Tagged { get; }

    /// <summary>Whether frames of a VLAN pass.</summary>
    public bool Contains(int vlan) => _member[vlan];
}
