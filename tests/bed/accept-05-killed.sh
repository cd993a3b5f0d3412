# Acceptance test 5: a process that is killed is back within moments, nobody is refused meanwhile, and it goes on from its
# last saved state with its plugins as they were.
. /share/tests/bed/lib.sh

# milliseconds from the kill to READY that a loaded machine may take; RestartSec alone is 1000
back_max=5000

group "the service runs"
check "install" install_package
configure <<'END'
[[strategy]]
name = "maker"
plugin = "market-maker"
config = { quantity = 10, spread_ticks = 4, requote_ticks = 2, max_position = 100 }

[state]
save_interval = "1s"
END
install_test_plugins
check "restart" systemctl restart stratd.service
begin_clients
becomes "clients ask" '(($(asked) >= 5))'

# a third one within ten minutes would put the strategies into quarantine
group "killed twice, back twice"
took=()
for _ in 1 2; do
    pid=$(prop MainPID) begun=$(milliseconds)
    kill -KILL "$pid"
    must "it runs again" '[[ $(prop MainPID) != "$pid" && $(prop SubState) == running ]]'
    took+=($(($(milliseconds) - begun)))
    # what has no copies of a killed process is what the next one may load
    same "its strategies" "$(prop StatusText)" "strategies: 2 started; exchanges: 1 started"
done
for time in "${took[@]}"; do
    at_least "milliseconds of the $back_max that it may take were left" $((back_max - time)) 0
done
echo "      killed to READY: ${took[*]} ms (of it RestartSec: 1000 ms)"
same "restarts" "$(prop NRestarts)" 2
check "the store is whole" test "$(ctl status | jq .store.healthy)" == true
same "copies of plugins of those who are gone" "$(find /var/lib/stratd/staged -mindepth 1 -maxdepth 1 -type d | wc -l)" 1

group "nobody was refused meanwhile"
from=$(asked)
becomes "clients are answered at the end" '(($(asked) >= from + 10))'
end_clients
none_refused 2

finish
