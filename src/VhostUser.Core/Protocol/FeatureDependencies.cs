namespace VhostUser.Protocol;

/// <summary>
/// Features that mean nothing without others (virtio 1.3 §5.1.3.1). MQ is not among them: with vhost-user the control queue that it
/// needs is usually kept by the front-end, and the back-end sees SET_VRING_ENABLE instead.
/// </summary>
internal static class FeatureDependencies
{
    private static readonly (VirtioFeatures Feature, VirtioFeatures AnyOf)[] _rules =
    [
        (VirtioFeatures.HostTso4 | VirtioFeatures.HostTso6 | VirtioFeatures.HostUfo | VirtioFeatures.HostUso, VirtioFeatures.Csum),
        (VirtioFeatures.GuestTso4 | VirtioFeatures.GuestTso6 | VirtioFeatures.GuestUfo | VirtioFeatures.GuestUso4 | VirtioFeatures.GuestUso6, VirtioFeatures.GuestCsum),
        (VirtioFeatures.HostEcn, VirtioFeatures.HostTso4 | VirtioFeatures.HostTso6),
        (VirtioFeatures.GuestEcn, VirtioFeatures.GuestTso4 | VirtioFeatures.GuestTso6),
        (VirtioFeatures.RscExt, VirtioFeatures.HostTso4 | VirtioFeatures.HostTso6),
        (VirtioFeatures.CtrlRx | VirtioFeatures.CtrlVlan | VirtioFeatures.CtrlRxExtra | VirtioFeatures.CtrlMacAddr | VirtioFeatures.CtrlGuestOffloads
            | VirtioFeatures.GuestAnnounce | VirtioFeatures.HashReport | VirtioFeatures.Rss, VirtioFeatures.CtrlVq),
    ];

    /// <summary>The features without those whose condition is missing.</summary>
    public static VirtioFeatures Keep(VirtioFeatures features)
    {
        foreach ((VirtioFeatures feature, VirtioFeatures anyOf) in _rules)
        {
            if ((features & anyOf) == 0) features &= ~feature;
        }
        return features;
    }

    /// <summary>The features with all that they need and that is offered.</summary>
    public static VirtioFeatures Complete(VirtioFeatures features, VirtioFeatures offered)
    {
        for (int i = _rules.Length - 1; i >= 0; i--) // the last rules' conditions have conditions of their own
        {
            (VirtioFeatures feature, VirtioFeatures anyOf) = _rules[i];
            if ((features & feature) != 0 && (features & anyOf) == 0) features |= anyOf & offered;
        }
        return features;
    }
}
