<#
.SYNOPSIS
Brings up any number of hosts over SSH, gives each a bridge with a server, and joins them all: each host's guests reach those of all others.
.DESCRIPTION
Handles stay where they were made: a session is kept for each host, and things there are named. Each pair of hosts gets a link, which is a
port of both bridges; what comes by one link never leaves by another, so that a mesh has no loops.
Without -HostName, an sshd of the script's own stands for three hosts on this machine. Other hosts need sshd with PowerShell's subsystem,
the module in PSModulePath or at -Module, and ports from -LinkPort on, one per link, open to each other.
.EXAMPLE
./examples/ManyHosts.ps1
.EXAMPLE
./examples/ManyHosts.ps1 -HostName node01, node02, node03, node04 -UserName lab -KeyFilePath ~/.ssh/id_ed25519 -Module VhostUser
#>
[CmdletBinding()]
param(
    [string[]] $HostName,
    [string] $UserName = [Environment]::UserName,
    [string] $KeyFilePath,
    # The first port of the links' control channels.
    [int] $LinkPort = 18540,
    # The module: the folder that dotnet publish makes, or the name of an installed one, on all hosts.
    [string] $Module = "$PSScriptRoot/../out/VhostUser"
)
$ErrorActionPreference = 'Stop'
Import-Module $Module
if (Test-Path $Module) { $Module = (Resolve-Path $Module).Path }

# An sshd on loopback whose only user is whoever has the key in this folder.
function Start-OwnSshd([string] $Folder) {
    foreach ($key in 'host', 'user') { & ssh-keygen -q -t ed25519 -N '' -f "$Folder/$key" }
    Copy-Item "$Folder/user.pub" "$Folder/authorized"
    if ([Environment]::IsPrivilegedProcess) { $null = New-Item -ItemType Directory -Force /run/sshd }
    $probe = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
    $probe.Start(); $port = $probe.LocalEndpoint.Port; $probe.Stop()
    $pwsh = if (Test-Path "$PSHOME/pwsh") { "$PSHOME/pwsh" } else { "$((Get-Command dotnet).Source) $PSHOME/pwsh.dll" }
    Set-Content "$Folder/sshd_config" @"
ListenAddress 127.0.0.1
Port $port
HostKey $Folder/host
AuthorizedKeysFile $Folder/authorized
PasswordAuthentication no
StrictModes no
UsePAM no
PidFile none
MaxStartups 100
MaxSessions 100
Subsystem powershell $pwsh -sshs -NoLogo -NoProfile
"@
    $process = Start-Process /usr/sbin/sshd "-D -f $Folder/sshd_config" -PassThru -RedirectStandardError "$Folder/sshd.log"
    foreach ($i in 1..100) {
        if ($process.HasExited) { throw "sshd ended: $(Get-Content "$Folder/sshd.log")" }
        try { [Net.Sockets.TcpClient]::new('127.0.0.1', $port).Dispose(); break } catch { Start-Sleep -Milliseconds 100 }
    }
    [pscustomobject]@{ Process = $process; Port = $port; Key = "$Folder/user" }
}

$folder = New-Item -ItemType Directory "$([IO.Path]::GetTempPath())many-$PID"
$sshd = $null
$sessions = @()
try {
    if ($HostName) {
        $connection = @{ UserName = $UserName } + $(if ($KeyFilePath) { @{ KeyFilePath = $KeyFilePath } } else { @{} })
        $sessions = $HostName | ForEach-Object { New-PSSession -HostName $_ @connection }
    } elseif (-not (Test-Path /usr/sbin/sshd) -or -not (Get-Command ssh, ssh-keygen -ErrorAction Ignore)) {
        'sshd or ssh is not installed, so there are no hosts to bring up: apt-get install openssh-server openssh-client'
        return
    } else {
        $sshd = Start-OwnSshd $folder
        $HostName = @('127.0.0.1') * 3
        $options = @{ StrictHostKeyChecking = 'no'; UserKnownHostsFile = '/dev/null'; LogLevel = 'ERROR' }
        $sessions = $HostName | ForEach-Object { New-PSSession -HostName $_ -Port $sshd.Port -UserName $UserName -KeyFilePath $sshd.Key -Options $options }
    }

    # Here vm0 plays the guest; QEMU would connect to sw0.sock instead.
    Invoke-Command $sessions {
        Import-Module $using:Module
        $folder = New-Item -ItemType Directory "$([IO.Path]::GetTempPath())vhost-$PID"
        $null = Start-VhostServer sw0 "$folder/sw0.sock"
        $null = New-VhostSharedRegion lab 64MB
        $null = Connect-VhostClient vm0 "$folder/sw0.sock" lab
        $null = New-VhostBridge br0 -Port sw0
    }

    # A full mesh: of each two hosts the first listens. One key for all; it crosses in SSH.
    $key = New-IbKey
    $port = $LinkPort
    for ($i = 0; $i -lt $sessions.Count; $i++) {
        for ($j = $i + 1; $j -lt $sessions.Count; $j++) {
            $address = $HostName[$i]
            Invoke-Command $sessions[$i] { $null = New-IbTransport "to$using:j" -Bridge br0 -Listen $using:address -Port $using:port -Credential $using:key }
            Invoke-Command $sessions[$j] { $null = New-IbTransport "to$using:i" -Bridge br0 -Connect $using:address -Port $using:port -Credential $using:key }
            $port++
        }
    }
    Invoke-Command $sessions {
        foreach ($i in 1..300) {
            if (-not (Get-IbTransport | Where-Object State -ne Up)) { break }
            Start-Sleep -Milliseconds 100
        }
    }

    # One packet to all: each of the others gets it once.
    Invoke-Command $sessions[0] { New-VhostPacket -Udp -DestinationMac ff:ff:ff:ff:ff:ff -Payload 'hello, all' | Send-VringPacket -Client vm0 }
    "# What the other hosts' guests received"
    Invoke-Command ($sessions | Select-Object -Skip 1) { Receive-VringPacket -Client vm0 -Count 1 -Timeout 20 } |
        ForEach-Object { '{0}: {1}' -f $_.PSComputerName, $_.PayloadText }
    "`n# The links, from all hosts"
    $links = Invoke-Command $sessions { Get-IbTransport }
    ($links | Sort-Object OwnerProcessId, Name | Format-Table PSComputerName, OwnerProcessId, Name, State, Provider, Mode, PacketsSent, PacketsReceived | Out-String -Width 130).Trim()
    if ($links | Where-Object { "$($_.State)" -ne 'Up' }) { throw 'Not all links are up.' }
} finally {
    foreach ($session in $sessions) {
        Invoke-Command $session {
            Get-IbTransport | Remove-IbTransport
            Get-VhostBridge | Remove-VhostBridge
            Get-VhostClient | Disconnect-VhostClient
            Get-VhostServer | Stop-VhostServer
            Get-VhostSharedRegion | Remove-VhostSharedRegion
            if ($folder) { Remove-Item -Recurse $folder }
        } -ErrorAction Continue
    }
    $sessions | Remove-PSSession
    if ($sshd) { $sshd.Process.Kill() }
    Remove-Item -Recurse $folder
}
