# Acceptance test 2: started means ready, and the status says how the run stands.
. /share/tests/bed/lib.sh

install_as_documented
status() { prop StatusText; }

group "a start returns when the run trades"
configure </dev/null
check "start" systemctl start stratd.service
same "at once" "$(prop ActiveState)/$(prop SubState)" active/running
same "status" "$(status)" "strategies: 1 started; exchanges: 1 started"
same "type" "$(prop Type)" notify
same "the watchdog" "$(prop WatchdogUSec)" 15s
same "the store of descriptors is empty" "$(prop NFileDescriptorStore)" 0
at_least "the daemon answers at once" "$(ctl status | jq .events)" 0
echo "      start to READY: $((($(prop ActiveEnterTimestampMonotonic) - $(prop ExecMainStartTimestampMonotonic)) / 1000)) ms"

echo "      memory of the daemon: $(($(awk '/^VmRSS/{print $2}' "/proc/$(prop MainPID)/status") / 1024)) MiB, of it its own: $(($(awk '/^RssAnon/{print $2}' "/proc/$(prop MainPID)/status") / 1024)) MiB"

group "a signal that asks for a reload is answered"
reloads() { journalctl -q -u stratd.service -o cat --grep 'SIGHUP: ' | wc -l; }
systemctl kill --kill-who=main --signal=HUP stratd.service
becomes "it was carried out" '[[ $(reloads) == 1 ]]'
becomes "and it is active again" '[[ $(prop SubState) == running ]]'

group "a reload returns when it is done, and fails when it is refused"
generation() { ctl log tree | jq -r '.loggers[] | select(.name == "bed") | .level'; }
printf '\n[logging.root]\nlevel = "INFO"\n\n[logging.loggers.bed]\nlevel = "ERROR"\n' >>"$config"
check "reload" systemctl reload stratd.service
same "on return it is in force" "$(generation)" ERROR
# the process is held for a second: a signal would be answered before it was taken
sed -i 's/level = "ERROR"/level = "WARNING"/' "$config"
pid=$(prop MainPID)
kill -STOP "$pid"
systemd-run --quiet --collect --on-active=1 --timer-property=AccuracySec=10ms kill -CONT "$pid"
check "reload of a process that is held" systemctl reload stratd.service
same "on return it is in force" "$(generation)" WARNING
sed -i 's/level = "WARNING"/levle = "DEBUG"/' "$config"
((++group_checks))
! systemctl reload stratd.service 2>/dev/null || failed "a configuration that is wrong was accepted"
same "the old one is in force" "$(generation)" WARNING
same "state" "$(prop ActiveState)/$(prop SubState)" active/running
like "the journal says line and key" \
    "$(journalctl -q -u stratd.service -o cat --grep 'levle' -n 1)" "*stratd.toml:*logging.loggers.bed.levle*"
systemctl kill --kill-who=main --signal=HUP stratd.service
becomes "after a signal the status says so" '[[ $(status) == *"the configuration stays as it is"*levle* ]]'
configure </dev/null
check "reload" systemctl reload stratd.service

group "a strategy that stops is in the status"
check "stop it" stratctl plugin stop strategy-herald
becomes "status" '[[ $(status) == "strategies: 1 retired; exchanges: 1 started" ]]'
check "start it" stratctl plugin start strategy-herald
becomes "status" '[[ $(status) == "strategies: 1 started; exchanges: 1 started" ]]'

group "a strategy that is quarantined makes a degraded start"
check "quarantine it" stratctl plugin quarantine strategy-herald
check "restart" systemctl restart stratd.service
same "status" "$(status)" "strategies: 1 quarantined; exchanges: 1 started"

group "a configuration that is refused ends the service with 78, once"
systemctl stop stratd.service 2>/dev/null
echo 'trading_tipe = "sandbox"' >>"$config"
systemctl start stratd.service 2>/dev/null
same "the start fails" "$?" 1
same "exit status" "$(prop ExecMainStatus)" 78
same "state" "$(prop ActiveState)" failed
same "restarts" "$(prop NRestarts)" 0
like "the journal says line and key" "$(journalctl -q -u stratd.service -o cat --grep 'stratd.toml:' -n 1)" "$config:*trading_tipe*"

group "a plugin that is not there ends it as well"
configure </dev/null
sed -i 's/libstrategy_herald/libstrategy_nobody/' "$config"
systemctl reset-failed stratd.service
systemctl start stratd.service 2>/dev/null
same "the start fails" "$?" 1
same "exit status" "$(prop ExecMainStatus)" 78
like "the journal names it" "$(journalctl -q -u stratd.service -o cat --grep nobody -n 1)" "*libstrategy_nobody.so*"

finish
