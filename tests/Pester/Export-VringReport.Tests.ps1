BeforeDiscovery {
    $chromium = 'chromium', 'chromium-browser', 'google-chrome' | Where-Object { Get-Command $_ -CommandType Application -ErrorAction Ignore } | Select-Object -First 1
    if (-not $chromium) { Write-Warning 'Chromium is not installed (apt-get install chromium): how a browser reads a report is not tested.' }
}
BeforeAll {
    . "$PSScriptRoot/Traffic.Setup.ps1" -Mode Echo
}
AfterAll {
    Remove-Module VhostUser
}

Describe 'Export-VringReport' {
    It 'writes one page about what was seen' {
        $job = Start-ThreadJob {
            Import-Module "$using:PSScriptRoot/../../out/VhostUser/VhostUser.psd1"
            1..20 | ForEach-Object { New-VhostPacket -Length 100 | Send-VringPacket vm0 -Count 16; $null = Receive-VringPacket vm0 -Count 16 -Timeout 10 }
        }
        $file = Export-VringReport -Path "$TestDrive/report.html" -Duration 1 -Title 'Bench & <more>' -PassThru
        $null = $job | Wait-Job -Timeout 60
        $job | Remove-Job -Force
        $text = Get-Content $file -Raw
        $text | Should -Match '<h1>Bench &amp; &lt;more&gt;</h1>'
        $text | Should -Match '<h2>sw0</h2>'
        $text | Should -Match '<h2>vm0</h2>'
        $text | Should -Not -Match '<script'
    }

    It 'leaves nothing with -WhatIf, and a file alone with -NoClobber' {
        Export-VringReport vm0 "$TestDrive/none.html" -WhatIf
        "$TestDrive/none.html" | Should -Not -Exist
        Set-Content "$TestDrive/mine.html" mine
        { Export-VringReport vm0 "$TestDrive/mine.html" -Duration 0 -NoClobber -ErrorAction Stop } | Should -Throw -ErrorId 'NameInUse,*'
        Get-Content "$TestDrive/mine.html" | Should -Be mine
    }

    It 'is what Chromium makes of it: sections, rings, charts and the handshake, with nothing wider than a phone' -Skip:(-not $chromium) -ForEach @{ Browser = $chromium } {
        Export-VringReport vm0, sw0 "$TestDrive/page.html" -Duration 0.5 -Title 'Bench & <more>'
        # A frame as wide as a phone; what is in it tells whether it is wider than that.
        $options = '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
            "--user-data-dir=$TestDrive/profile"
        $dom = (& $Browser $options --dump-dom "file://$TestDrive/page.html" 2>$null) -join "`n"
        $dom | Should -Match '<title>Bench &amp; &lt;more&gt;</title>'
        [regex]::Matches($dom, '<section id="e\d"').Count | Should -Be 2
        [regex]::Matches($dom, '<svg class="ring"').Count | Should -Be 4
        [regex]::Matches($dom, '<figure>').Count | Should -Be 6
        [regex]::Matches($dom, 'SET_VRING_ADDR').Count | Should -Be 4

        Set-Content "$TestDrive/phone.html" '<body><iframe id="phone" src="page.html" style="width:360px;height:800px"></iframe><script>
            onload = () => { const page = document.getElementById("phone").contentDocument; document.body.append(`width ${page.documentElement.scrollWidth}, table head ${getComputedStyle(page.querySelector("thead")).display}`) }
            </script></body>'
        $phone = (& $Browser $options --allow-file-access-from-files --dump-dom "file://$TestDrive/phone.html" 2>$null) -join "`n"
        $phone | Should -Match 'width 3[0-6]\d, table head none'
    }
}

Describe 'Get-VhostServer and Get-VhostClient -Message' {
    It 'tell the same handshake from both sides' {
        $said = Get-VhostClient vm0 -Message
        $heard = Get-VhostServer sw0 -Message
        $said[0].Request | Should -Be 'SET_OWNER'
        $said.Request | Should -Be $heard.Request
        $said | Where-Object Request -eq SET_VRING_NUM | Select-Object -First 1 -ExpandProperty Content | Should -Be 'ring 0: 256 descriptors'
        ($said | Format-Table | Out-String -Width 100 -Stream | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 100
        $said | Format-List | Out-String | Should -Match 'ReplyTime'
    }
}
