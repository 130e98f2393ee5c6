using System.Collections;
using System.Management.Automation;

namespace VhostUser.Tests.Commands;

/// <summary>
/// Runs a cmdlet class as a pipeline would: binds parameters, feeds input, calls Begin, Process and End, disposes. Made for
/// one run. An exception that the cmdlet lets escape reaches the test.
/// </summary>
/// <example><c>new CmdletRunner&lt;GetThingCommand&gt;().With(new { Name = "a*" }).Run().Output</c></example>
internal sealed class CmdletRunner<TCmdlet>
    where TCmdlet : Cmdlet, new()
{
    private readonly RecordingRuntime _runtime = new();
    private readonly ParameterBinder _binder;
    private string? _parameterSet;

    public CmdletRunner()
    {
        Cmdlet.CommandRuntime = _runtime;
        EngineSession.Attach(Cmdlet);
        _binder = new ParameterBinder(Cmdlet);
    }

    /// <summary>The cmdlet itself, for what parameters cannot say.</summary>
    public TCmdlet Cmdlet { get; } = new();

    /// <summary>Binds parameters by name: the properties of an object (an anonymous one, say) or the entries of a dictionary.</summary>
    public CmdletRunner<TCmdlet> With(object parameters)
    {
        if (parameters is IDictionary dictionary)
        {
            foreach (DictionaryEntry entry in dictionary)
                _binder.BindNamed((string)entry.Key, entry.Value);
        }
        else
        {
            foreach (var property in parameters.GetType().GetProperties())
                _binder.BindNamed(property.Name, property.GetValue(parameters));
        }
        return this;
    }

    /// <summary>Sets properties directly, past transformation and validation.</summary>
    public CmdletRunner<TCmdlet> Set(Action<TCmdlet> set)
    {
        set(Cmdlet);
        return this;
    }

    /// <summary>Names the parameter set instead of finding it from what is bound.</summary>
    public CmdletRunner<TCmdlet> InParameterSet(string name)
    {
        _parameterSet = name;
        return this;
    }

    /// <summary>Runs as with -WhatIf: ShouldProcess says no.</summary>
    public CmdletRunner<TCmdlet> WhatIf()
    {
        _runtime.WhatIf = true;
        return this;
    }

    /// <summary>Answers the questions of ShouldProcess (-Confirm) and ShouldContinue; yes is the answer when nothing is said.</summary>
    public CmdletRunner<TCmdlet> Answer(bool shouldProcess = true, bool shouldContinue = true)
    {
        _runtime.Process = shouldProcess;
        _runtime.Continue = shouldContinue;
        return this;
    }

    /// <summary>Runs to the end as the first command of a pipeline.</summary>
    public CmdletResult Run() => RunOver([], fromPipeline: false);

    /// <summary>Runs to the end with the given objects from the pipeline.</summary>
    public CmdletResult RunOver(params object?[] input) => RunOver(input, fromPipeline: true);

    /// <summary>Runs on a thread of its own, to be watched and stopped.</summary>
    public RunningCmdlet Start(params object?[] input) =>
        new(_runtime, () => CmdletMethods.Stop(Cmdlet), () => RunOver(input, fromPipeline: input.Length > 0));

    private CmdletResult RunOver(object?[] input, bool fromPipeline)
    {
        try
        {
            SetParameterSet(final: !fromPipeline);
            CmdletMethods.Begin(Cmdlet);
            if (fromPipeline)
                ProcessAll(input);
            else
                CmdletMethods.Process(Cmdlet);
            CmdletMethods.End(Cmdlet);
        }
        catch (PipelineStoppedException) when (_runtime.Snapshot() is { Stopped: true } or { TerminatingError: not null })
        {
            // The end of a pipeline that was stopped, from outside or by a terminating error; the records tell which.
        }
        finally
        {
            (Cmdlet as IDisposable)?.Dispose();
        }
        return _runtime.Snapshot();
    }

    private void ProcessAll(object?[] input)
    {
        foreach (object? element in input)
        {
            if (_binder.BindPipeline(element))
            {
                SetParameterSet(final: true);
                CmdletMethods.Process(Cmdlet);
            }
            else
            {
                // The engine's own id and category for input that no parameter takes.
                var reason = new ArgumentException($"No parameter of {typeof(TCmdlet).Name} takes {element ?? "null"} from the pipeline.");
                _runtime.WriteError(new ErrorRecord(reason, "InputObjectNotBound", ErrorCategory.InvalidArgument, element));
            }
        }
    }

    private void SetParameterSet(bool final) =>
        EngineSession.SetParameterSet(Cmdlet, _parameterSet ?? _binder.ParameterSet(final));
}
