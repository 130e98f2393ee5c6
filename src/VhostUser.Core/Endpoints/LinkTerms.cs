using System.Net;
using VhostUser.Transport;

namespace VhostUser.Endpoints;

/// <summary>Under what terms a session began.</summary>
/// <param name="Peer">The other end's hello.</param>
/// <param name="Agreement">What was agreed on.</param>
/// <param name="Local">This end of the control channel.</param>
/// <param name="Remote">The other end of it.</param>
internal sealed record LinkTerms(LinkHello Peer, LinkAgreement Agreement, IPEndPoint Local, IPEndPoint Remote);
