using System.Collections.Concurrent;
using VhostUser.Interop;

namespace VhostUser.Endpoints;

/// <summary>The objects one end has: UUID to descriptor (a dma-buf, or any file that stands in for one). Any thread may use it.</summary>
internal sealed class SharedObjectStore : IDisposable
{
    private readonly ConcurrentDictionary<Guid, FileDescriptor> _objects = new();

    public IEnumerable<Guid> Ids => _objects.Keys;

    /// <summary>Keeps a copy of the descriptor; false when the UUID is taken.</summary>
    public bool TryAdd(Guid id, FileDescriptor file)
    {
        FileDescriptor copy = file.Duplicate();
        if (_objects.TryAdd(id, copy)) return true;
        copy.Dispose();
        return false;
    }

    public bool Remove(Guid id)
    {
        if (!_objects.TryRemove(id, out FileDescriptor? file)) return false;
        file.Dispose();
        return true;
    }

    /// <summary>A copy of the object's descriptor, the caller's to close; null when there is none.</summary>
    public FileDescriptor? Find(Guid id)
    {
        try
        {
            return _objects.TryGetValue(id, out FileDescriptor? file) ? file.Duplicate() : null;
        }
        catch (Exception error) when (error is LinuxException or ObjectDisposedException)
        {
            return null; // removed in this very moment
        }
    }

    public void Dispose()
    {
        foreach (Guid id in _objects.Keys) Remove(id);
    }
}
