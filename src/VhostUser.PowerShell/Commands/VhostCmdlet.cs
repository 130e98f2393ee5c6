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
