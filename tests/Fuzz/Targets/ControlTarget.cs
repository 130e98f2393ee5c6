using VhostUser.Devices.Net;
using VhostUser.Devices.Net.Control;
using VhostUser.Memory;
using VhostUser.Protocol;

namespace VhostUser.Fuzz.Targets;

/// <summary>Commands of a guest for the control queue, with any data: each is answered with OK or ERR, and the filter that they set goes on working.</summary>
internal sealed unsafe class ControlTarget : FuzzTarget
{
    private const int MaxCommands = 12;
    private const int Pairs = 4;

    private static readonly VirtioFeatures s_all = BackEndOptionsFeatures | VirtioFeatures.Mq;

    private readonly byte[] _command = new byte[4200];
    private readonly byte[] _frame = new byte[64];

    private static VirtioFeatures BackEndOptionsFeatures => Endpoints.BackEndOptions.DefaultFeatures | Endpoints.BackEndOptions.ControlFeatures;

    public override string Name => "control";

    public override int InputBytes => 256;

    public override int Run(ref FuzzInput input)
    {
        VirtioFeatures features = input.OneIn(4) ? s_all & (VirtioFeatures)input.UInt64() : s_all;
        var control = new NetControl(features, Pairs);
        int count = 0;
        do
        {
            int length = Make(ref input);
            byte answer = control.Execute(_command.AsSpan(0, length));
            FuzzFailure.Unless(answer is ControlClass.Ok or ControlClass.Error, $"The answer was {answer}.");
            FuzzFailure.Unless(control.ActivePairs is >= 1 and <= Pairs, $"{control.ActivePairs} of {Pairs} queue pairs are in use.");
            FuzzFailure.Unless((control.OffloadsOff & ~(features & NetControl.GuestOffloads)) == 0, "An offload is off that was never on.");
            if (answer == ControlClass.Ok) Good();
            else Count("refused");
            Filter(control, ref input);
            count++;
        }
        while (count < MaxCommands && !input.IsEmpty);
        FuzzFailure.Unless(control.Obeyed + control.Refused == count, "A command was neither obeyed nor refused.");
        return count;
    }

    public override void Dispose()
    {
    }

    private int Make(ref FuzzInput input)
    {
        Array.Clear(_command);
        (byte group, byte command, int length) = input.Below(8) switch
        {
            1 => (ControlClass.Mac, ControlClass.MacTableSet, 8),
            2 => (ControlClass.Mac, ControlClass.MacAddressSet, 6),
            3 => (ControlClass.Vlan, (byte)input.Below(3), 2),
            4 => (ControlClass.MultiQueue, ControlClass.MultiQueuePairsSet, 2),
            5 => (ControlClass.GuestOffloads, ControlClass.GuestOffloadsSet, 8),
            6 => (ControlClass.Announce, ControlClass.AnnounceAck, 0),
            7 => (input.Byte(), input.Byte(), input.Below(64)),
            _ => (ControlClass.Receive, (byte)input.Below(7), 1),
        };
        _command[0] = group;
        _command[1] = command;
        if (group == ControlClass.Mac && command == ControlClass.MacTableSet)
        {
            int unicast = input.Below(6), multicast = input.Below(6);
            _command[2] = (byte)unicast;
            _command[6 + 6 * unicast] = (byte)multicast;
            length = 8 + 6 * (unicast + multicast);
        }
        else if (group == ControlClass.GuestOffloads)
        {
            BitConverter.TryWriteBytes(_command.AsSpan(2), input.OneIn(2) ? (ulong)NetControl.GuestOffloads : input.UInt64());
        }
        else
        {
            _command[2] = (byte)input.Below(6);
        }
        for (int mistakes = input.Below(3); mistakes > 0; mistakes--)
        {
            if (input.OneIn(3)) length = Math.Max(0, length + input.Below(9) - 4);
            else _command[input.Below(2 + Math.Max(length, 1))] = input.Byte();
        }
        return input.OneIn(32) ? input.Below(3) : 2 + length;
    }

    private void Filter(NetControl control, ref FuzzInput input)
    {
        if (control.Filter is null) return;
        for (int i = 0; i < 18; i++) _frame[i] = input.Byte();
        if (input.OneIn(2)) (_frame[12], _frame[13]) = (0x81, 0);
        fixed (byte* p = _frame)
        {
            var segment = new Segment(p, (uint)input.Below(_frame.Length + 1));
            control.Filter.Accepts(new PacketView(&segment, 1, 0, segment.Length));
        }
    }
}
