#!/usr/bin/env bash
# Runs acceptance tests of the service, each in a fresh machine with a real systemd, several at a time.
#
#   bed.sh SHARE LOGS SUITE/TEST…
#
# SHARE is what `cargo xtask bed` has put together: the programs, the plugins, systemd/ and this folder. TEST is a
# script of this folder, `accept-NN-name.sh`; `machine.sh prepare` has made the tree of its SUITE. What a test prints is
# shown when it has ended, and kept in LOGS/SUITE-NAME.log; of a test that failed, the journal of its machine as well.
# A test that failed is run once more, alone: if it passes then, LOGS/unsteady names it, and it is to be mended. A machine
# goes whichever way this ends.
set -euo pipefail

share=$1 logs=$2
shift 2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# seconds that one test may take
test_time_max=300
# Most of a test is waiting. More machines than this make the measured times those of the other machines.
machines_max=$((2 * $(nproc)))
((machines_max <= 8)) || machines_max=8

mkdir -p "$logs"
rm -f "$logs/unsteady"

# the moment in milliseconds
moment() { echo $(($(date +%s%N) / 1000000)); }

# accept SUITE/TEST NUMBER: one test in a machine of its own; 0 = passed. In a shell of its own.
accept() {
    local suite=${1%%/*} test name=$2 log journal begun booted ended verdict=passed
    test=$(basename "${1#*/}" .sh)
    name=$suite-$$-$2
    log=$logs/$suite-$test.log
    journal=$logs/$suite-$test.journal
    running=
    # shellcheck disable=SC2064 # the name is the one of now
    trap "[[ -z \$running ]] || kill \$running 2>/dev/null; '$here/machine.sh' down '$name'" EXIT
    trap 'exit 130' INT TERM HUP
    begun=$(moment)
    "$here/machine.sh" up "$name" "$share" "$suite"
    booted=$(moment)
    # beside this shell, which can then be interrupted
    timeout --foreground --kill-after=5 "$test_time_max" "$here/machine.sh" run "$name" \
        bash "/share/tests/bed/$test.sh" >"$log" 2>&1 &
    running=$!
    if ! wait "$running"; then
        verdict=FAILED
        "$here/machine.sh" enter "$name" journalctl --no-pager -o short-precise >"$journal" 2>&1 || true
    fi
    running=
    "$here/machine.sh" down "$name"
    ended=$(moment)
    # in one piece, whatever the others say meanwhile
    {
        flock 9
        echo "== $suite $test: $verdict in $(((ended - begun) / 1000)) s (boot $((booted - begun)) ms)"
        cat "$log"
        [[ $verdict == passed ]] || echo "see $log and $journal"
    } 9<"$logs"
    [[ $verdict == passed ]]
}

# the process of each machine that runs, with its test
declare -A jobs=()
stop_all() {
    local job
    for job in "${!jobs[@]}"; do kill "$job" 2>/dev/null || true; done
    wait
}
trap 'stop_all; exit 130' INT TERM HUP

failed=()
# next_end: waits until one of them has ended.
next_end() {
    local job=0 ended=0
    wait -n -p job "${!jobs[@]}" || ended=$?
    ((ended == 0)) || failed+=("${jobs[$job]}")
    unset "jobs[$job]"
}

number=0
for test in "$@"; do
    ((${#jobs[@]} < machines_max)) || next_end
    ((++number))
    accept "$test" $number &
    jobs[$!]=$test
done
while ((${#jobs[@]})); do next_end; done

# more than a few are no accident
if ((${#failed[@]} == 0 || ${#failed[@]} > 3)); then
    exit $((${#failed[@]} > 0))
fi
again=("${failed[@]}")
failed=()
for test in "${again[@]}"; do
    for kept in log journal; do
        file=$logs/${test%%/*}-$(basename "${test#*/}" .sh).$kept
        [[ ! -e $file ]] || mv "$file" "$file.first"
    done
    echo "== $test: once more, alone"
    ((++number))
    accept "$test" $number &
    jobs[$!]=$test
    next_end
    [[ " ${failed[*]} " == *" $test "* ]] || echo "$test" >>"$logs/unsteady"
done
((${#failed[@]} == 0))
