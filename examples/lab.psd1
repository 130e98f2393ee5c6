# A switch with two clients, and a third link to a server that sends packets back. See Lab.ps1 and Get-Help about_VhostUser_Labs.
@{
    Name    = 'switch'
    Regions = @{ mem = @{ Size = 64MB } }
    Servers = @{
        sw0  = @{ Path = './sw0.sock' }
        sw1  = @{ Path = './sw1.sock' }
        echo = @{ Path = './echo.sock'; Mode = 'Echo' }
    }
    Bridges = @{ br0 = @{ Port = 'sw0', 'sw1' } }
    Clients = @{
        vm0 = @{ Server = 'sw0'; Region = 'mem' }
        vm1 = @{ Server = 'sw1'; Region = 'mem' }
        vm2 = @{ Server = 'echo'; Region = 'mem'; QueueSize = 512 }
    }
}
