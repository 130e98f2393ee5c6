using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace VhostUser.Tests.Transport;

/// <summary>Certificates as two hosts would make them for themselves.</summary>
internal static class TestCertificate
{
    public static X509Certificate2 Create(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 made = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.Now.AddDays(-1), DateTimeOffset.Now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null); // SslStream wants the key in a form of its own
    }
}
