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
same "the store of descriptors is not used" "$(prop NFileDescriptorStore)" 0
at_least "the daemon answers at once" "$(ctl status | jq .events)" 0
echo "      start to READY: $((($(prop ActiveEnterTimestampMonotonic) - $(prop ExecMainStartTimestampMonotonic)) / 1000)) ms"

group "a signal that asks for a reload is answered"
reloads() { journalctl -q -u stratd.service -o cat --grep 'SIGHUP: ' | wc -l; }
systemctl kill --kill-who=main --signal=HUP stratd.service
becomes "it was carried out" '[[ $(reloads) == 1 ]]'
becomes "and it is active again" '[[ $(prop SubState) == running ]]'

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
