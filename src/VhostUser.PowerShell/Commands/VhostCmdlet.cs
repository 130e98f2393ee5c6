using System.Management.Automation;

namespace VhostUser.Commands;

/// <summary>What the module's cmdlets share: they stop within a moment, and their errors have stable ids.</summary>
public abstract class VhostCmdlet : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Cancelled when the user presses Ctrl+C or the pipeline ends early.</summary>
    protected CancellationToken Cancel => _stop.Token;

    /// <summary>Runs work for one pipeline record; an error becomes an error record, and the next record goes on.</summary>
    /// <param name="action">The work.</param>
    /// <param name="target">What the error is about; null takes the name in the error itself.</param>
    /// <returns>False when the work failed.</returns>
    /// <exception cref="PipelineStoppedException">The work ended because the pipeline was stopped.</exception>
    protected bool Guard(Action action, object? target = null)
    {
        ArgumentNullException.ThrowIfNull(action);
        try
        {
            action();
            return true;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        catch (Exception error) when (ErrorRecords.TryCreate(error, target) is { } record)
        {
            WriteError(record);
            return false;
        }
    }

    /// <summary>Does something that may take a while on a thread of its own; this one shows progress when that is more than a second.</summary>
    /// <param name="activity">What is being done.</param>
    /// <param name="status">What it waits for.</param>
    /// <param name="limit">How long it may take, or null.</param>
    /// <param name="work">The work. It ends soon after <see cref="Cancel"/>, and calls nothing of the engine.</param>
    private protected T WithProgress<T>(string activity, string status, TimeSpan? limit, Func<T> work)
    {
        var task = Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        WaitHandle done = ((IAsyncResult)task).AsyncWaitHandle;
        try
        {
            using var progress = new WaitProgress(this, activity, limit);
            while (!done.WaitOne(WaitProgress.Interval)) progress.Show(status);
        }
        finally
        {
            done.WaitOne(); // the engine interrupts whoever shows progress while it stops the pipeline
        }
        return task.GetAwaiter().GetResult();
    }

    /// <summary>As the other, for work without a result.</summary>
    private protected void WithProgress(string activity, string status, TimeSpan? limit, Action work) => WithProgress(activity, status, limit, () =>
    {
        work();
        return true;
    });

    /// <summary>Tells the work to stop; called on another thread than the work's.</summary>
    protected override void StopProcessing()
    {
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The work ended in this very moment.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives back what the cmdlet holds; called by the engine at the end of every run.</summary>
    /// <param name="disposing">Always true: there is no finalizer.</param>
    protected virtual void Dispose(bool disposing) => _stop.Dispose();
}
