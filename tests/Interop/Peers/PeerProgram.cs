using System.Diagnostics;
using System.Text.RegularExpressions;

namespace VhostUser.Tests.Interop.Peers;

/// <summary>A program of somebody else's, run as a child, whose output lines can be waited for and which never outlives the test.</summary>
/// <remarks>
/// The child runs under <c>timeout</c> (so that it ends even if the test host is killed) and <c>stdbuf -oL</c> (so that its lines arrive
/// when printed). <c>timeout</c> leads a process group of its own; signals go to it, and in the end to the whole group.
/// </remarks>
public sealed class PeerProgram : IDisposable
{
    private static readonly TimeSpan KillBound = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly List<string> _lines = [];
    private int _openStreams = 2;

    private PeerProgram(Process process) => _process = process;

    /// <summary>Gets the id of the child, which is also the id of the process group of everything it starts.</summary>
    public int ProcessId { get; private init; }

    /// <summary>Gets the command line, for messages.</summary>
    public required string CommandLine { get; init; }

    /// <summary>Gets whether any process of the group is left.</summary>
    public bool IsRunning => !_process.HasExited || ProcessGroup.IsAlive(ProcessId);

    /// <summary>Gets the number of lines read from stdout and stderr so far; a mark to wait from.</summary>
    public int LineCount
    {
        get { lock (_lines) return _lines.Count; }
    }

    /// <summary>Starts <paramref name="program"/>, which ends after <paramref name="lifetime"/> at the latest.</summary>
    public static PeerProgram Start(string program, IEnumerable<string> arguments, TimeSpan lifetime)
    {
        string[] bound = ["--signal=INT", "--kill-after=3", $"{Math.Max(1, (int)lifetime.TotalSeconds)}", "stdbuf", "-oL", program];
        ProcessStartInfo start = new("timeout", bound.Concat(arguments))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        PeerProgram peer = new(process)
        {
            ProcessId = process.Id,
            CommandLine = $"{program} {string.Join(' ', start.ArgumentList.Skip(bound.Length))}",
        };
        process.OutputDataReceived += peer.Collect;
        process.ErrorDataReceived += peer.Collect;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return peer;
    }

    /// <summary>Sends one line to the program's standard input.</summary>
    public void Send(string line)
    {
        try
        {
            _process.StandardInput.WriteLine(line);
            _process.StandardInput.Flush();
        }
        catch (IOException ended)
        {
            throw Failure($"took no input, so '{line}' was not sent", ended);
        }
    }

    /// <summary>Returns the lines read so far, from line <paramref name="from"/> on.</summary>
    public string[] Lines(int from = 0)
    {
        lock (_lines) return [.. _lines.Skip(from)];
    }

    /// <summary>Waits for a line, number <paramref name="from"/> or later, that matches <paramref name="pattern"/>.</summary>
    public Match WaitForLine(string pattern, TimeSpan deadline, int from = 0)
    {
        Regex regex = new(pattern, RegexOptions.CultureInvariant);
        var started = Stopwatch.StartNew();
        var next = from;
        while (true)
        {
            bool ended;
            lock (_lines)
            {
                // An exit alone does not mean that everything printed has been read.
                ended = _openStreams == 0 && _process.HasExited;
                for (; next < _lines.Count; next++)
                    if (regex.Match(_lines[next]) is { Success: true } match) return match;
                if (!ended && started.Elapsed < deadline)
                {
                    Monitor.Wait(_lines, 50);
                    continue;
                }
            }
            var end = ended ? $"ended with code {_process.ExitCode}" : $"ran for {deadline.TotalSeconds:0.#} s";
            throw Failure($"{end} without a line like /{pattern}/");
        }
    }

    /// <summary>Waits for the program to end by itself; false when the deadline passes first.</summary>
    public bool WaitForExit(TimeSpan deadline) => _process.WaitForExit(deadline);

    /// <summary>Sends SIGINT, and SIGKILL after <paramref name="bound"/>; true when the program ended by itself.</summary>
    public bool Stop(TimeSpan bound)
    {
        // To the whole group: a timeout that has only just forked exits without passing the signal on.
        if (IsRunning) ProcessGroup.Signal(ProcessId, ProcessGroup.Interrupt);
        var willing = WaitUntil(() => !IsRunning, bound);
        if (!willing)
        {
            ProcessGroup.Signal(ProcessId, ProcessGroup.Kill);
            _process.Kill();
            WaitUntil(() => !IsRunning, KillBound);
        }
        // What was printed may not have been read yet when the printer is gone.
        WaitUntil(() => { lock (_lines) return _openStreams == 0; }, KillBound);
        return willing;
    }

    /// <summary>Sends SIGKILL to all of the program's processes, which can't object or clean up.</summary>
    public void Kill()
    {
        ProcessGroup.Signal(ProcessId, ProcessGroup.Kill);
        WaitUntil(() => !IsRunning, KillBound);
    }

    /// <summary>Ends the program if it still runs.</summary>
    public void Dispose()
    {
        Stop(KillBound);
        _process.Dispose();
    }

    /// <summary>An exception that says what the program did, how it was called and what it printed last.</summary>
    public InvalidOperationException Failure(string what, Exception? cause = null) =>
        new(string.Join(Environment.NewLine + "  ", [$"The peer {what}.", CommandLine, .. Lines().TakeLast(40)]), cause);

    private static bool WaitUntil(Func<bool> done, TimeSpan bound)
    {
        var started = Stopwatch.StartNew();
        while (!done())
        {
            if (started.Elapsed > bound) return false;
            Thread.Sleep(10);
        }
        return true;
    }

    private void Collect(object sender, DataReceivedEventArgs received)
    {
        lock (_lines)
        {
            // Null is the end of a stream.
            if (received.Data is null) _openStreams--;
            else _lines.Add(received.Data);
            Monitor.PulseAll(_lines);
        }
    }
}
