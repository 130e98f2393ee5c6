namespace VhostUser.Protocol;

/// <summary>Requests from back-end to front-end on the channel of SET_BACKEND_REQ_FD, VHOST_USER_BACKEND_* of the specification.</summary>
public enum BackEndRequest : uint
{
#pragma warning disable CS1591 // the names are the specification's
    IotlbMsg = 1,
    ConfigChangeMsg = 2,
    VringHostNotifierMsg = 3,
    VringCall = 4,
    VringErr = 5,
    SharedObjectAdd = 6,
    SharedObjectRemove = 7,
    SharedObjectLookup = 8,
    ShmemMap = 9,
    ShmemUnmap = 10,
#pragma warning restore CS1591
}
