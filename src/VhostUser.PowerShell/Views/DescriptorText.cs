using System.Management.Automation;
using VhostUser.Rings;

namespace VhostUser.Views;

/// <summary>A ring with its descriptors as lines of text: what Get-VringState -Descriptor shows.</summary>
public static class DescriptorText
{
    private const DescriptorFlags Next = DescriptorFlags.Next;

    /// <summary>The ring in one line.</summary>
    /// <param name="ring">A <see cref="VringState"/>.</param>
    public static string Title(PSObject ring)
    {
        VringState state = Unwrap(ring);
        return $"{state.Owner} ring {state.Queue} ({state.Direction}, {state.Role}): avail {state.AvailableIndex}, used {state.UsedIndex}, in flight {state.InFlight}. {state.Verdict}";
    }

    /// <summary>A line of column names, a line for each descriptor that was ever written, and the number of the others.</summary>
    /// <param name="ring">A <see cref="VringState"/>.</param>
    public static string[] Lines(PSObject ring)
    {
        VringDescriptor[] all = Unwrap(ring).Descriptors;
        // A used descriptor of a packed ring may have the length 0: the device wrote nothing.
        VringDescriptor[] written = [.. all.Where(descriptor => descriptor.Length > 0 || descriptor.Address != 0)];
        if (all.Length == 0) return ["no descriptors: the ring is stopped"];
        string head = written.Length == 0 ? "" : Line("Index", "Address", "Length", "Flags", "Next", "Chain", "State", "Preview");
        string rest = all.Length == written.Length ? "" : $"{all.Length - written.Length} of {all.Length} descriptors were never written";
        return [.. new[] { head }.Concat(written.Select(Line)).Append(rest).Where(line => line.Length > 0)];
    }

    // The address of a used descriptor of a packed ring means nothing (virtio 1.3 §2.8.22).
    private static string Line(VringDescriptor one) => Line(one.Index, one.Length == 0 && (one.Flags & DescriptorFlags.Used) != 0 ? "-" : ViewText.Address(one.Address), one.Length, Short(one.Flags),
        (one.Flags & Next) != 0 ? one.Next : "", one.Chain >= 0 ? one.Chain : "", one.State, ViewText.Head(one.Preview, 17));

    private static string Short(DescriptorFlags flags) => flags.ToString().Replace(nameof(DescriptorFlags.Available), "Avail", StringComparison.Ordinal);

    private static string Line(params object[] columns) =>
        string.Format(System.Globalization.CultureInfo.InvariantCulture, "{0,5} {1,14} {2,6} {3,-11} {4,5} {5,5} {6,-9} {7}", columns).TrimEnd();

    private static VringState Unwrap(PSObject ring)
    {
        ArgumentNullException.ThrowIfNull(ring);
        return ring.BaseObject as VringState ?? throw new ArgumentException($"Expected a VringState, got {ring.BaseObject.GetType().Name}.", nameof(ring));
    }
}
