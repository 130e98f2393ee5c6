# Assertions for lab tests; Import-VhostPesterAssertion loads this file. Each takes a name, a live object or a photograph.
Set-StrictMode -Version Latest

# A fresh photograph of what a name or an object stands for.
function Get-Photograph($Subject) {
    $type = if ($Subject -is [string]) { '' } else { $Subject.psobject.TypeNames -join ' ' }
    $name = if ($Subject -is [string]) { $Subject } else { $Subject.Name }
    switch -Regex ($type) {
        'VhostServer' { return Get-VhostServer -Name $Subject }
        'VhostClient' { return Get-VhostClient -Name $Subject }
        'VhostBridge' { return Get-VhostBridge -Name $Subject }
        'VhostCapture' { return Get-VringCapture -Name $Subject }
    }
    $found = @(
        Get-VhostServer | Where-Object Name -EQ $name
        Get-VhostClient | Where-Object Name -EQ $name
        Get-VhostBridge | Where-Object Name -EQ $name
        Get-VringCapture | Where-Object Name -EQ $name
    )
    if ($found.Count -eq 1) { return $found[0] }
    $what = if ($found) { "is the name of several things; give the object, for example (Get-VhostServer $name)" } else { 'is no server, client, bridge or capture of this process' }
    throw [ArgumentException]::new("'$name' $what")
}

# Looks until the answer is the wanted one or the time is over. The look returns Is and Was: whether it holds, and what was there.
function Get-Verdict([scriptblock] $Look, [bool] $Negate, $Within, [string] $Expected, [string] $Because) {
    $limit = if ($null -eq $Within) { [timespan]::Zero } elseif ($Within -is [timespan]) { $Within } else { [timespan]::FromSeconds($Within) }
    $clock = [Diagnostics.Stopwatch]::StartNew()
    while ($true) {
        $seen = & $Look
        $holds = $seen.Is -ne $Negate
        if ($holds -or $clock.Elapsed -ge $limit) { break }
        Start-Sleep -Milliseconds 20
    }
    $not = if ($Negate) { ' not' }
    $reason = if ($Because) { ', because ' + ($Because -replace '^because ') }
    $time = if ($limit -gt [timespan]::Zero) { ' within {0:0.###} s' -f $limit.TotalSeconds }
    [pscustomobject]@{
        Succeeded = $holds
        FailureMessage = if (-not $holds) { "Expected$not $Expected$time$reason, but $($seen.Was)." }
    }
}

function Test-StateAssertion($ActualValue, [string] $State, $Within, [switch] $Negate, [string] $Because) {
    Get-Verdict -Negate $Negate -Within $Within -Because $Because -Expected "'$ActualValue' to be $State" -Look {
        $now = Get-Photograph $ActualValue
        @{ Is = "$($now.State)" -eq $State; Was = "it is $($now.State)$(if ($now.Fault) { ": $($now.Fault)" })" }
    }
}

function Test-VringAssertion($ActualValue, [string] $Verdict = 'ok', [int[]] $Queue, $Within, [switch] $Negate, [string] $Because) {
    $subjects = @($ActualValue)
    $owners = @($subjects | ForEach-Object { if ($_.psobject.TypeNames -match 'Rings\.VringState') { "$($_.Owner) ring $($_.Queue)" } else { "$_" } } | Select-Object -Unique)
    Get-Verdict -Negate $Negate -Within $Within -Because $Because -Expected "every ring of '$($owners -join ', ')' to be '$Verdict'" -Look {
        $rings = foreach ($subject in $subjects) {
            if ($subject.psobject.TypeNames -match 'Rings\.VringState') { $subject } else { Get-VringState $subject }
        }
        $rings = @($rings | Where-Object { -not $Queue -or $_.Queue -in $Queue })
        $others = @($rings | Where-Object Verdict -NotLike "$Verdict*")
        $shown = if ($others) { $others } else { $rings }
        @{
            Is = $rings.Count -gt 0 -and $others.Count -eq 0
            Was = if ($rings) { ($shown | ForEach-Object { "$($_.Owner) ring $($_.Queue) ($($_.Direction)): $($_.Verdict)" }) -join '; ' } else { 'it has no such ring' }
        }
    }
}

