namespace VhostUser.Labs;

/// <summary>An item that a lab has made and that is still there.</summary>
/// <param name="Item">As it was made.</param>
/// <param name="Ports">A bridge's ports as they are now, sorted.</param>
/// <param name="Broken">Why it must be made anew though the file did not change: its peer has gone. Null when nothing is wrong.</param>
public sealed record LabPresent(LabItem Item, IReadOnlyList<string> Ports, string? Broken = null);

/// <summary>The way from what is there to what a lab file wants: nothing is touched that is right already.</summary>
public static class LabPlan
{
    /// <summary>The steps in their order: what must go, users before what they use; then every item of the lab.</summary>
    /// <param name="wanted">The lab, reduced to this host; without items to take everything down.</param>
    /// <param name="present">What is there of it.</param>
    public static IReadOnlyList<LabStep> Between(Lab wanted, IReadOnlyList<LabPresent> present)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(present);
        var leaving = new Dictionary<LabItem, string>();
        foreach (LabPresent one in present)
            if (WhyLeave(wanted, one) is string why) leaving[one.Item] = why;
        foreach (LabPresent one in present)
            if (!leaving.ContainsKey(one.Item) && WhyFollow(one.Item, leaving) is string why) leaving[one.Item] = why;

        var steps = new List<LabStep>();
        foreach (LabItem item in present.Select(one => one.Item).Where(leaving.ContainsKey).OrderByDescending(item => item.Kind))
            steps.Add(new LabStep(LabAction.Remove, item, leaving[item]));
        foreach (LabItem item in wanted.Items)
        {
            LabPresent? there = present.FirstOrDefault(one => one.Item.Kind == item.Kind && Lab.IsSame(one.Item.Name, item.Name) && !leaving.ContainsKey(one.Item));
            steps.Add(there is null ? new LabStep(LabAction.Make, item, item.ToString()) : Adapt(item, there, leaving));
        }
        return steps;
    }

    private static string? WhyLeave(Lab wanted, LabPresent present)
    {
        if (wanted.Find(present.Item.Kind, present.Item.Name) is not LabItem item) return "is not wanted";
        string differences = string.Join(", ", present.Item.Differences(item));
        return differences.Length > 0 ? differences : present.Broken;
    }

    /// <summary>Why a client that did not change itself must be made anew: what it stands on goes.</summary>
    private static string? WhyFollow(LabItem item, Dictionary<LabItem, string> leaving)
    {
        if (item.Kind != LabItemKind.Client) return null;
        foreach (LabItem gone in leaving.Keys)
        {
            if (gone.Kind == LabItemKind.Region && item.Names("Region").Contains(gone.Name, StringComparer.OrdinalIgnoreCase)) return $"region {gone.Name} goes";
            // A client that reconnects finds the next server by itself.
            if (gone.Kind == LabItemKind.Server && !item.IsSet("Reconnect") && Lab.IsSame(item.Get("Server", ""), gone.Name)) return $"server {gone.Name} goes";
        }
        return null;
    }

    private static LabStep Adapt(LabItem item, LabPresent there, Dictionary<LabItem, string> leaving)
    {
        if (item.Kind != LabItemKind.Bridge) return new LabStep(LabAction.Keep, item, item.ToString());
        // A server that goes takes its port with it.
        string[] now = [.. there.Ports.Where(port => !leaving.Keys.Any(gone => gone.Kind == LabItemKind.Server && Lab.IsSame(gone.Name, port)))];
        string[] more = [.. item.Ports.Except(now, StringComparer.OrdinalIgnoreCase)];
        string[] less = [.. now.Except(item.Ports, StringComparer.OrdinalIgnoreCase)];
        if (more.Length + less.Length == 0) return new LabStep(LabAction.Keep, item, item.ToString());
        string[] changes = [more.Length > 0 ? $"add port {string.Join(", ", more)}" : "", less.Length > 0 ? $"remove port {string.Join(", ", less)}" : ""];
        return new LabStep(LabAction.Change, item, string.Join("; ", changes.Where(change => change.Length > 0)));
    }
}
