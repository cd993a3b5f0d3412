#!/usr/bin/env bash
# Runs acceptance tests of the service, each in a fresh machine with a real systemd.
#
#   bed.sh SUITE SHARE LOGS TEST…
#
# SHARE is what `cargo xtask bed` has put together: the programs, the plugins, systemd/ and this folder. TEST is a
# script of this folder, `accept-NN-name.sh`. What a test prints is kept in LOGS/SUITE-NAME.log; of a test that failed,
# the journal of its machine as well. A machine goes whichever way this ends.
set -euo pipefail

suite=$1 share=$2 logs=$3
shift 3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# seconds that one test may take
test_time_max=180

mkdir -p "$logs"
"$here/machine.sh" prepare "$suite"
name=
running=
trap 'exit 130' INT TERM HUP
trap '[[ -z $running ]] || kill "$running"; [[ -z $name ]] || "$here/machine.sh" down "$name"' EXIT

# the moment in milliseconds
moment() { echo $(($(date +%s%N) / 1000000)); }

failed=()
for test in "$@"; do
    log=$logs/$suite-$(basename "$test" .sh).log
    journal=${log%.log}.journal
    rm -f "$log" "$journal"
    begun=$(moment)
    name=$suite-$$
    "$here/machine.sh" up "$name" "$share" "$suite"
    booted=$(moment)
    # beside this shell, which can then be interrupted
    timeout --foreground --kill-after=5 "$test_time_max" "$here/machine.sh" run "$name" \
        bash "/share/tests/bed/$(basename "$test")" > >(tee "$log") 2>&1 &
    running=$!
    if wait "$running"; then
        verdict=passed
    else
        verdict=FAILED
        failed+=("$test")
        "$here/machine.sh" enter "$name" journalctl --no-pager -o short-precise >"$journal" 2>&1 || true
    fi
    running=
    "$here/machine.sh" down "$name"
    name=
    ended=$(moment)
    echo "$suite $(basename "$test" .sh): $verdict in $(((ended - begun) / 1000)) s (boot $((booted - begun)) ms)"
    [[ $verdict == passed ]] || echo "$suite $(basename "$test" .sh): see $log and $journal" >&2
done
((${#failed[@]} == 0))
