using VhostUser.Endpoints;
using VhostUser.Rings;

namespace VhostUser.Reports;

/// <summary>One look at a server or client and its rings while a report is made.</summary>
/// <param name="At">Time since the first look.</param>
/// <param name="Info">The endpoint.</param>
/// <param name="Rings">Its rings.</param>
public sealed record ReportLook(TimeSpan At, EndpointInfo Info, IReadOnlyList<VringState> Rings);
