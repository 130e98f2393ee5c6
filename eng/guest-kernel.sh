#!/usr/bin/env bash
# Unpacks Debian's kernel for the guests of the interop tests into a cache folder; installs nothing. Usage: eng/guest-kernel.sh [FOLDER]
# FOLDER (default $VHOSTUSER_GUEST, or vhostuser/guest in the user's cache) gets boot/vmlinuz-* and the parts of lib/modules that guests use.
set -eu
folder=${1:-${VHOSTUSER_GUEST:-${XDG_CACHE_HOME:-$HOME/.cache}/vhostuser/guest}}
mkdir -p "$folder"
# What an earlier version of this script unpacked has no configfs, which rdma_cm needs.
if compgen -G "$folder/boot/vmlinuz-*" > /dev/null && compgen -G "$folder/lib/modules/*/kernel/fs/configfs" > /dev/null; then
    echo "guest kernel: $(basename "$folder"/boot/vmlinuz-*) is in $folder"
    exit
fi

# The generic kernel rather than the cloud one: only that one has soft RDMA.
package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
[ -n "$package" ] || { echo "guest kernel: apt knows no linux-image-amd64 (apt-get update?)" >&2; exit 1; }
work=$(mktemp -d "$folder/unpack.XXXXXX")
trap 'rm -rf "$work"' EXIT
# apt-get download drops its rights to a user who may not write here; that is a warning only.
(cd "$work" && timeout 300 apt-get -q download "$package" > apt.log 2>&1) || { cat "$work/apt.log" >&2; exit 1; }
dpkg --fsys-tarfile "$work/$package"_*.deb | tar -x -C "$work" --wildcards \
    './boot/vmlinuz-*' './lib/modules/*/kernel/crypto' './lib/modules/*/kernel/lib' './lib/modules/*/kernel/net' \
    './lib/modules/*/kernel/arch/x86/crypto' './lib/modules/*/kernel/drivers/net/*.ko' './lib/modules/*/kernel/drivers/virtio' \
    './lib/modules/*/kernel/drivers/char/*virtio*' './lib/modules/*/kernel/drivers/block/virtio_blk.ko' './lib/modules/*/kernel/drivers/infiniband' \
    './lib/modules/*/kernel/fs/configfs'
rm -rf "$folder/lib" "$folder/boot"
mv "$work/lib" "$folder/lib"
mv "$work/boot" "$folder/boot"
echo "guest kernel: unpacked $package to $folder"
