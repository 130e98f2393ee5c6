#!/bin/sh
# The first and only program of a test's guest: loads the modules, then runs the commands that come over the second serial line.
# A command is a line "ID SECONDS BASE64"; the answer is "ID STATUS BASE64", with all that the command printed.
export PATH=/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
while read -r module; do
    insmod "$module" || echo "guest: $module cannot be loaded"
done < /modules/order
ip link set lo up
stty -F /dev/ttyS1 raw -echo
exec < /dev/ttyS1 > /dev/ttyS1
echo ready
while :; do
    read -r id seconds command || continue
    [ -n "$command" ] || continue
    echo "$command" | base64 -d > /tmp/.command
    timeout -k 2 "$seconds" sh /tmp/.command < /dev/null > /tmp/.output 2>&1
    echo "$id $? $(base64 -w 0 /tmp/.output)"
done
