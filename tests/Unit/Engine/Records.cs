namespace System.Management.Automation;

/// <summary>How far a long action is.</summary>
public class ProgressRecord
{
    private readonly int _activityId;
    private string _activity;
    private string _statusDescription;
    private int _percentComplete = -1;

    public ProgressRecord(int activityId, string activity, string statusDescription)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(activityId);
        ArgumentException.ThrowIfNullOrEmpty(activity);
        ArgumentException.ThrowIfNullOrEmpty(statusDescription);
        _activityId = activityId;
        _activity = activity;
        _statusDescription = statusDescription;
    }

    public int ActivityId => _activityId;

    public string Activity
    {
        get => _activity;
        set
        {
            ArgumentException.ThrowIfNullOrEmpty(value);
            _activity = value;
        }
    }

    public string StatusDescription
    {
        get => _statusDescription;
        set
        {
            ArgumentException.ThrowIfNullOrEmpty(value);
            _statusDescription = value;
        }
    }

    public string? CurrentOperation { get; set; }

    public int ParentActivityId { get; set; } = -1;

    public int PercentComplete
    {
        get => _percentComplete;
        set
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 100);
            _percentComplete = value;
        }
    }

    public int SecondsRemaining { get; set; } = -1;

    public ProgressRecordType RecordType { get; set; }
}

/// <summary>Whether an action goes on.</summary>
public enum ProgressRecordType
{
    Processing = 0,
    Completed = 1,
}

/// <summary>A message for the user that is no output.</summary>
public class InformationRecord
{
    public InformationRecord(object? messageData, string source)
    {
        MessageData = messageData;
        Source = source;
    }

    public object? MessageData { get; internal set; }

    public string Source { get; set; }

    public DateTime TimeGenerated { get; set; } = DateTime.Now;

    public List<string> Tags { get; internal set; } = [];

    public override string ToString() => MessageData?.ToString() ?? "";
}
