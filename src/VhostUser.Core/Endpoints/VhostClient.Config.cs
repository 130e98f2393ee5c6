using VhostUser.Protocol;

namespace VhostUser.Endpoints;

/// <summary>The configuration space of the back-end's device.</summary>
public sealed partial class VhostClient
{
    /// <summary>Reads a range of the device's configuration space (GET_CONFIG), for example the capacity of a disk: 8 bytes at 0.</summary>
    /// <param name="offset">First byte, from 0.</param>
    /// <param name="length">Number of bytes, 1 to 256.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="VhostException">
    /// InvalidArgument; RequestNotNegotiated without protocol feature CONFIG; RequestRefused when the back-end can't read the range.
    /// </exception>
    public byte[] ReadConfig(int offset, int length, CancellationToken cancel = default)
    {
        if (offset < 0 || length is < 1 or > MessageTable.MaxConfig)
            throw new VhostException(VhostError.InvalidArgument, $"Client '{Name}': {length} bytes at {offset} of the configuration space; expected 1 to {MessageTable.MaxConfig} bytes at 0 or above.", Name, "Read a larger range in parts.");
        lock (_gate)
        {
            Demand();
            if ((_handshake!.ProtocolFeatures & ProtocolFeatures.Config) == 0)
                throw new VhostException(VhostError.RequestNotNegotiated, $"Client '{Name}': the back-end does not offer protocol feature CONFIG.", Name, "Network back-ends leave the configuration space to the front-end.");
            try
            {
                return _frontEnd!.GetConfig((uint)offset, (uint)length, cancel);
            }
            catch (VhostException error) when (error.Error != VhostError.RequestRefused)
            {
                throw Fail(error);
            }
        }
    }
}
