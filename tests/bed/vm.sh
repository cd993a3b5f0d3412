#!/usr/bin/env bash
# The slow tier: a whole machine with Debian's own kernel, emulated by qemu. Needed for what a container cannot show: limits
# of memory and tasks, core files, filters of addresses.
#
# The processor does not help, even where /dev/kvm is: in a machine that is itself virtual it may end in the kernel's first
# instructions (seen: "emulation failure" at a cmpxchg16b; without that instruction, no end within four minutes). Who has
# real hardware sets STRATD_VM_ACCEL=kvm.
#
#   vm.sh SHARE LOG TEST [SECONDS]
#
# SHARE is what `cargo xtask bed` has put together, and is copied into the machine; TEST is a script of this folder, which
# runs as root after the boot. Passed is what prints its last line, VM-OK, within the time. The tree of the machine is
# built once, below STRATD_BED_ROOT. Needs root, mmdebstrap, qemu-system-x86 and e2fsprogs.
set -euo pipefail

root=${STRATD_BED_ROOT:?the folder of trees and machines}
share=$(realpath -e "$1") log=$2 test=$3 seconds=${4:-2400}
mirror=${STRATD_BED_MIRROR:-$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -n 1)}
mirror=${mirror:-http://deb.debian.org/debian}
packages=systemd,systemd-sysv,dbus,systemd-coredump,socat,curl,jq,procps,zstd,libgcc-s1,linux-image-cloud-amd64
tree=$root/tree-vm

if [[ $(cat "$tree/.packages" 2>/dev/null) != "$packages" ]]; then
    rm -rf --one-file-system "$tree" "$tree.new"
    mmdebstrap --quiet --variant=minbase --include="$packages" \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='force-unsafe-io' \
        bookworm "$tree.new" "$mirror"
    chroot "$tree.new" systemctl -q mask getty.target serial-getty@ttyS0.service systemd-networkd.service \
        systemd-logind.service apt-daily.timer apt-daily-upgrade.timer 2>/dev/null
    chroot "$tree.new" systemctl -q set-default multi-user.target
    printf '%s' "$packages" >"$tree.new/.packages"
    mv "$tree.new" "$tree"
fi

work=$(mktemp -d --tmpdir="$root" vm-XXXXXX)
trap 'rm -rf "$work"' EXIT
cp -a "$tree" "$work/root"
cp -r "$share" "$work/root/share"
: >"$work/root/etc/machine-id"
echo '/dev/vda / ext4 defaults 0 1' >"$work/root/etc/fstab"
cat >"$work/root/etc/systemd/system/vm-test.service" <<END
[Unit]
After=multi-user.target
[Service]
Type=oneshot
Environment=SYSTEMD_PAGER= SYSTEMD_COLORS=0
ExecStart=/bin/bash /share/tests/bed/$test
ExecStopPost=/bin/systemctl --no-wall poweroff
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
END
ln -s /etc/systemd/system/vm-test.service "$work/root/etc/systemd/system/multi-user.target.wants/"
mke2fs -q -t ext4 -d "$work/root" "$work/disk" 2500M
kernel=$(echo "$work"/root/boot/vmlinuz-*)
begun=$SECONDS
timeout "$seconds" qemu-system-x86_64 -accel "${STRATD_VM_ACCEL:-tcg,thread=multi}" -cpu max -m 1024 -smp 2 -nographic -no-reboot -net none \
    -kernel "$kernel" -initrd "${kernel/vmlinuz/initrd.img}" \
    -drive "file=$work/disk,format=raw,if=virtio,cache=unsafe" \
    -append 'root=/dev/vda rw console=ttyS0 quiet systemd.show_status=0 panic=-1' </dev/null |
    sed -u 's/\x1b\[[0-9;?]*[a-zA-Z]//g; s/\r//g' | tee "$log" || true
echo "the machine took $((SECONDS - begun)) s, of at most $seconds"
grep -q '^VM-OK' "$log"
