namespace VhostUser.Tests.Interop.Peers;

/// <summary>A cable between two network namespaces, which can be made slow, lossy, or cut without either end noticing.</summary>
/// <remarks>
/// Where the kernel has sch_netem it is a pair of veth interfaces; elsewhere a pair of taps between which this process carries the frames,
/// with the same effects. A cut swallows frames and leaves the carrier on, as a broken switch in the middle does.
/// </remarks>
public abstract class HostLink : IDisposable
{
    private double _loss;
    private TimeSpan _delay;

    /// <param name="leftName">The interface at the left end.</param>
    /// <param name="rightName">The interface at the right end.</param>
    private protected HostLink(string leftName, string rightName)
    {
        LeftName = leftName;
        RightName = rightName;
    }

    /// <summary>Gets the name of the interface in the left namespace.</summary>
    public string LeftName { get; }

    /// <summary>Gets the name of the interface in the right namespace.</summary>
    public string RightName { get; }

    /// <summary>Joins two namespaces and switches both ends on.</summary>
    /// <param name="left">A namespace.</param>
    /// <param name="leftAddress">The address of its end, as "198.18.0.1/24"; null makes the end a port of the namespace's bridge.</param>
    /// <param name="right">Another namespace.</param>
    /// <param name="rightAddress">The address of its end, or null.</param>
    public static HostLink Join(HostNetwork left, string? leftAddress, HostNetwork right, string? rightAddress)
    {
        HostLink link = VethLink.IsPossible ? new VethLink(left, right) : new TapLink();
        try
        {
            Attach(left, link.LeftName, leftAddress);
            Attach(right, link.RightName, rightAddress);
            return link;
        }
        catch
        {
            link.Dispose();
            throw;
        }
    }

    /// <summary>Delays every frame, and loses some, in both directions, from now on.</summary>
    /// <param name="loss">The part that is lost, from 0 to 1.</param>
    /// <param name="delay">The time that a frame takes in one direction.</param>
    public void Impair(double loss = 0, TimeSpan delay = default)
    {
        _loss = loss;
        _delay = delay;
        Apply(loss, delay);
    }

    /// <summary>Loses every frame until <see cref="Mend"/>.</summary>
    public void Cut() => Apply(1, _delay);

    /// <summary>Undoes a cut; what <see cref="Impair"/> asked for holds again.</summary>
    public void Mend() => Apply(_loss, _delay);

    /// <summary>Removes the link.</summary>
    public abstract void Dispose();

    private protected abstract void Apply(double loss, TimeSpan delay);

    private static void Attach(HostNetwork network, string name, string? address)
    {
        if (address is null) network.Bridge(name);
        else network.Attach(name, address);
    }
}
