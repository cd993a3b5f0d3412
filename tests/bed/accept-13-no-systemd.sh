# Acceptance test 13: the same program in a plain shell and in a container, without anything of systemd's.
. /share/tests/bed/lib.sh

place=$(mktemp -d)
cp /share/target/release/* "$place"
cp /share/target/plugins/*.so /share/test-plugins/*.so "$place"
cat >"$place/stratd.toml" <<END
trading_type = "sandbox"
plugin_dirs = ["."]

[control]
socket = "control.sock"

[state]
dir = "state"

[[exchange]]
plugin = "synthetic"
config = { seed = 7, instruments = 1, rate = 100 }

[[strategy]]
name = "herald"
plugin = "herald"
END

# ends_well NAME COMMAND…: it comes to life without any variable of systemd's, and SIGTERM ends it in good order
ends_well() {
    local name=$1 pid status
    shift
    env -i PATH=/usr/bin:/bin "$@" >"$place/$name.out" 2>"$place/$name.err" &
    pid=$!
    becomes "it answers" "[[ \$('$place/stratctl' --json --socket '$place/control.sock' status | jq -r .strategies.started) == 1 ]]"
    becomes "its strategy speaks" "grep -q 'INFO strategy.herald: said' '$place/$name.err'"
    like "mode of the socket" "$(stat -c %a "$place/control.sock")" 660
    # the container's first process is another one than ours
    pkill -TERM -x stratd --ns $$ --nslist net
    wait "$pid"
    status=$?
    same "exit status" "$status" 0
    check "a summary" grep -q 'results in' "$place/$name.out"
    check "no socket is left" test ! -e "$place/control.sock"
}

group "in a plain shell"
ends_well shell "$place/stratd" run "$place/stratd.toml"

group "as the first process of a container"
ends_well container unshare --pid --fork --kill-child --mount-proc --uts --ipc "$place/stratd" run "$place/stratd.toml"

group "variables that point nowhere do no harm"
ends_well stale env NOTIFY_SOCKET=/run/no/such/socket WATCHDOG_USEC=1000000 LISTEN_PID=1 LISTEN_FDS=1 JOURNAL_STREAM=1:1 \
    "$place/stratd" run "$place/stratd.toml"

finish
