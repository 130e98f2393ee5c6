using System.Collections.Concurrent;

namespace VhostUser.Endpoints;

/// <summary>Which of this process's clients is connected to the back-end that has an object: one table, as a machine has one.</summary>
internal static class SharedObjectTable
{
    /// <summary>The most objects one back-end may announce.</summary>
    public const int MaxPerClient = 1024;

    private static readonly ConcurrentDictionary<Guid, VhostClient> s_owners = new();

    /// <summary>Notes an owner; false when the UUID has one, or this one has too many.</summary>
    public static bool TryAdd(Guid id, VhostClient owner) => s_owners.Values.Count(other => other == owner) < MaxPerClient && s_owners.TryAdd(id, owner);

    /// <summary>Forgets an object; false when it is not this client's.</summary>
    public static bool Remove(Guid id, VhostClient owner) => s_owners.TryRemove(new KeyValuePair<Guid, VhostClient>(id, owner));

    public static VhostClient? Find(Guid id) => s_owners.GetValueOrDefault(id);

    public static void RemoveAll(VhostClient owner)
    {
        foreach ((Guid id, VhostClient other) in s_owners)
            if (other == owner) Remove(id, owner);
    }
}
