using System.Runtime.InteropServices;
using VhostUser.Interop;
using VhostUser.Memory;
using VhostUser.Protocol;
using VhostUser.Rings;

namespace VhostUser.Endpoints;

/// <summary>The messages about features, memory, configuration and status.</summary>
internal sealed partial class BackEnd
{
    private void SetFeatures(VirtioFeatures features)
    {
        VirtioFeatures unknown = features & ~_options.Features;
        if (unknown != 0)
            throw new VhostException(VhostError.FeatureNotOffered, $"SET_FEATURES acknowledges {string.Join(", ", FeatureNames.Of(unknown))}, which was not offered.", "SET_FEATURES",
                "A front-end may only acknowledge what GET_FEATURES told it.");
        if (features != Features && _rings.Any(ring => ring.Queue is not null) && ((features ^ Features) & ~VirtioFeatures.LogAll) != 0)
            throw new VhostException(VhostError.RequestOutOfOrder, "SET_FEATURES changes features while a ring runs.", "SET_FEATURES", "Stop the rings with GET_VRING_BASE first.");
        bool changed = features != Features;
        Features = features;
        if (changed) ResetControl();
        _featuresSet = true;
        UpdateIotlb();
        UpdateAllRings();
        UpdateLogs();
    }

    private void SetProtocolFeatures(ProtocolFeatures features)
    {
        ProtocolFeatures unknown = features & ~_options.ProtocolFeatures;
        if (unknown != 0)
            throw new VhostException(VhostError.FeatureNotOffered, $"SET_PROTOCOL_FEATURES acknowledges {string.Join(", ", FeatureNames.Of(unknown))}, which was not offered.", "SET_PROTOCOL_FEATURES",
                "A front-end may only acknowledge what GET_PROTOCOL_FEATURES told it.");
        // vhost-user, GET_VRING_BASE_SKIP_DRAIN: what is suspended is recorded, so both features must be there, too.
        const ProtocolFeatures recorded = ProtocolFeatures.GetVringBaseInflight | ProtocolFeatures.InflightShmfd;
        if ((features & ProtocolFeatures.GetVringBaseSkipDrain) != 0 && (features & recorded) != recorded)
            throw new VhostException(VhostError.RequestValueInvalid, "SET_PROTOCOL_FEATURES acknowledges GetVringBaseSkipDrain without GetVringBaseInflight and InflightShmfd.", "SET_PROTOCOL_FEATURES",
                "Acknowledge all three, or leave GetVringBaseSkipDrain out.");
        CheckInband(features);
        ProtocolFeatures = features;
        _connection.RowExtra = UsesXen ? XenMmap.Size : 0;
        _statusUsed = (features & ProtocolFeatures.Status) != 0;
    }

    private void SetMemTable(Message message)
    {
        int count = RegionCount(message, RowSize);
        var table = new MemoryTable();
        try
        {
            for (int i = 0; i < count; i++) AddRegion(table, ReadRow(message, i), message.BorrowFd(i), i);
        }
        catch
        {
            table.Dispose();
            throw;
        }
        if (_listening)
        {
            ProposeTable(message, table);
            return;
        }
        ReplaceMemory(table);
    }

    private bool UsesXen => (ProtocolFeatures & ProtocolFeatures.XenMmap) != 0;

    /// <summary>Bytes of a row of a memory table (T-67).</summary>
    private int RowSize => Marshal.SizeOf<MemoryRegionDescription>() + _connection.RowExtra;

    /// <summary>A row of SET_MEM_TABLE, or the only one of ADD_MEM_REG and REM_MEM_REG: all have 8 bytes before the first.</summary>
    private MemoryRegionDescription ReadRow(Message message, int index = 0)
    {
        ReadOnlySpan<byte> row = message.Payload[(8 + RowSize * index)..];
        var description = MemoryMarshal.Read<MemoryRegionDescription>(row);
        if (UsesXen) MemoryMarshal.Read<XenMmap>(row[Marshal.SizeOf<MemoryRegionDescription>()..]).DemandOrdinary(message.Name, description);
        return description;
    }

