using System.Management.Automation;

namespace VhostUser.Tests.Commands;

/// <summary>Everything a cmdlet did through its command runtime, in the order in which it did it.</summary>
internal sealed record CmdletResult
{
    /// <summary>What the cmdlet wrote to the pipeline, wrapping PSObjects removed.</summary>
    public required IReadOnlyList<object?> Output { get; init; }

    /// <summary>The non-terminating errors.</summary>
    public required IReadOnlyList<ErrorRecord> Errors { get; init; }

    public required IReadOnlyList<string> Verbose { get; init; }

    public required IReadOnlyList<string> Warnings { get; init; }

    public required IReadOnlyList<string> Debug { get; init; }

    public required IReadOnlyList<ProgressRecord> Progress { get; init; }

    public required IReadOnlyList<InformationRecord> Information { get; init; }

    /// <summary>The questions asked by ShouldProcess.</summary>
    public required IReadOnlyList<ShouldProcessQuestion> ShouldProcess { get; init; }

    /// <summary>The queries asked by ShouldContinue.</summary>
    public required IReadOnlyList<string> ShouldContinue { get; init; }

    /// <summary>The error with which the cmdlet ended the pipeline, or null.</summary>
    public required ErrorRecord? TerminatingError { get; init; }

    /// <summary>True when the pipeline was stopped from outside before the cmdlet was done.</summary>
    public required bool Stopped { get; init; }

    /// <summary>The ids of the non-terminating errors, without the command's name that the engine appends.</summary>
    public IEnumerable<string> ErrorIds => Errors.Select(IdOf);

    /// <summary>The id of the terminating error, or null.</summary>
    public string? TerminatingErrorId => TerminatingError is null ? null : IdOf(TerminatingError);

    /// <summary>The only object written, as <typeparamref name="T"/>; throws when there are none or several.</summary>
    public T Single<T>() => (T)Output.Single()!;

    private static string IdOf(ErrorRecord error) => error.FullyQualifiedErrorId.Split(',')[0];
}

/// <summary>One question of ShouldProcess: the target and the action, null where the cmdlet named none.</summary>
internal sealed record ShouldProcessQuestion(string Target, string? Action);
