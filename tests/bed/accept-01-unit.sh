# Acceptance test 1: the units are understood without a word, and confine the daemon as far as they promise.
. /share/tests/bed/lib.sh

# tenths of systemd's exposure level
exposure_max=13

install_as_documented

group "the units are understood"
check "verify" test -z "$(systemd-analyze verify /usr/lib/systemd/system/stratd.s{ervice,ocket} \
    /usr/lib/systemd/system/stratd-ro.socket stratd@one.service 2>&1)"

group "exposure of the service is at most $exposure_max tenths"
check "security" systemd-analyze security --no-pager --threshold=$exposure_max stratd.service
echo "      $(systemd-analyze security --no-pager stratd.service | tail -n 1)"

group "the folders have their owners"
configure </dev/null
check "start" systemctl start stratd.service
becomes "it runs" '[[ $(prop SubState) == running ]]'
owner() { stat -c '%U:%G %a' "$1"; }
same /etc/stratd "$(owner /etc/stratd)" "root:root 755"
same plugins "$(owner /var/lib/stratd/plugins)" "root:stratd 750"
same staged "$(owner /var/lib/stratd/staged)" "stratd:stratd 750"
same logs "$(owner /var/log/stratd)" "stratd:stratd 750"
same run "$(owner /run/stratd)" "stratd:stratd 755"
same socket "$(owner /run/stratd/control.sock)" "stratd:stratd 660"
same "the daemon's user" "$(ps -o user= -p "$(prop MainPID)")" stratd

group "it trades in its confinement, and ends in good order"
becomes "the strategy is there" '[[ $(ctl plugin list | jq -r ".plugins[] | select(.name == \"strategy-herald\") | .instances[0].state") == started ]]'
becomes "and sees events" 'journalctl -q -u stratd --grep "said" | grep -q herald'
check "stop" systemctl stop stratd.service
same result "$(prop Result)" success
same status "$(prop ExecMainStatus)" 0

# with_drop_in NAME: as the page says
with_drop_in() {
    rm -rf /etc/systemd/system/stratd.service.d
    check "install $1" install -D -m 0644 -t /etc/systemd/system/stratd.service.d "/share/systemd/stratd.service.d/$1.conf"
    systemctl daemon-reload
    systemctl reset-failed stratd.service 2>/dev/null
    same "verify $1" "$(systemd-analyze verify /usr/lib/systemd/system/stratd.service 2>&1)" ""
    check "start with $1" systemctl restart stratd.service
}
allows() { prop SystemCallFilter | tr ' ' '\n' | grep -qx "$1"; }

group "each drop-in is understood and does what it says"
check "without one, scheduling is not permitted" eval '! allows sched_setaffinity'
same "what is aborted ends soon" "$(prop TimeoutAbortUSec)" 15s
with_drop_in jit
same "memory may be written and run" "$(prop MemoryDenyWriteExecute)" no
with_drop_in lowlatency
check "scheduling is permitted" allows sched_setaffinity
check "and what was, still is" allows read
check "and what is privileged is not" eval '! allows chroot'
same "real time" "$(prop RestrictRealtime)" no
with_drop_in debug
like "core files" "$(grep 'Max core' "/proc/$(prop MainPID)/limits")" "*unlimited*"
same "and may take their time" "$(prop TimeoutAbortUSec)" 5min

version=$(systemctl --version | awk 'NR == 1 { print $2 }')
if ((version >= 254)); then
    group "the drop-in for growing pauses between restarts is understood"
    with_drop_in restart-steps
    same "steps" "$(prop RestartSteps)/$(prop RestartMaxDelayUSec)" 5/30s
fi

if ((version >= 253)); then
    group "the drop-in for a reload by signal waits until it is done"
    with_drop_in notify-reload
    same "type" "$(prop Type)" notify-reload
    printf '\n[logging.root]\nlevel = "INFO"\n\n[logging.loggers.bed]\nlevel = "ERROR"\n' >>"$config"
    pid=$(prop MainPID)
    kill -STOP "$pid"
    systemd-run --quiet --collect --on-active=1 --timer-property=AccuracySec=10ms kill -CONT "$pid"
    check "reload of a process that is held" systemctl reload stratd.service
    same "on return it is in force" "$(ctl log tree | jq -r '.loggers[] | select(.name == "bed") | .level')" ERROR
    sed -i 's/level = "ERROR"/levle = "DEBUG"/' "$config"
    check "a refused one ends as well" timeout 20 systemctl reload stratd.service
    like "the status says so" "$(prop StatusText)" "*the configuration stays as it is*levle*"
    same "state" "$(prop ActiveState)/$(prop SubState)" active/running
fi

finish
