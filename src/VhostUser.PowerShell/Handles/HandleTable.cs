using System.Collections.Concurrent;
using System.Management.Automation;

namespace VhostUser.Handles;

/// <summary>The live handles of one kind in this process, by name; any runspace may use it at any time.</summary>
/// <typeparam name="T">The kind of handle.</typeparam>
/// <param name="kind">What messages call it, for example "server".</param>
/// <param name="maker">The cmdlet that makes one, for remedies.</param>
/// <param name="closer">The cmdlet that closes one, for remedies.</param>
/// <param name="isClosed">Whether the owner closed a handle behind the table's back.</param>
/// <param name="close">Closes a handle; must bear being called twice.</param>
internal sealed class HandleTable<T>(string kind, string maker, string closer, Func<T, bool> isClosed, Action<T> close) where T : class
{
    // A name whose handle is still being made maps to null.
    private readonly ConcurrentDictionary<string, T?> _handles = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The names of the live handles, sorted.</summary>
    public IEnumerable<string> Names => _handles.Where(IsLive).Select(entry => entry.Key).Order(StringComparer.OrdinalIgnoreCase);

    /// <summary>Takes the name, makes the handle and keeps it; when making fails, the name is free again.</summary>
    /// <exception cref="VhostException">NameInUse.</exception>
    public T Add(string name, Func<T> make)
    {
        if (_handles.TryGetValue(name, out T? old) && old is not null && isClosed(old)) Forget(name, old);
        if (!_handles.TryAdd(name, null))
            throw new VhostException(VhostError.NameInUse, $"A {kind} named '{name}' exists already.", name, $"Choose another -Name, or close that {kind} first: {closer} {name}");
        try
        {
            T made = make();
            _handles[name] = made;
            return made;
        }
        catch
        {
            _handles.TryRemove(name, out _);
            throw;
        }
    }

    /// <summary>The live handle of that name, or null.</summary>
    public T? TryGet(string name) => _handles.TryGetValue(name, out T? handle) && handle is not null && !isClosed(handle) ? handle : null;

    /// <summary>The live handle of that name.</summary>
    /// <exception cref="VhostException">HandleNotFound.</exception>
    public T Get(string name)
    {
        if (TryGet(name) is T handle) return handle;
        string[] names = [.. Names];
        throw new VhostException(VhostError.HandleNotFound,
            $"There is no {kind} named '{name}' in this process; " + (names.Length == 0 ? "there is none at all." : $"there is {string.Join(", ", names)}."),
            name, $"Make one with {maker}.");
    }

    /// <summary>The live handles whose names fit: a pattern may fit none, a plain name must exist.</summary>
    /// <exception cref="VhostException">HandleNotFound.</exception>
    public IReadOnlyList<T> Find(string nameOrPattern)
    {
        if (!WildcardPattern.ContainsWildcardCharacters(nameOrPattern)) return [Get(nameOrPattern)];
        var pattern = new WildcardPattern(nameOrPattern, WildcardOptions.IgnoreCase);
        return [.. _handles.Where(IsLive).Where(entry => pattern.IsMatch(entry.Key)).OrderBy(entry => entry.Key, StringComparer.OrdinalIgnoreCase).Select(entry => entry.Value!)];
    }

    /// <summary>Closes a handle and frees its name; when closing fails, the handle stays.</summary>
    public void Close(string name, T handle)
    {
        close(handle);
        Forget(name, handle);
    }

    /// <summary>Closes all handles, whatever happens to one of them.</summary>
    public void CloseAll()
    {
        foreach ((string name, T? handle) in _handles.ToArray())
        {
            if (handle is null) continue;
            try
            {
                Close(name, handle);
            }
            catch (Exception error) when (error is VhostException or IOException or ObjectDisposedException or TimeoutException)
            {
                // Nobody is left to tell, and the others must be closed too.
            }
        }
    }

    private bool IsLive(KeyValuePair<string, T?> entry) => entry.Value is not null && !isClosed(entry.Value);

    private void Forget(string name, T handle) => _handles.TryRemove(new KeyValuePair<string, T?>(name, handle));
}
