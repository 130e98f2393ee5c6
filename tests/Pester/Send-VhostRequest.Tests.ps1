BeforeAll {
    . "$PSScriptRoot/Traffic.Setup.ps1" -Mode Sink
}

AfterAll {
    Remove-Module VhostUser
}

Describe 'Send-VhostRequest' {
    It 'shows what a back-end offers, by name and by number' {
        $offer = Send-VhostRequest vm0 GET_PROTOCOL_FEATURES
        $offer.Fields.ProtocolFeatures | Should -Contain 'BackendReq'
        (Get-VhostClient vm0 | Send-VhostRequest -Request 15).Value | Should -Be $offer.Value
    }

    It 'gets the answer no for a value that is wrong' {
        (Send-VhostRequest vm0 SetVringNum -Queue 0 -Number 3 -NeedReply).Value | Should -Be 1
        (Get-VhostServer sw0).LastRefusal | Should -BeLike '*SET_VRING_NUM*'
    }

    It 'refuses what is no request' {
        { Send-VhostRequest vm0 NoSuchThing -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidArgument,VhostUser.Commands.SendVhostRequestCommand'
    }
}

Describe 'Compare-VhostFeature' {
    It 'says what blocks two programs that can never talk' {
        $first = Compare-VhostFeature LibvhostUser Snabb | Select-Object -First 1
        $first.Feature | Should -Be 'Version1'
        $first.Result | Should -Be 'Blocked'
    }

    It 'finds nothing that blocks our own two ends' {
        Compare-VhostFeature sw0 vm0 | Where-Object Result -eq Blocked | Should -BeNullOrEmpty
        Get-VhostServer sw0 | Compare-VhostFeature -Right 'Version1' -Blocking | Where-Object Result -eq Blocked | Should -BeNullOrEmpty
    }
}
