using System.Diagnostics;
using System.Text.Json;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>QEMU's machine protocol (QMP): commands with answers, and events.</summary>
public sealed class QemuMonitor : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private readonly PeerProgram _qemu;
    private readonly LineSocket _socket;
    private readonly List<string> _events = [];

    internal QemuMonitor(PeerProgram qemu, string path)
    {
        _qemu = qemu;
        _socket = LineSocket.Connect(path, qemu, Bound);
        if (_socket.Receive(Bound) is null) throw qemu.Failure("did not greet on its monitor");
        Execute("qmp_capabilities");
    }

    /// <summary>Runs a command and returns its answer.</summary>
    /// <param name="command">Its name, as query-status.</param>
    /// <param name="arguments">An object that becomes its arguments, or null.</param>
    /// <exception cref="InvalidOperationException">QEMU refused, ended, or did not answer in time.</exception>
    public JsonElement Execute(string command, object? arguments = null)
    {
        _socket.Send(JsonSerializer.Serialize(arguments is null ? new { execute = command } : (object)new { execute = command, arguments }));
        while (true)
        {
            JsonElement message = Next(Bound) ?? throw _qemu.Failure($"did not answer {command} within {Bound.TotalSeconds} s");
            if (message.TryGetProperty("return", out JsonElement answer)) return answer;
            if (message.TryGetProperty("error", out JsonElement error)) throw _qemu.Failure($"refused {command}: {error}");
        }
    }

    /// <summary>Waits for an event that has come since the last one waited for, or comes now.</summary>
    public void WaitForEvent(string name, TimeSpan bound)
    {
        long start = Stopwatch.GetTimestamp();
        while (!_events.Remove(name))
        {
            TimeSpan left = bound - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero || Next(left) is null) throw _qemu.Failure($"reported no event {name} within {bound.TotalSeconds} s");
        }
    }

    /// <summary>Closes the connection.</summary>
    public void Dispose() => _socket.Dispose();

    private JsonElement? Next(TimeSpan bound)
    {
        if (_socket.Receive(bound) is not string line) return null;
        JsonElement message = JsonSerializer.Deserialize<JsonElement>(line);
        if (message.TryGetProperty("event", out JsonElement name)) _events.Add(name.GetString()!);
        return message;
    }
}
