# Acceptance test 16, in a whole machine: limits of memory and tasks, core files, and the filter of addresses.
# The machine is emulated and slow: conditions are waited for ten times as long as elsewhere.
. /share/tests/bed/lib.sh
wait_max=1500

drop_in() { mkdir -p /run/systemd/system/stratd.service.d && printf '[Service]\n%b\n' "$2" >"/run/systemd/system/stratd.service.d/$1.conf" && systemctl daemon-reload; }
echo "kernel $(uname -r), $(systemctl --version | head -n 1), controllers: $(cat /sys/fs/cgroup/cgroup.controllers)"

group "the service runs"
check "install" install_package
configure </dev/null
install_test_plugins
drop_in slow 'WatchdogSec=0\nTimeoutStartSec=300s'
check "restart" systemctl restart stratd.service
same "active" "$(prop ActiveState)" active
echo "      start to READY: $((($(prop ActiveEnterTimestampMonotonic) - $(prop ExecMainStartTimestampMonotonic)) / 1000)) ms; memory: $(prop MemoryCurrent) bytes"

group "a strategy that leaks meets the limit of the service, which comes back"
drop_in memory 'MemoryMax=200M\nMemorySwapMax=0'
configure <<'END'
[[strategy]]
name = "leaker"
plugin = "/var/lib/stratd/plugins/libstrategy_leaker.so"
END
systemctl restart stratd.service
becomes "it was killed for its memory" 'journalctl -q -u stratd --grep "Failed with result .oom-kill"'
becomes "and started again" '(($(prop NRestarts) >= 1))'
systemctl stop stratd.socket stratd-ro.socket stratd.service
rm -f /run/systemd/system/stratd.service.d/memory.conf /var/lib/stratd/state.db*
systemctl reset-failed stratd.service

configure </dev/null
systemctl daemon-reload
check "a start without it" systemctl start stratd.socket stratd.service

group "a core file names the daemon, with the drop-in that allows it"
check "drop-in" install -D -m 0644 -t /run/systemd/system/stratd.service.d /usr/share/stratd/drop-ins/debug.conf
systemctl daemon-reload
check "restart" systemctl restart stratd.service
systemctl kill --kill-who=main --signal=ABRT stratd.service
becomes "coredumpctl has it" 'coredumpctl list --no-pager | grep -q /usr/bin/stratd'
becomes "it is back" '[[ $(prop SubState) == running ]]'

group "addresses that are denied are out of reach"
drop_in addresses 'IPAddressDeny=any'
cat >>"$config" <<'END'

[logging.handlers.net]
kind = "socket"
address = "127.0.0.1:5514"

[logging.root]
level = "INFO"
handlers = ["net"]
END
socat -u TCP-LISTEN:5514,bind=127.0.0.1,fork,reuseaddr OPEN:/tmp/heard,creat,append &
check "restart" systemctl restart stratd.service
becomes "its handler cannot connect" '(($(handler net errors) > 0))'
check "nothing was heard" test ! -s /tmp/heard
rm /run/systemd/system/stratd.service.d/addresses.conf
systemctl daemon-reload
check "restart" systemctl restart stratd.service
becomes "without the drop-in it is heard" 'test -s /tmp/heard'

group "no more tasks than are allowed"
threads=$(ls "/proc/$(prop MainPID)/task" | wc -l)
drop_in tasks "TasksMax=$((threads / 2))"
systemctl restart stratd.service 2>/dev/null
check "it does not run with half of them" test "$(systemctl is-active stratd.service)" != active
like "and says why" "$(journalctl -q -u stratd -o cat -n 200 | grep -i 'thread\|resource')" "*temporarily unavailable*"

group
((all_failed == 0)) && echo VM-OK
