using VhostUser.Interop;
using VhostUser.Memory;

namespace VhostUser.Endpoints;

/// <summary>The destination of a post-copy migration: rings run while pages of the region are still elsewhere.</summary>
public sealed partial class VhostClient
{
    private PostcopyFeed? _feed;

    /// <summary>Brings all pages that are still missing, and ends post-copy.</summary>
    /// <param name="timeout">How long that may take.</param>
    /// <exception cref="VhostException">InvalidArgument without a source of pages; PeerTimeout; StateInvalid when the back-end went away before.</exception>
    public void CompletePostcopy(TimeSpan timeout)
    {
        PostcopyFeed feed = _feed ?? throw new VhostException(VhostError.InvalidArgument, $"Client '{Name}' has no pages to bring.", Name, "Connect it with a source of pages (PostcopySource).");
        feed.PushAll();
        if (!feed.WaitForEnd(timeout))
            throw new VhostException(VhostError.PeerTimeout, $"Client '{Name}': post-copy did not end within {timeout.TotalSeconds:0.#} s; {feed.Pages} pages were brought.", Name, "Look whether the back-end hangs.");
        if (feed.Failure is string failure) throw new VhostException(VhostError.StateInvalid, $"Client '{Name}': {failure}", Name, "Connect it again.");
    }

    private void ShareMemory(CancellationToken cancel)
    {
        if (_options.PostcopySource is not SharedRegion source)
        {
            _handshake!.ShareMemory(cancel);
            return;
        }
        (FileDescriptor fault, ulong start) = _handshake!.SharePostcopyMemory(cancel);
        _feed = new PostcopyFeed(fault, start, source, Name, () => _handshake.EndPostcopy(_ending.Token));
    }

    private static void CheckPostcopy(VhostClientOptions options)
    {
        if (options.PostcopySource is not SharedRegion source) return;
        string? why = options.Regions.Count != 1 ? $"{options.Regions.Count} regions were given; post-copy brings the pages of one"
            : options.Regions[0] == source ? "the pages would come from the region itself"
            : options.Regions[0].Size != source.Size ? $"region '{source.Name}' has {source.Size:#,0} bytes, region '{options.Regions[0].Name}' {options.Regions[0].Size:#,0}"
            : Libc.Stat(options.Regions[0].File.Number).stx_blksize != PostcopyFeed.PageSize ? "its pages are huge ones, which this client does not bring"
            : options.Reconnect ? "Reconnect does not go with it: another back-end would need the pages anew"
            : null;
        if (why is not null) throw new VhostException(VhostError.InvalidArgument, $"Client '{options.Name}': PostcopySource: {why}.", options.Name, "Give a region of ordinary pages, and another of the same size to take them from.");
    }
}
