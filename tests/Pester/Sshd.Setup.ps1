# An sshd of the test's own on loopback: own port, host key, client key and configuration, all in one folder. Dot-sourced; defines
# Get-SshdObstacle, Start-Sshd and Stop-Sshd.
function Get-SshdObstacle {
    foreach ($program in 'sshd', 'ssh', 'ssh-keygen') {
        if (-not (Get-Command $program, "/usr/sbin/$program" -ErrorAction Ignore)) { return "$program is not installed: sudo ./build.sh peers, or apt-get install openssh-server openssh-client" }
    }
}

function Get-FreePort {
    $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
    $listener.Start()
    $listener.LocalEndpoint.Port
    $listener.Stop()
}

# Starts one and returns its process and what New-PSSession wants to know.
function Start-Sshd([string] $Folder) {
    # A name without blanks, and no folder that others may write.
    $null = New-Item -ItemType Directory $Folder
    & chmod 700 $Folder
    & ssh-keygen -q -t ed25519 -N '' -f "$Folder/host"
    & ssh-keygen -q -t ed25519 -N '' -f "$Folder/user"
    Copy-Item "$Folder/user.pub" "$Folder/authorized"
    # What sshd wants as root: the folder that Debian's service makes.
    if ((& id -u) -eq 0) { $null = New-Item -ItemType Directory -Force /run/sshd }
    $port = Get-FreePort
    Set-Content "$Folder/config" @"
Port $port
ListenAddress 127.0.0.1
HostKey $Folder/host
AuthorizedKeysFile $Folder/authorized
PidFile $Folder/pid
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
Subsystem powershell $((Get-Command pwsh).Source) -sshs -NoLogo -NoProfile
"@
    $sshd = (Get-Command sshd, /usr/sbin/sshd -ErrorAction Ignore | Select-Object -First 1).Source
    $process = Start-Process $sshd -PassThru -ArgumentList '-D', '-e', '-f', "$Folder/config" -RedirectStandardError "$Folder/log"
    $deadline = [datetime]::UtcNow.AddSeconds(20)
    while (-not (Select-String -Path "$Folder/log" -Pattern 'Server listening' -ErrorAction Ignore)) {
        if ($process.HasExited -or [datetime]::UtcNow -gt $deadline) { throw "sshd did not start: $(Get-Content "$Folder/log")" }
        Start-Sleep -Milliseconds 50
    }
    @{
        Process    = $process
        Connection = @{
            HostName = '127.0.0.1'; Port = $port; UserName = (& id -un); KeyFilePath = "$Folder/user"
            Options  = @{ StrictHostKeyChecking = 'no'; UserKnownHostsFile = "$Folder/known"; BatchMode = 'yes' }
        }
    }
}

function Stop-Sshd($Sshd) {
    if (-not $Sshd.Process.HasExited) { $Sshd.Process.Kill() }
    $Sshd.Process.WaitForExit()
}
