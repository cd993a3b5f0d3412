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

group "the daemon's own watchdog names the strategy"
configure_sleeper 2s
begun=$(date +%s)
check "start" systemctl start stratd.service
pid=$(prop MainPID)
becomes "the process ended" '[[ $(prop MainPID) != "$pid" ]]'
at_least "seconds: at most 2 and what the machine takes" $((8 - ($(date +%s) - begun))) 0
becomes "by its own signal" 'journalctl -q -u stratd.service --grep "status=6/ABRT"'
becomes "the journal names it" 'journalctl -q -u stratd.service -o cat --grep "sleeper has not returned from .on_events"'
becomes "it was started again" '[[ $(prop ActiveState) == active ]] && (($(prop NRestarts) == 1))'
same "the culprit is in quarantine" "$(plugin_state)" quarantined
same "the other one trades" "$(prop StatusText)" "strategies: 1 quarantined, 1 started; exchanges: 1 started"

group "systemd ends an event loop that stands still, when nobody else does"
mkdir -p /run/systemd/system/stratd.service.d
printf '[Service]\nWatchdogSec=3s\n' >/run/systemd/system/stratd.service.d/watchdog.conf
systemctl daemon-reload
systemctl stop stratd.service 2>/dev/null
rm -rf /var/lib/stratd/state.db*
configure_sleeper 300s
systemctl reset-failed stratd.service
systemctl start stratd.service
begun=$(date +%s)
pid=$(prop MainPID)
becomes "the process ended" '[[ $(prop MainPID) != "$pid" ]]'
at_least "seconds: at most 3 and what the machine takes" $((9 - ($(date +%s) - begun))) 0
becomes "by systemd's watchdog" 'journalctl -q -u stratd.service --grep "Watchdog timeout .limit 3s.!"'
same "no core is left" "$(find /var/lib/stratd -name 'core*' | wc -l)" 0

group "an instance that cannot be made ends the start with its reason, and is no crash"
systemctl stop stratd.service 2>/dev/null
rm -rf /var/lib/stratd/state.db*
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

group "a process that was killed is back at once"
systemctl stop stratd.service 2>/dev/null
rm -rf /var/lib/stratd/state.db*
configure </dev/null
systemctl reset-failed stratd.service
check "start" systemctl start stratd.service
pid=$(prop MainPID)
begun=$(date +%s%N)
kill -KILL "$pid"
becomes "it runs again" '[[ $(prop MainPID) != "$pid" && $(prop SubState) == running ]]'
took=$((($(date +%s%N) - begun) / 1000000))
echo "      killed to READY: $took ms (of it RestartSec: 1000 ms)"
check "who asks meanwhile is answered" stratctl status

finish
