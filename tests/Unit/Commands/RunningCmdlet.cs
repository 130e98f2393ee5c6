using System.Runtime.ExceptionServices;

namespace VhostUser.Tests.Commands;

/// <summary>A cmdlet at work on its own thread.</summary>
internal sealed class RunningCmdlet
{
    private readonly RecordingRuntime _runtime;
    private readonly Action _stopProcessing;
    private readonly Thread _thread;
    private CmdletResult? _result;
    private ExceptionDispatchInfo? _escaped;

    public RunningCmdlet(RecordingRuntime runtime, Action stopProcessing, Func<CmdletResult> run)
    {
        _runtime = runtime;
        _stopProcessing = stopProcessing;
        _thread = new Thread(() => Work(run)) { IsBackground = true, Name = "pipeline" };
        _thread.Start();
    }

    /// <summary>Waits until what the cmdlet did so far satisfies the condition; throws when that takes over ten seconds.</summary>
    public RunningCmdlet WaitFor(Func<CmdletResult, bool> condition) =>
        _runtime.WaitFor(condition, TimeSpan.FromSeconds(10))
            ? this
            : throw new TimeoutException($"The cmdlet has not come so far; it did: {_runtime.Snapshot()}");

    /// <summary>Stops as Ctrl+C does: from another thread, StopProcessing once, and every further write fails.</summary>
    public RunningCmdlet Stop()
    {
        _runtime.Stop();
        _stopProcessing();
        return this;
    }

    /// <summary>Waits for the end and returns what the cmdlet did; throws when it does not end in time.</summary>
    /// <param name="timeout">How long to wait; ten seconds when not given.</param>
    public CmdletResult Result(TimeSpan? timeout = null)
    {
        if (!_thread.Join(timeout ?? TimeSpan.FromSeconds(10)))
            throw new TimeoutException("The cmdlet does not end.");
        _escaped?.Throw();
        return _result!;
    }

    private void Work(Func<CmdletResult> run)
    {
        try
        {
            _result = run();
        }
        catch (Exception error)
        {
            _escaped = ExceptionDispatchInfo.Capture(error);
        }
    }
}
