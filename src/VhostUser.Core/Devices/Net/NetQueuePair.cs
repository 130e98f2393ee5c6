using VhostUser.Devices.Net.Capturing;
using VhostUser.Devices.Net.Control;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Devices.Net;

/// <summary>A receive ring and a transmit ring of a network device, with what was negotiated for both.</summary>
internal sealed class NetQueuePair
{
    public NetQueuePair(int index, Vring receive, Vring transmit)
    {
        Index = index;
        Receive = receive;
        Transmit = transmit;
        Filler = new ReceiveFiller(this);
    }

    public int Index { get; }

    /// <summary>The ring whose buffers the device fills (even index).</summary>
    public Vring Receive { get; }

    /// <summary>The ring whose packets the device takes (odd index).</summary>
    public Vring Transmit { get; }

    /// <summary>The features that hold for the pair's packets: those negotiated, without guest offloads that the driver turned off again.</summary>
    public VirtioFeatures Features { get; set; }

    /// <summary>Bytes of struct virtio_net_hdr in front of every packet.</summary>
    public int HeaderLength { get; set; } = NetHeader.LegacyLength;

    /// <summary>Whether a packet may span receive buffers (VIRTIO_NET_F_MRG_RXBUF).</summary>
    public bool Mergeable { get; set; }

    /// <summary>Whether packets may be delivered: the receive ring runs and is enabled.</summary>
    public bool CanReceive { get; set; }

    /// <summary>Whether packets are taken: the transmit ring runs and is enabled.</summary>
    public bool CanTransmit { get; set; }

    /// <summary>Whether the receive ring may have to wait for translations (VIRTIO_F_ACCESS_PLATFORM).</summary>
    public bool MayStall { get; set; }

    /// <summary>What the guest wants to receive, or null for everything.</summary>
    public ReceiveFilter? Filter { get; set; }

    /// <summary>Writes packets into the receive ring.</summary>
    public ReceiveFiller Filler { get; }

    /// <summary>Where the pair's packets are captured; the endpoint's, and the same for all its pairs.</summary>
    public CaptureTap Capture { get; init; } = new();

    /// <summary>Takes up to <paramref name="max"/> chains of the transmit ring into its burst; returns how many.</summary>
    public int TakeTransmitted(int max)
    {
        int count = Transmit.Queue!.Take(Transmit.Burst, max);
        CaptureTaken(count);
        return count;
    }

    /// <summary>Captures the first chains of the transmit ring's burst, if anybody captures: for a device that takes chains and may give some back.</summary>
    public void CaptureTaken(int count)
    {
        if (Capture.IsOn) Capture.AddTaken(Transmit, count, HeaderLength);
    }
}
