namespace VhostUser.Endpoints;

/// <summary>Calls the handlers of an endpoint's events. They belong to others: what one throws must reach neither the endpoint nor the other handlers.</summary>
internal static class EndpointEvents
{
    public static void Raise(EventHandler? handlers, object sender)
    {
        foreach (EventHandler handler in Delegate.EnumerateInvocationList(handlers))
        {
            try
            {
                handler(sender, EventArgs.Empty);
            }
            catch (Exception)
            {
                // There is nobody to tell: the thread that raises is the endpoint's own.
            }
        }
    }
}