function Test-ForwardedAssertion($ActualValue, [long] $Packets = 1, $Within, [switch] $Negate, [string] $Because) {
    Get-Verdict -Negate $Negate -Within $Within -Because $Because -Expected "'$ActualValue' to have taken at least $Packets packets" -Look {
        $now = Get-Photograph $ActualValue
        $count = if ($now.psobject.Properties['PacketsReceived']) { $now.PacketsReceived } else { $now.Packets }
        @{ Is = $count -ge $Packets; Was = "it has taken $count" }
    }
}

function Test-DroppedAssertion($ActualValue, [long] $Packets = 1, [string] $Reason, [switch] $Negate, [string] $Because) {
    $of = if ($Reason) { " for $Reason" }
    Get-Verdict -Negate $Negate -Because $Because -Expected "'$ActualValue' to have dropped at least $Packets packets$of" -Look {
        $now = Get-Photograph $ActualValue
        $drops = if ($now.psobject.Properties['Drops']) { $now.Drops } else { @{ BufferFull = $now.Dropped } }
        $shown = @($drops.Keys | Where-Object { -not $Reason -or $_ -eq $Reason })
        $count = ($shown | ForEach-Object { $drops[$_] } | Measure-Object -Sum).Sum
        @{ Is = $count -ge $Packets; Was = "it has dropped $([long]$count)$(if ($count) { ': ' + (($shown | ForEach-Object { "$($drops[$_]) $_" }) -join ', ') })" }
    }
}

function Test-PathAssertion($ActualValue, $LostPercent, $Duplicates, $Reordered, $P50, $P99, $P999, $Max, $Jitter, [switch] $Negate, [string] $Because) {
    $limits = @(
        @{ Property = 'LostPercent'; Limit = $LostPercent }
        @{ Property = 'Duplicates'; Limit = $Duplicates }
        @{ Property = 'Reordered'; Limit = $Reordered }
        @{ Property = 'LatencyP50'; Limit = $P50 }
        @{ Property = 'LatencyP99'; Limit = $P99 }
        @{ Property = 'LatencyP999'; Limit = $P999 }
        @{ Property = 'LatencyMax'; Limit = $Max }
        @{ Property = 'Jitter'; Limit = $Jitter }
    ) | Where-Object { $null -ne $_.Limit }
    if (-not $limits) { $limits = @(@{ Property = 'LostPercent'; Limit = 0 }) }
    # A number is seconds where a time is meant, as everywhere in the module.
    foreach ($limit in $limits) {
        if ($ActualValue.($limit.Property) -is [timespan] -and $limit.Limit -isnot [timespan]) {
            $limit.Limit = [VhostUser.Arguments.TimeoutAttribute]::new().Transform($null, $limit.Limit)
        }
    }
    $text = ($limits | ForEach-Object { "$($_.Property) <= $($_.Limit)" }) -join ', '
    Get-Verdict -Negate $Negate -Because $Because -Expected "the path $($ActualValue.From) -> $($ActualValue.To) to have $text" -Look {
        $broken = @($limits | Where-Object { $ActualValue.($_.Property) -gt $_.Limit })
        $shown = if ($broken) { $broken } else { $limits }
        @{
            Is = $broken.Count -eq 0 -and $ActualValue.Sent -gt 0
            Was = if ($ActualValue.Sent) { ($shown | ForEach-Object { "$($_.Property) is $($ActualValue.($_.Property))" }) -join ', ' } else { 'nothing was sent' }
        }
    }
}

Add-ShouldOperator -Name BeVhostState -InternalName Test-StateAssertion -Test ${function:Test-StateAssertion}
Add-ShouldOperator -Name BeVringState -InternalName Test-VringAssertion -Test ${function:Test-VringAssertion} -SupportsArrayInput
Add-ShouldOperator -Name HaveForwarded -InternalName Test-ForwardedAssertion -Test ${function:Test-ForwardedAssertion}
Add-ShouldOperator -Name HaveDropped -InternalName Test-DroppedAssertion -Test ${function:Test-DroppedAssertion}
Add-ShouldOperator -Name MeetPathLimit -InternalName Test-PathAssertion -Test ${function:Test-PathAssertion}

Export-ModuleMember
