# Acceptance tests 8 and 18: in its confinement the daemon sees what root drops, takes what is whole, refuses what is not
# and says why; a plugin in a process of its own crashes without anybody else.
. /share/tests/bed/lib.sh

group "the service runs"
install_as_documented
configure <<'END'
[[strategy]]
name = "apart"
plugin = "market-maker"
isolation = "process"
config = { quantity = 10, spread_ticks = 4, requote_ticks = 2, max_position = 100 }

[plugins]
settle = "100ms"
END
check "start" systemctl start stratd.service
pid=$(prop MainPID)
plugin() { ctl plugin show "$1" | jq -r ".$2"; }
must "it trades" '[[ $(plugin strategy-herald generation) == 1 ]]'
folder=/var/lib/stratd/plugins

# dropped CONTENT: a new file in the place of the old one, in one step, as root does it
drop() {
    install -m 0644 "$1" "$folder/.herald.tmp"
    mv "$folder/.herald.tmp" "$herald"
}
original=/share/test-plugins/libstrategy_herald.so
# another file of the same content for the loader: what is behind the last section is not looked at
cp "$original" /tmp/second
echo second >>/tmp/second
cp "$original" /tmp/third
echo third >>/tmp/third

group "a file that root puts in place is taken, between two events"
drop /tmp/second
becomes "the next generation runs" '[[ $(plugin strategy-herald generation) == 2 ]]'
same "it is that file" "$(plugin strategy-herald hash)" "$(sha256sum <"$herald" | cut -d ' ' -f 1)"
same "state" "$(plugin strategy-herald 'instances[0].state')" started
((++group_checks))
sudo_as() { setpriv --reuid stratd --regid stratd --init-groups -- "$@"; }
! sudo_as touch "$folder/x.so" 2>/dev/null || failed "the daemon's user may write to the drop folder"

group "what is not whole is refused with a reason, and the old one runs on"
refusal() { plugin strategy-herald last_refusal.text; }
head -c 9000 "$original" >/tmp/half
drop /tmp/half
becomes "half a file" '[[ $(refusal) == *libstrategy_herald.so* ]]'
same "the generation" "$(plugin strategy-herald generation)" 2
echo "      half a file: $(refusal)"
before=$(refusal)
install -m 0666 /tmp/third "$folder/.herald.tmp"
chmod 0666 "$folder/.herald.tmp"
mv "$folder/.herald.tmp" "$herald"
becomes "a file that anybody may write" '[[ $(refusal) != "$before" ]]'
same "the generation" "$(plugin strategy-herald generation)" 2
echo "      writable by anybody: $(refusal)"
drop /tmp/third
becomes "the whole file is taken" '[[ $(plugin strategy-herald generation) == 3 ]]'

group "a plugin in a process of its own dies without anybody else"
child=$(plugin strategy-market-maker 'instances[0].pid')
same "its user" "$(ps -o user= -p "$child")" stratd
check "a process of the service" grep -q stratd.service "/proc/$child/cgroup"
at_least "confined by a filter" "$(awk '/^Seccomp:/{print $2}' "/proc/$child/status")" 2
kill -KILL "$child"
becomes "it is back" 'now=$(plugin strategy-market-maker "instances[0].pid"); [[ $now =~ ^[0-9]+$ && $now != "$child" && $(plugin strategy-market-maker "instances[0].state") == started ]]'
same "the daemon is the same" "$(prop MainPID)" "$pid"
same "the other strategy runs on" "$(plugin strategy-herald 'instances[0].state')" started

finish
