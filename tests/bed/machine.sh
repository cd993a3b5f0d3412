#!/usr/bin/env bash
# A throw-away machine: a real systemd as PID 1 of a container, for tests of the service.
#
#   machine.sh prepare SUITE          build the tree of a suite once (kept)
#   machine.sh up NAME SHARE SUITE    boot a fresh machine; the folder SHARE is /share inside, read-only
#   machine.sh run NAME COMMAND…      run a command inside, as a transient unit; its exit status, stdin, stdout and stderr
#   machine.sh enter NAME COMMAND…    join the machine's namespaces only: for looking, never for code under test
#   machine.sh down NAME              power off, unmount, leave no trace
#
# SUITE is bookworm (systemd 252) or trixie (systemd 257). Trees and machines are below STRATD_BED_ROOT.
# Needs root, mmdebstrap and systemd-container; `prepare` needs Debian's archive, nothing else needs a network.
#
# A machine writes to memory only, has a network of its own with nothing but `lo`, and runs in a control group of its
# own, so that all of it can be found and ended. Inside there are no controllers of cgroup2, no CAP_SYS_RESOURCE and no
# filtering of addresses: limits of memory, negative OOMScoreAdjust and IPAddressDeny are accepted and without effect.
set -euo pipefail

root=${STRATD_BED_ROOT:?the folder of trees and machines}
# the first URI that apt itself uses
mirror=${STRATD_BED_MIRROR:-$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -n 1)}
mirror=${mirror:-http://deb.debian.org/debian}
packages=systemd,systemd-sysv,dbus,rsyslog,logrotate,socat,curl,jq,procps,zstd
# bytes that a machine may write
memory=2g
# tenths of a second
boot_time_max=600
stop_time_max=100

cgroups=/sys/fs/cgroup/unified
[[ -e $cgroups/cgroup.procs ]] || cgroups=/sys/fs/cgroup
# where the first version of control groups is used beside the second, systemd also wants its own hierarchy
named_cgroups=/sys/fs/cgroup/systemd

die() {
    echo "machine.sh: $*" >&2
    exit 1
}

prepare() {
    local suite=$1 tree=$root/tree-$1
    [[ $suite == bookworm || $suite == trixie ]] || die "no suite '$suite' (accepted: bookworm, trixie)"
    [[ $(id -u) == 0 ]] || die "root is needed"
    mkdir -p "$root"
    # one builder at a time; a tree has its name only when it is complete
    exec 9>"$root/lock-$suite"
    flock 9
    if [[ $(cat "$tree/.packages" 2>/dev/null) != "$packages" ]]; then
        rm -rf --one-file-system "$tree" "$tree.new"
        mmdebstrap --quiet --variant=minbase --include="$packages" \
            --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
            --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='force-unsafe-io' \
            "$suite" "$tree.new" "$mirror"
        # nothing may wait for a device, a network or a person
        chroot "$tree.new" systemctl -q mask console-getty.service getty.target systemd-networkd.service \
            systemd-logind.service dev-hugepages.mount systemd-firstboot.service apt-daily.timer \
            apt-daily-upgrade.timer logrotate.timer 2>/dev/null
        chroot "$tree.new" systemctl -q set-default multi-user.target
        printf '%s' "$packages" >"$tree.new/.packages"
        mv "$tree.new" "$tree"
    fi
    exec 9>&-
}

leader_of() { cat "$root/machine-$1/leader" 2>/dev/null || die "there is no machine '$1'"; }

# Such a process keeps the host's control group and all of the host's capabilities.
enter() {
    local leader
    leader=$(leader_of "$1")
    shift
    # in the place of this shell, so that whoever ends it ends the command
    exec nsenter -t "$leader" -m -u -i -n -p -C -r -w -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
        SYSTEMD_PAGER= SYSTEMD_COLORS=0 "$@"
}

run() {
    local name=$1
    shift
    enter "$name" systemd-run --quiet --pipe --wait --collect --service-type=exec --working-directory=/root \
        --setenv=HOME=/root --setenv=LANG=C.UTF-8 --setenv=SYSTEMD_PAGER= --setenv=SYSTEMD_COLORS=0 -- "$@"
}

# Starts nspawn in a control group of its own, away from this terminal. It must not be told to systemd of the host,
# which may not be there.
boot() {
    local name=$1 share=$2 machine=$3 folder
    for folder in "$cgroups" "$named_cgroups"; do
        [[ -d $folder ]] || continue
        mkdir -p "$folder/stratd-bed-$name"
        echo "$BASHPID" >"$folder/stratd-bed-$name/cgroup.procs"
    done
    export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_LOCK=0
    exec setsid systemd-nspawn --quiet --boot --register=no --keep-unit --machine="$name" --directory="$machine/root" \
        --bind-ro="$share:/share" --private-network --resolv-conf=off --timezone=off --link-journal=no \
        --kill-signal=SIGRTMIN+3 --console=pipe systemd.show_status=yes </dev/null >"$machine/console" 2>&1
}

# The child of nspawn that is the first process of its own namespace.
find_leader() {
    local nspawn=$1 child
    for child in $(cat /proc/"$nspawn"/task/*/children 2>/dev/null); do
        if [[ $(awk '/^NSpid:/{print $NF}' "/proc/$child/status" 2>/dev/null) == 1 && $(cat "/proc/$child/comm") == systemd ]]; then
            echo "$child"
            return
        fi
    done
    return 1
}

up() {
    local name=$1 share machine=$root/machine-$1 tree=$root/tree-$3 nspawn leader= i state
    [[ $name =~ ^[a-z][a-z0-9-]{0,40}$ ]] || die "no name of a machine: '$name'"
    share=$(realpath -e "$2")
    [[ -d $tree ]] || die "there is no tree of $3 yet (machine.sh prepare $3)"
    mkdir "$machine" 2>/dev/null || die "machine '$name' is there already (machine.sh down $name)"
    trap 'tail -n 40 "'"$machine"'/console" >&2 || true; down "'"$name"'"; die "machine '"'$name'"' did not boot"' ERR
    mkdir "$machine/memory" "$machine/root"
    mount -t tmpfs -o "size=$memory,mode=755" "stratd-bed-$name" "$machine/memory"
    mkdir "$machine/memory/upper" "$machine/memory/work"
    mount -t overlay "stratd-bed-$name" "$machine/root" \
        -o "lowerdir=$tree,upperdir=$machine/memory/upper,workdir=$machine/memory/work"
    : >"$machine/root/etc/machine-id"
    echo "$name" >"$machine/root/etc/hostname"
    mkdir -p "$machine/root/share"
    (boot "$name" "$share" "$machine") &
    nspawn=$!
    echo "$nspawn" >"$machine/nspawn"
    for ((i = 0; i < boot_time_max; i++)); do
        kill -0 "$nspawn" 2>/dev/null || false
        leader=$(find_leader "$nspawn") && [[ -S /proc/$leader/root/run/systemd/private ]] && break
        sleep 0.1
    done
    echo "${leader:?no first process}" >"$machine/leader"
    state=$(timeout $((boot_time_max / 10)) "$0" enter "$name" systemctl is-system-running --wait) || true
    if [[ $state != running ]]; then
        echo "machine.sh: the system is '$state'" >&2
        "$0" enter "$name" systemctl --no-legend --failed >&2 || true
        false
    fi
    trap - ERR
}

down() {
    local name=$1 machine=$root/machine-$1 nspawn i folder
    [[ -d $machine ]] || return 0
    nspawn=$(cat "$machine/nspawn" 2>/dev/null || true)
    if [[ -n $nspawn ]] && kill -0 "$nspawn" 2>/dev/null; then
        # halt at once: nothing inside is worth a slow end
        kill -RTMIN+13 "$(cat "$machine/leader" 2>/dev/null)" 2>/dev/null || kill -TERM "$nspawn" 2>/dev/null || true
        for ((i = 0; i < stop_time_max; i++)); do
            kill -0 "$nspawn" 2>/dev/null || break
            sleep 0.1
        done
    fi
    [[ ! -w $cgroups/stratd-bed-$name/cgroup.kill ]] || echo 1 >"$cgroups/stratd-bed-$name/cgroup.kill" || true
    for folder in "$machine/root" "$machine/memory"; do
        for ((i = 0; i < 20; i++)); do
            mountpoint -q "$folder" || break
            umount -R "$folder" 2>/dev/null && break
            sleep 0.1
        done
        if mountpoint -q "$folder"; then umount -R -l "$folder"; fi
    done
    for folder in "$cgroups/stratd-bed-$name" "$named_cgroups/stratd-bed-$name"; do
        if [[ -d $folder ]]; then find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null || true; fi
    done
    rm -rf --one-file-system "$machine"
}

verb=${1:-}
shift || true
case $verb/$# in
    prepare/1 | up/3 | down/1) "$verb" "$@" ;;
    run/* | enter/*) (($# >= 2)) || die "$verb NAME COMMAND…"; "$verb" "$@" ;;
    *)
        sed -n '3,12s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
