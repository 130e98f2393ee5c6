using System.Management.Automation;

namespace VhostUser.Commands;

/// <summary>Import-VhostPesterAssertion: teaches Pester's Should about servers, clients, rings, bridges and paths.</summary>
[Cmdlet(VerbsData.Import, "VhostPesterAssertion")]
[OutputType(typeof(void))]
public sealed class ImportVhostPesterAssertionCommand : VhostCmdlet
{
    private const string FileName = "VhostUser.Pester.psm1";

    // Pester keeps its operators for the session, and refuses one of the same name but another body: so nothing is added twice.
    private const string Script = """
        param($path)
        if (-not (Get-Command Add-ShouldOperator -ErrorAction Ignore)) { Import-Module Pester -MinimumVersion 5.3 -Global -ErrorAction Ignore }
        if (-not (Get-Command Add-ShouldOperator -ErrorAction Ignore)) { return $false }
        if (-not (Get-ShouldOperator | Where-Object Name -EQ BeVringState)) { Import-Module $path -Global }
        $true
        """;

    /// <summary>Loads the assertions into the Pester of this session.</summary>
    protected override void EndProcessing() => Guard(() =>
    {
        string path = Path.Combine(Path.GetDirectoryName(typeof(ImportVhostPesterAssertionCommand).Assembly.Location)!, FileName);
        if (InvokeCommand.InvokeScript(Script, path).FirstOrDefault()?.BaseObject is not true)
            throw new VhostException(VhostError.PlatformNotSupported, "Pester 5.3 or newer is not installed, so there is no Should to add assertions to.", "Pester",
                "Install it: Install-PSResource Pester");
    });
}
