using System.Management.Automation;
using System.Management.Automation.Runspaces;
using VhostUser.Packets;

namespace VhostUser.Scripts;

/// <summary>
/// The script of a server in mode Script. It runs on the server's thread, in a runspace of its own: a script block that stayed
/// bound to the caller's runspace would wait for the prompt to be idle.
/// </summary>
internal sealed class PacketScript : IDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly string _server;
    private readonly string _text;
    private readonly Runspace _runspace;
    private readonly PowerShell _shell;
    private volatile bool _stopping;

    private PacketScript(string server, string text, Runspace runspace)
    {
        _server = server;
        _text = text;
        _runspace = runspace;
        _shell = PowerShell.Create();
        _shell.Runspace = runspace;
    }

    /// <summary>Gets a script ready to run.</summary>
    /// <param name="server">The server's name, for messages.</param>
    /// <param name="block">The script block; only its text and the values of its $using: variables are taken.</param>
    /// <param name="valueOf">The caller's variables, for $using:.</param>
    /// <exception cref="VhostException">InvalidArgument for a $using: variable that cannot travel.</exception>
    public static PacketScript Open(string server, ScriptBlock block, Func<string, object?> valueOf)
    {
        UsingVariables variables = UsingVariables.Collect(server, block, valueOf);
        InitialSessionState state = InitialSessionState.CreateDefault2();
        // The module's cmdlets without importing the module once more: nothing has to be removed again.
        foreach (Type type in typeof(PacketScript).Assembly.GetExportedTypes())
        {
            if (Attribute.GetCustomAttribute(type, typeof(CmdletAttribute)) is CmdletAttribute name)
                state.Commands.Add(new SessionStateCmdletEntry($"{name.VerbName}-{name.NounName}", type, null));
        }
        foreach ((string name, object? value) in variables.Values) state.Variables.Add(new SessionStateVariableEntry(name, value, null));
        Runspace runspace = RunspaceFactory.CreateRunspace(state);
        runspace.ThreadOptions = PSThreadOptions.UseCurrentThread;
        runspace.Name = "vhost " + server;
        runspace.Open();
        return new PacketScript(server, variables.Script, runspace);
    }

    /// <summary>Hands one packet to the script and returns what it wrote.</summary>
    /// <exception cref="VhostException">ScriptFailed.</exception>
    public IReadOnlyList<ReadOnlyMemory<byte>> Handle(int queue, ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> frame)
    {
        lock (_gate)
        {
            if (_stopping) return [];
            try
            {
                _shell.Commands.Clear();
                _shell.Streams.ClearStreams();
                _shell.AddScript(_text, useLocalScope: true).AddArgument(new ReceivedPacket(header.Span, frame.Span, queue, DateTimeOffset.Now));
                List<ReadOnlyMemory<byte>> replies = ScriptOutput.ToFrames(_shell.Invoke());
                if (_shell.Streams.Error.Count > 0) throw Failed(_shell.Streams.Error[0].ToString(), _shell.Streams.Error[0], null);
                return replies;
            }
            catch (PipelineStoppedException)
            {
                return [];
            }
            catch (RuntimeException error)
            {
                throw Failed(error.Message, error.ErrorRecord, error);
            }
            catch (FormatException error)
            {
                throw Failed(error.Message, null, error);
            }
        }
    }

    /// <summary>Interrupts the script where it stands and gives its runspace back. May be called again.</summary>
    public void Dispose()
    {
        bool again = _stopping;
        _stopping = true;
        if (again) return;
        // The script may begin in the very moment after being told to stop, so it is told until it has ended.
        long start = Environment.TickCount64;
        while (!_gate.TryEnter(TimeSpan.FromMilliseconds(100)))
        {
            _shell.BeginStop(null, null);
            if (Environment.TickCount64 - start > StopTimeout.TotalMilliseconds) return; // it is deep in a call that can't be interrupted
        }
        try
        {
            _shell.Dispose();
            _runspace.Dispose();
        }
        finally
        {
            _gate.Exit();
        }
    }

    private VhostException Failed(string message, ErrorRecord? record, Exception? error)
    {
        string? line = record?.InvocationInfo is { ScriptLineNumber: > 0 } place ? $", line {place.ScriptLineNumber}" : null;
        return new VhostException(VhostError.ScriptFailed, $"Packet script of server '{_server}'{line}: {message}", _server, "The packet got no answer; correct the script and start the server again.", error);
    }
}
