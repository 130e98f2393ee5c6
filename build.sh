#!/usr/bin/env bash
# ./build.sh [build|test|pester|demo|bench [-Quick]|interop [-Quick]|publish|package|peers]
# Needs the .NET SDK only. With PowerShell, found or restored, build.ps1 does the work; without it everything but Pester still runs.
set -eu
cd "$(dirname "$0")"
task=$(printf '%s' "${1:-test}" | tr '[:upper:]' '[:lower:]')
[ $# -eq 0 ] || shift
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

# The programs the interop tests talk to, with the Debian package of each. busybox runs in QEMU's guests, tshark reads
# captures.
peer_programs=(
    dpdk-testpmd:dpdk-dev qemu-system-x86_64:qemu-system-x86 busybox:busybox-static
    qemu-storage-daemon:qemu-system-common /usr/lib/qemu/virtiofsd:qemu-system-common
    /usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk:openvswitch-switch-dpdk tshark:tshark
)

# Sets missing to the packages of those that are not here, each once.
find_missing() {
    local entry
    missing=()
    for entry in "${peer_programs[@]}"; do
        command -v "${entry%%:*}" > /dev/null || [[ " ${missing[*]} " == *" ${entry##*:} "* ]] || missing+=("${entry##*:}")
    done
}

# Installs packages; the daemons among them are not started, since the tests run their own. An existing policy is left as it is.
install_packages() {
    local policy=/usr/sbin/policy-rc.d status=0 own=
    if [ ! -e "$policy" ]; then
        own=1
        printf '#!/bin/sh\nexit 101\n' > "$policy" && chmod +x "$policy"
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" || status=$?
    [ -z "$own" ] || rm -f "$policy"
    return $status
}

# Installs those programs, unpacks a kernel for guests, and reserves 2 MB pages. Never fails: tests whose peer is missing say so.
peers() {
    local log=out/peers.log pages wanted missing
    mkdir -p out
    find_missing
    if [ ${#missing[@]} = 0 ]; then
        echo "peers: ${peer_programs[*]##*:} are installed"
    elif ! command -v apt-get > /dev/null; then
        echo "peers: no apt-get here, so ${missing[*]} were not installed; the interop tests that need them will be skipped"
    elif [ "$(id -u)" != 0 ]; then
        echo "peers: not root, so nothing was installed; as root: apt-get install ${missing[*]}. Their interop tests will be skipped"
    elif apt-get update > "$log" 2>&1 \
        && install_packages "${missing[@]}" >> "$log" 2>&1; then
        echo "peers: installed ${missing[*]}"
    else
        echo "peers: apt-get could not install ${missing[*]} (offline? see $log); the interop tests that need them will be skipped"
        tail -n 3 "$log"
    fi
    if command -v apt-get > /dev/null; then
        timeout 400 eng/guest-kernel.sh || echo "peers: no kernel for QEMU's guests; the interop tests that boot one will be skipped"
    fi

    pages=/proc/sys/vm/nr_hugepages
    # Two peers of 256 MB and room for their successors, but no more than a quarter of the memory.
    wanted=$(awk '/^MemTotal/ { quarter = int($2 / 2048 / 4); print quarter < 640 ? quarter : 640 }' /proc/meminfo)
    if [ ! -e "$pages" ]; then
        echo "peers: this kernel has no hugepages; peers run with ordinary pages"
    elif [ "$(cat "$pages")" -ge "$wanted" ]; then
        echo "peers: $(cat "$pages") hugepages are reserved"
    elif echo "$wanted" 2> /dev/null > "$pages"; then
        echo "peers: reserved $(cat "$pages") hugepages of 2 MB ($wanted wanted)"
    else
        echo "peers: $pages cannot be written here, so no hugepages were reserved; peers run with ordinary pages"
    fi
}

# Sets pwsh to the command that starts PowerShell: one in PATH, else the tool that .config pins, from NuGet.
# NuGet unpacks the tool's files for their owner only, so it is restored for the user who runs this.
find_pwsh() {
    if command -v pwsh > /dev/null; then
        pwsh=(pwsh)
    elif NUGET_ENHANCED_MAX_NETWORK_TRY_COUNT=1 timeout 120 dotnet tool restore > /dev/null 2>&1 \
        && dotnet pwsh -Version > /dev/null 2>&1; then
        pwsh=(dotnet pwsh)
    else
        return 1
    fi
}

msbuild() { dotnet msbuild build.targets -nologo -v:minimal -tl:off "$@"; }

# Runs the interop tests, every cell of the matrix or with -Quick those of each test run, and writes the report (eng/InteropReport.cs).
interop() {
    local missing answer=no results=$PWD/out/InteropResults/
    find_missing
    if [ ${#missing[@]} != 0 ]; then
        echo "interop: not installed: ${missing[*]}"
        if [ -t 0 ]; then read -r -p "Install them now (./build.sh peers)? [y/N] " answer; fi
        case $answer in
        [Yy]*) peers ;;
        *) echo "interop: their rows will say skip; './build.sh peers' installs them" ;;
        esac
    fi
    [ -n "$quick" ] || export VHOSTUSER_INTEROP=full
    msbuild -t:Test -p:Only=Interop "-p:Results=$results"
    dotnet run --file eng/InteropReport.cs -- "$results"
}

without_pwsh() {
    local why="no pwsh in PATH, and 'dotnet tool restore' could not get PowerShell, so Pester did not run"
    case $task in
    build) dotnet build VhostUser.slnx -c Release -m:1 ;;
    test)
        msbuild -t:Test
        echo "$why" > out/TestResults/Pester.skipped
        dotnet run --file eng/TestSummary.cs -- out/TestResults
        ;;
    pester) echo "$why" && exit 1 ;;
    demo) dotnet run -c Release --project examples/FirstPackets ;;
    bench) dotnet run -c Release --project bench/VhostUser.Bench.csproj -- ${quick:+--quick} ;;
    publish) msbuild -t:Publish ;;
    package) msbuild -t:Package ;;
    esac
}

case $task in
peers) peers ;;
build | test | pester | demo | bench | interop | publish | package)
    quick=
    for argument in "$@"; do
        case $argument in
        -[Qq]uick | --quick) quick=1 ;;
        *) echo "build.sh: $argument is not an option of '$task'" >&2 && exit 2 ;;
        esac
    done
    if [ "$task" = interop ]; then
        interop
    elif find_pwsh; then
        "${pwsh[@]}" -NoProfile -File build.ps1 -Task "$task" ${quick:+-Quick}
    else
        without_pwsh
    fi
    ;;
*)
    sed -n 2p "$0" >&2
    exit 2
    ;;
esac
