namespace VhostUser.Interop;

/// <summary>
/// Puts every signal's handler back as it was before a native library was loaded or called. Debian's libfabric pulls in a library that
/// takes SIGSEGV and SIGINT for itself in its constructor, and the shm provider does so later: the next NullReferenceException would end
/// the process, and Ctrl+C would no longer reach the shell.
/// </summary>
internal readonly ref struct SignalKeeper
{
    // SIGKILL and SIGSTOP have no handler; above 31 are the real-time signals, of which 32 and 33 are the C library's own.
    private const int Kill = 9;
    private const int Stop = 19;
    private const int Last = 31;

    private readonly sigaction_t[] _before = new sigaction_t[Last + 1];

    public SignalKeeper()
    {
        for (int signal = 1; signal <= Last; signal++)
        {
            if (signal is not (Kill or Stop)) _before[signal] = Libc.GetSignalAction(signal);
        }
    }

    public void Dispose()
    {
        for (int signal = 1; signal <= Last; signal++)
        {
            if (signal is Kill or Stop) continue;
            // Only what changed: another thread may have had its own reasons meanwhile.
            if (Libc.GetSignalAction(signal).sa_sigaction != _before[signal].sa_sigaction) Libc.SetSignalAction(signal, _before[signal]);
        }
    }
}