    private static int RegionCount(Message message, int rowSize)
    {
        uint count = message.Read<uint>();
        if (count is >= 1 and <= MessageTable.MaxRegions && message.Payload.Length == 8 + rowSize * (int)count) return (int)count;
        string xen = count > 0 && rowSize == 32 && (ulong)message.Payload.Length == 8 + 40UL * count ? " (rows of 40 bytes need XEN_MMAP, which was not acknowledged)" : "";
        throw new VhostException(VhostError.MessageSizeInvalid,
            $"SET_MEM_TABLE counts {count} regions in {message.Payload.Length} bytes; expected 1 to {MessageTable.MaxRegions} regions, 8 + {rowSize} bytes each{xen}.", "SET_MEM_TABLE",
            "More regions need CONFIGURE_MEM_SLOTS and ADD_MEM_REG.");
    }

    private void AddMemReg(Message message)
    {
        // QEMU 7.2 adds and removes each region once for every queue pair: all but the first and the last change nothing.
        MemoryRegionDescription row = ReadRow(message);
        if (_memory.Find(row) is MemoryRegion known && known.IsRepeatedBy(row, message.BorrowFd(0)))
        {
            known.Repeats++;
            return;
        }
        if (_memory.Regions.Count >= BackEndOptions.MaxMemorySlots)
            throw new VhostException(VhostError.MemoryRegionInvalid, $"ADD_MEM_REG: all {BackEndOptions.MaxMemorySlots} slots are taken.", "ADD_MEM_REG", "Remove a region first.");
        AddRegion(_memory, row, message.BorrowFd(0), _memory.Regions.Count);
        if (_listening)
        {
            _memory.IsPostcopy = true;
            ReplyWithAddresses(message, [_memory.Regions[^1]], 8, UpdateAllRings);
            return;
        }
        UpdateAllRings();
    }

    private void RemMemReg(Message message)
    {
        MemoryRegionDescription row = ReadRow(message);
        MemoryRegion region = _memory.Find(row) ?? throw new VhostException(VhostError.MemoryRegionUnknown,
            $"REM_MEM_REG names region ({row}), which is not in the table; {_memory.Describe(user: false)}.", "REM_MEM_REG", "A region is found by guest address, user address and size.");
        if (region.Repeats > 0)
        {
            region.Repeats--;
            return;
        }
        foreach (Vring ring in _rings)
        {
            if (UsesIova || ring.Queue is null || ring.Addresses is not VringAddressPayload address) continue;
            if (Inside(address.Descriptors) || Inside(address.Available) || Inside(address.Used))
                throw new VhostException(VhostError.RegionInUse, $"REM_MEM_REG: ring {ring.Index} runs in region ({row}).", "REM_MEM_REG", "Stop the ring with GET_VRING_BASE first.");
        }
        _memory.Remove(region);
        RestartQueues();

        bool Inside(ulong user) => unchecked(user - row.UserAddress) < row.Size;
    }

    private void AddRegion(MemoryTable table, MemoryRegionDescription row, FileDescriptor file, int index)
    {
        RefuseUnlogged(row);
        MemoryRegion region = MemoryRegion.Map(row, file, index);
        try
        {
            table.Add(region);
        }
        catch
        {
            region.Dispose();
            throw;
        }
    }

    /// <summary>A new table while rings run: each is looked up again at its new place and goes on where it was, or stops when it has none.</summary>
    private void ReplaceMemory(MemoryTable table)
    {
        MemoryTable old = _memory;
        table.Iotlb = old.Iotlb;
        _memory = table;
        RestartQueues();
        old.Dispose();
    }

    private void RestartQueues()
    {
        foreach (Vring ring in _rings)
        {
            if (ring.Queue is null) continue;
            ring.Base = ring.Queue.Base;
            ring.Queue = null;
        }
        UpdateAllRings();
    }

    private void ResetDevice()
    {
        foreach (Vring ring in _rings)
        {
            StopRing(ring);
            ring.Enabled = null;
            ring.WasEnabled = false;
            ring.Base = 0;
        }
        Features = 0;
        ForgetInflight();
        UpdateIotlb();
        ResetControl();
        _featuresSet = false;
        Status = 0;
        UpdatePairs();
    }

    private void SetStatus(DeviceStatus status)
    {
        // virtio 1.3 §3.1.1: FEATURES_OK stays only if the features were accepted; a driver reads it back.
        Status = _featuresSet ? status : status & ~DeviceStatus.FeaturesOk;
        if (status == 0)
        {
            // virtio 1.3 §2.1: writing 0 resets the device.
            foreach (Vring ring in _rings) StopRing(ring);
            ForgetInflight();
            ResetControl();
        }
        UpdateAllRings();
    }
}
