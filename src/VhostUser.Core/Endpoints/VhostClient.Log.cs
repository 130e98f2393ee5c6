using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>
/// The dirty log of a front-end: what a migration needs to know which pages the back-end wrote since they were last copied
/// (vhost-user, "Migration"). The order of starting is QEMU's: the log, then the feature, then each ring's flag.
/// </summary>
public sealed partial class VhostClient
{
    private DirtyBitmap? _dirty;
    private FileDescriptor? _dirtyFd;

    /// <summary>Whether the back-end logs what it writes.</summary>
    public bool LogsDirtyPages => _dirty is not null;

    /// <summary>Makes the back-end log every page that it writes, from now on.</summary>
    /// <param name="notify">Whether the back-end should also tell when it has logged something: see <see cref="WaitForDirtyPages"/>. Not all know how (SET_LOG_FD).</param>
    /// <param name="cancel">Ends the wait for replies.</param>
    /// <exception cref="VhostException">FeatureMissing, or RequestOutOfOrder when a log runs already.</exception>
    public void StartDirtyLog(bool notify = false, CancellationToken cancel = default)
    {
        Ask(() =>
        {
            if (_dirty is not null)
                throw new VhostException(VhostError.RequestOutOfOrder, $"Client '{Name}' has a dirty log already.", Name, "Stop it first (Stop-VhostDirtyLog), or read it.");
            _handshake!.DemandLog();
            _dirty = new DirtyBitmap(_options.Regions.Max(region => region.GuestAddress + (ulong)region.Size));
            if (notify) _dirtyFd = Libc.EventFd();
            try
            {
                ShareDirtyLog(cancel);
            }
            catch
            {
                EndDirtyLog();
                throw;
            }
        });
    }

    /// <summary>The pages that the back-end wrote since the log was started or read; their marks are cleared.</summary>
    /// <returns>Runs of pages in the order of regions and addresses.</returns>
    /// <exception cref="VhostException">RequestOutOfOrder when no log runs.</exception>
    public IReadOnlyList<DirtyRange> ReadDirtyLog()
    {
        lock (_gate)
        {
            DirtyBitmap dirty = DemandDirtyLog();
            return [.. _options.Regions.SelectMany(region => dirty.Take(region.GuestAddress, (ulong)region.Size).Select(run => Describe(region, run)))];
        }

        static DirtyRange Describe(SharedRegion region, (ulong FirstPage, long Pages) run) => new()
        {
            Region = region.Name,
            GuestAddress = run.FirstPage << DirtyLog.PageShift,
            Offset = (long)Math.Max(run.FirstPage << DirtyLog.PageShift, region.GuestAddress) - (long)region.GuestAddress,
            Pages = run.Pages,
        };
    }

    /// <summary>Waits until the back-end says that it has logged something.</summary>
    /// <returns>False when the time ran out.</returns>
    /// <exception cref="VhostException">RequestOutOfOrder when no log runs, or one that does not notify.</exception>
    public bool WaitForDirtyPages(TimeSpan timeout, CancellationToken cancel = default)
    {
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        Span<pollfd> poll = [default];
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            lock (_gate)
            {
                DemandDirtyLog();
                if (_dirtyFd is null)
                    throw new VhostException(VhostError.RequestOutOfOrder, $"The dirty log of client '{Name}' does not notify.", Name, "Start it with -Notify.");
                if (EventFd.Consume(_dirtyFd.Number) > 0) return true;
                poll[0] = new pollfd { fd = _dirtyFd.Number, events = Libc.POLLIN };
            }
            TimeSpan left = timeout - System.Diagnostics.Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero) return false;
            Libc.Poll(poll, (int)Math.Clamp(left.TotalMilliseconds, 1, 100)); // in slices, so that Ctrl+C is seen soon
        }
    }

    /// <summary>Ends logging; marks that were not read are lost.</summary>
    /// <param name="cancel">Ends the wait for replies.</param>
    /// <exception cref="VhostException">RequestOutOfOrder when no log runs.</exception>
    public void StopDirtyLog(CancellationToken cancel = default)
    {
        lock (_gate)
        {
            DemandDirtyLog();
            try
            {
                if (_state == EndpointState.Running) Ask(() => _handshake!.SetLogging(_rings, on: false, cancel));
            }
            finally
            {
                EndDirtyLog();
            }
        }
    }

    private void ShareDirtyLog(CancellationToken cancel)
    {
        _handshake!.ShareLog(_dirty!, _dirtyFd, cancel);
        _handshake.SetLogging(_rings, on: true, cancel);
    }

    private DirtyBitmap DemandDirtyLog() => _dirty ?? throw new VhostException(VhostError.RequestOutOfOrder, $"Client '{Name}' has no dirty log.", Name, "Start one with Start-VhostDirtyLog.");

    private void EndDirtyLog()
    {
        _dirty?.Dispose();
        _dirty = null;
        _dirtyFd?.Dispose();
        _dirtyFd = null;
    }
}
