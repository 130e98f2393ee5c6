using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Host;

namespace VhostUser.Tests.Commands;

/// <summary>
/// A command runtime that records what a cmdlet does and answers its questions as told. As in the engine, a terminating
/// error is thrown as <see cref="PipelineStoppedException"/>, and so is every call after the pipeline was stopped.
/// </summary>
internal sealed class RecordingRuntime : ICommandRuntime2
{
    private readonly object _gate = new();
    private readonly List<object?> _output = [];
    private readonly List<ErrorRecord> _errors = [];
    private readonly List<string> _verbose = [];
    private readonly List<string> _warnings = [];
    private readonly List<string> _debug = [];
    private readonly List<ProgressRecord> _progress = [];
    private readonly List<InformationRecord> _information = [];
    private readonly List<ShouldProcessQuestion> _shouldProcess = [];
    private readonly List<string> _shouldContinue = [];
    private ErrorRecord? _terminatingError;
    private bool _stopping;

    /// <summary>The answer to ShouldProcess.</summary>
    public bool Process { get; set; } = true;

    /// <summary>True when a ShouldProcess answer of no is given because of -WhatIf.</summary>
    public bool WhatIf { get; set; }

    /// <summary>The answer to ShouldContinue.</summary>
    public bool Continue { get; set; } = true;

    public PSHost Host => null!;

    public PSTransactionContext CurrentPSTransaction => null!;

    /// <summary>From now on every call of the cmdlet ends in <see cref="PipelineStoppedException"/>.</summary>
    public void Stop()
    {
        lock (_gate)
            _stopping = true;
    }

    /// <summary>A copy of the records so far.</summary>
    public CmdletResult Snapshot()
    {
        lock (_gate)
        {
            return new CmdletResult
            {
                Output = [.. _output],
                Errors = [.. _errors],
                Verbose = [.. _verbose],
                Warnings = [.. _warnings],
                Debug = [.. _debug],
                Progress = [.. _progress],
                Information = [.. _information],
                ShouldProcess = [.. _shouldProcess],
                ShouldContinue = [.. _shouldContinue],
                TerminatingError = _terminatingError,
                Stopped = _stopping,
            };
        }
    }

    /// <summary>Waits until the records so far satisfy <paramref name="condition"/>; false when the time is over before.</summary>
    public bool WaitFor(Func<CmdletResult, bool> condition, TimeSpan timeout)
    {
        var deadline = DateTime.UtcNow + timeout;
        lock (_gate)
        {
            while (!condition(Snapshot()))
            {
                var left = deadline - DateTime.UtcNow;
                if (left <= TimeSpan.Zero || !Monitor.Wait(_gate, left))
                    return condition(Snapshot());
            }
            return true;
        }
    }

    public void WriteObject(object sendToPipeline) => Record(_output, Unwrap(sendToPipeline));

    public void WriteObject(object sendToPipeline, bool enumerateCollection)
    {
        // The engine takes strings and dictionaries as one object.
        if (enumerateCollection && Unwrap(sendToPipeline) is IEnumerable list and not string and not IDictionary)
        {
            foreach (object? element in list)
                WriteObject(element!);
        }
        else
        {
            WriteObject(sendToPipeline);
        }
    }

    public void WriteError(ErrorRecord errorRecord) => Record(_errors, errorRecord);

    public void WriteVerbose(string text) => Record(_verbose, text);

    public void WriteWarning(string text) => Record(_warnings, text);

    public void WriteDebug(string text) => Record(_debug, text);

    public void WriteCommandDetail(string text) => ThrowIfStopping();

    public void WriteProgress(ProgressRecord progressRecord) => Record(_progress, Copy(progressRecord));

    public void WriteProgress(long sourceId, ProgressRecord progressRecord) => WriteProgress(progressRecord);

    public void WriteInformation(InformationRecord informationRecord) => Record(_information, informationRecord);

    public bool ShouldProcess(string target) => AnswerProcess(new ShouldProcessQuestion(target, null));

    public bool ShouldProcess(string target, string action) => AnswerProcess(new ShouldProcessQuestion(target, action));

    public bool ShouldProcess(string verboseDescription, string verboseWarning, string caption) =>
        AnswerProcess(new ShouldProcessQuestion(verboseDescription, null));

    public bool ShouldProcess(string verboseDescription, string verboseWarning, string caption, out ShouldProcessReason shouldProcessReason)
    {
        shouldProcessReason = WhatIf ? ShouldProcessReason.WhatIf : ShouldProcessReason.None;
        return ShouldProcess(verboseDescription, verboseWarning, caption);
    }

    public bool ShouldContinue(string query, string caption)
    {
        Record(_shouldContinue, query);
        return Continue;
    }

    public bool ShouldContinue(string query, string caption, ref bool yesToAll, ref bool noToAll) =>
        yesToAll || (!noToAll && ShouldContinue(query, caption));

    public bool ShouldContinue(string query, string caption, bool hasSecurityImpact, ref bool yesToAll, ref bool noToAll) =>
        ShouldContinue(query, caption, ref yesToAll, ref noToAll);

    public bool TransactionAvailable() => false;

    public void ThrowTerminatingError(ErrorRecord errorRecord)
    {
        lock (_gate)
        {
            ThrowIfStopping();
            _terminatingError = errorRecord;
        }
        throw new PipelineStoppedException();
    }

    private static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    // Cmdlets use one record again and again.
    private static ProgressRecord Copy(ProgressRecord record) => new(record.ActivityId, record.Activity, record.StatusDescription)
    {
        CurrentOperation = record.CurrentOperation,
        ParentActivityId = record.ParentActivityId,
        PercentComplete = record.PercentComplete,
        RecordType = record.RecordType,
        SecondsRemaining = record.SecondsRemaining,
    };

    private bool AnswerProcess(ShouldProcessQuestion question)
    {
        Record(_shouldProcess, question);
        return Process && !WhatIf;
    }

    private void Record<T>(List<T> records, T record)
    {
        lock (_gate)
        {
            ThrowIfStopping();
            records.Add(record);
            Monitor.PulseAll(_gate);
        }
    }

    private void ThrowIfStopping()
    {
        lock (_gate)
        {
            if (_stopping)
                throw new PipelineStoppedException();
        }
    }
}
