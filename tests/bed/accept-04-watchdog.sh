# Acceptance test 4: a strategy that does not return ends the process within its time, is named, and does not come back;
# an event loop that stands still for another reason is ended by systemd.
. /share/tests/bed/lib.sh

install_as_documented
plugin_state() { ctl plugin list | jq -r '.plugins[] | select(.name == "strategy-sleeper") | .instances[0].state'; }

# configure_sleeper HANG_TIMEOUT: the daemon's own watchdog waits so long
configure_sleeper() {
    configure <<END
[[strategy]]
name = "sleeper"
plugin = "/var/lib/stratd/plugins/libstrategy_sleeper.so"

[plugins]
hang_timeout = "$1"
END
}

# as systemd tells it: milliseconds from when a service was started, which is when its first events come, to when its
# process had ended, of the last one that did
took_ms() {
    local started=39f53479d3a045ac8e11786248231fbf exited=98e322203f7a4ed290d09fe03c09fe15
    journalctl --no-pager -q -o json UNIT=stratd.service "MESSAGE_ID=$started" + UNIT=stratd.service "MESSAGE_ID=$exited" |
        jq -r '[.MESSAGE_ID, .__MONOTONIC_TIMESTAMP] | join(" ")' |
        awk -v started=$started '$1 == started { from = $2 } $1 != started { took = $2 - from } END { printf "%d\n", took / 1000 }'
}
# ended_within MS: what the specification gives it, a second more than the watchdog waits
ended_within() {
    local took
    took=$(took_ms)
    echo "      from start to end: $took ms, of at most $1"
    at_least "the process ended $1 minus so many milliseconds after its start" $(($1 - took)) 0
}
fresh() {
    systemctl stop stratd.service 2>/dev/null
    rm -rf /var/lib/stratd/state.db*
    systemctl reset-failed stratd.service 2>/dev/null
}

group "the daemon's own watchdog names the strategy"
configure_sleeper 2s
check "start" systemctl start stratd.service
pid=$(prop MainPID)
becomes "the process ended" '[[ $(prop MainPID) != "$pid" ]]'
becomes "by its own signal, without a core" 'journalctl -q -u stratd.service --grep "code=killed, status=6/ABRT"'
ended_within 3000
becomes "the journal names it" 'journalctl -q -u stratd.service -o cat --grep "sleeper has not returned from .on_events"'
becomes "it was started again" '[[ $(prop ActiveState) == active ]] && (($(prop NRestarts) == 1))'
same "the culprit is in quarantine" "$(plugin_state)" quarantined
same "the other one trades" "$(prop StatusText)" "strategies: 1 quarantined, 1 started; exchanges: 1 started"
same "no core is left" "$(find /var/lib/stratd -name 'core*' | wc -l)" 0

group "systemd ends an event loop that stands still, when nobody else does; the drop-in for it leaves a core"
mkdir -p /run/systemd/system/stratd.service.d
printf '[Service]\nWatchdogSec=3s\n' >/run/systemd/system/stratd.service.d/watchdog.conf
install -m 0644 -t /run/systemd/system/stratd.service.d /share/systemd/stratd.service.d/debug.conf
systemctl daemon-reload
fresh
configure_sleeper 300s
check "start" systemctl start stratd.service
pid=$(prop MainPID)
becomes "the process ended" '[[ $(prop MainPID) != "$pid" ]]'
becomes "by systemd's watchdog" 'journalctl -q -u stratd.service --grep "Watchdog timeout .limit 3s.!"'
becomes "which is the result" 'journalctl -q -u stratd.service --grep "Failed with result .watchdog."'
becomes "with a core" 'journalctl -q -u stratd.service --grep "code=dumped, status=6/ABRT"'
ended_within 4000
# elsewhere the kernel hands it to a program of the host
if [[ $(cat /proc/sys/kernel/core_pattern) == core ]]; then
    check "which lies where the page says" test -s /var/lib/stratd/core
fi
rm -f /run/systemd/system/stratd.service.d/debug.conf
systemctl daemon-reload

group "an instance that cannot be made ends the start with its reason, and is no crash"
fresh
configure_sleeper 10s
sed -i 's|libstrategy_sleeper.so"|&\nconfig = { refuse = true }|' "$config"
# more often than crashes lead to quarantine
for _ in 1 2 3 4; do
    systemctl reset-failed stratd.service
    systemctl start stratd.service 2>/dev/null
    systemctl stop stratd.service 2>/dev/null
done
check "the journal says why" journalctl -q -u stratd.service -o cat --grep "no keys are accepted"
configure </dev/null
systemctl reset-failed stratd.service
check "start without it" systemctl start stratd.service
same "nobody is in quarantine" "$(prop StatusText)" "strategies: 1 started; exchanges: 1 started"

finish
