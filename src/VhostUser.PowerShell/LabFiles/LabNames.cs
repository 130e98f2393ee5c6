using VhostUser.Handles;
using VhostUser.Labs;

namespace VhostUser.LabFiles;

/// <summary>Names of a lab that are in use by what is not its own.</summary>
internal static class LabNames
{
    /// <summary>Refuses a plan before anything is done when something else has a name that it needs.</summary>
    /// <exception cref="VhostException">NameInUse.</exception>
    public static void Check(string lab, IReadOnlyList<LabStep> steps)
    {
        foreach (LabStep step in steps.Where(step => step.Action == LabAction.Make))
        {
            bool goesBefore = steps.Any(other => other.Action == LabAction.Remove && other.Kind == step.Kind && string.Equals(other.Name, step.Name, StringComparison.OrdinalIgnoreCase));
            if (goesBefore || !IsTaken(step)) continue;
            string kind = step.Kind.ToString().ToLowerInvariant();
            throw new VhostException(VhostError.NameInUse, $"Lab '{lab}' needs a {kind} named '{step.Name}', and there is one that is not its own.", step.Name, $"Close that {kind}, or give the lab's another name.");
        }
    }

    private static bool IsTaken(LabStep step) => step.Kind switch
    {
        LabItemKind.Region => LiveHandles.Regions.TryGet(step.Name) is not null,
        LabItemKind.Server => LiveHandles.Servers.TryGet(step.Name) is not null,
        LabItemKind.Bridge => LiveHandles.Bridges.TryGet(step.Name) is not null,
        _ => LiveHandles.Clients.TryGet(step.Name) is not null,
    };
}
