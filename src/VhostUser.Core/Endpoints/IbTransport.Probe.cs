using VhostUser.Transport;

namespace VhostUser.Endpoints;

/// <summary>Measurements on a live link.</summary>
public sealed partial class IbTransport
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(100);

    private LinkProbe? _probe;

    /// <summary>Measures round trips, then bandwidth; the link goes on carrying packets meanwhile.</summary>
    /// <param name="roundTrips">How many round trips; 0 for none.</param>
    /// <param name="load">How long to send as much as goes through; zero for not at all.</param>
    /// <param name="progress">Told how far it is, from 0 to 1, ten times a second on the caller's thread.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <exception cref="VhostException">LinkDown: the link is not up, or went down. ServerBusy: it is being measured already.</exception>
    public IbTransportTest Test(int roundTrips, TimeSpan load, Action<double>? progress = null, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(roundTrips);
        var probe = new LinkProbe(roundTrips, load);
        LinkAgreement agreement = _worker.Invoke(() =>
        {
            if (_session is null) throw new VhostException(VhostError.LinkDown, $"Link '{Name}' is {_state}; there is nobody to measure with.", Name, _fault?.Message ?? "Make the other end with New-IbTransport.");
            if (_probe is not null) throw new VhostException(VhostError.ServerBusy, $"Link '{Name}' is being measured already.", Name, "Wait until that ends.");
            _probe = probe;
            return _terms!.Agreement;
        });
        try
        {
            _worker.Loop.Wake();
            while (!probe.Done.Task.Wait((int)s_look.TotalMilliseconds, cancel)) progress?.Invoke(probe.Progress);
        }
        catch (AggregateException error) when (error.InnerException is VhostException known)
        {
            throw known;
        }
        finally
        {
            if (_worker.IsAlive) _worker.Invoke(() => _probe = null);
        }
        TimeSpan[] times = [.. probe.Times.Order()];
        return new IbTransportTest
        {
            Name = Name,
            Provider = agreement.Provider,
            Mode = agreement.Mode,
            RoundTrips = times.Length,
            Unanswered = probe.Unanswered,
            Minimum = times.FirstOrDefault(),
            Median = At(0.5),
            Percentile99 = At(0.99),
            Maximum = times.LastOrDefault(),
            LoadBytes = probe.LoadBytes,
            LoadDuration = probe.LoadTime,
        };

        TimeSpan At(double part) => times.Length == 0 ? TimeSpan.Zero : times[(int)Math.Min(times.Length - 1, part * times.Length)];
    }
}
