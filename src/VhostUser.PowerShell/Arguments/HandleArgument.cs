using System.Management.Automation;
using VhostUser.Handles;

namespace VhostUser.Arguments;

/// <summary>A parameter that takes a handle by name, by wildcard, as the live object, or as what a Get cmdlet wrote.</summary>
/// <typeparam name="T">The kind of handle.</typeparam>
public abstract class HandleArgument<T> where T : class
{
    private readonly T? _live;
    private readonly Guid? _id; // of the handle that was photographed
    private readonly string? _foreignType;
    private readonly object? _foreignProcess;

    private protected HandleArgument(string name) => Name = name;

    private protected HandleArgument(string name, T live) : this(name) => _live = live;

    private protected HandleArgument(string name, Guid id) : this(name) => _id = id;

    private protected HandleArgument(PSObject value)
    {
        ArgumentNullException.ThrowIfNull(value);
        Name = value.Properties["Name"]?.Value as string ?? value.ToString();
        string type = value.TypeNames.FirstOrDefault() ?? "";
        if (!type.StartsWith("Deserialized.", StringComparison.Ordinal)) return;
        _foreignType = type;
        _foreignProcess = value.Properties["OwnerProcessId"]?.Value;
    }

    /// <summary>The name or pattern.</summary>
    public string Name { get; }

    private protected abstract string Kind { get; }

    private protected abstract Guid IdOf(T handle);

    private protected abstract HandleTable<T> Table { get; }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>The one handle that is meant.</summary>
    /// <exception cref="VhostException">HandleNotFound, HandleClosed, HandleFromAnotherProcess, or InvalidArgument for a pattern that fits several.</exception>
    internal T Resolve()
    {
        if (_live is not null) return _live;
        IReadOnlyList<T> found = ResolveAll();
        return found.Count switch
        {
            1 => found[0],
            0 => Table.Get(Name),
            _ => throw new VhostException(VhostError.InvalidArgument, $"'{Name}' fits {found.Count} {Kind}s; one is expected.", Name, "Name one of them."),
        };
    }

    /// <summary>The handles that are meant: a pattern may fit any number.</summary>
    /// <exception cref="VhostException">HandleNotFound, HandleClosed, HandleFromAnotherProcess.</exception>
    internal IReadOnlyList<T> ResolveAll()
    {
        if (_live is not null) return [_live];
        if (_id is Guid id) return [Photographed(id)];
        if (_foreignType is null) return Table.Find(Name);
        string process = _foreignProcess is null ? "another process" : $"process {_foreignProcess}";
        throw new VhostException(VhostError.HandleFromAnotherProcess,
            $"'{Name}' is a copy ({_foreignType}) of a {Kind} in {process}; its memory and sockets did not travel.", Name,
            "Address it by name in that session: Invoke-Command -Session $session { … -Name " + Name + " }.");
    }

    /// <summary>What was photographed, and no successor that has its name.</summary>
    private T Photographed(Guid id)
    {
        T? live = Table.TryGet(Name);
        if (live is not null && IdOf(live) == id) return live;
        throw new VhostException(VhostError.HandleClosed,
            $"The {Kind} '{Name}' that this object shows is closed{(live is null ? "" : "; another one has its name now")}.", Name,
            live is null ? "Make it again." : $"Give the name instead of the object if you mean the {Kind} that is there now.");
    }
}
