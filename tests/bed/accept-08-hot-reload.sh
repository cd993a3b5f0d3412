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

group "a file that is written in place harms nothing"
# the daemon runs its own copy: what is cut under it is not what is mapped
head -c 5000 "$original" >"$herald"
becomes "the rest is refused" '[[ $(refusal) == *libstrategy_herald.so* ]]'
same "the generation" "$(plugin strategy-herald generation)" 3
becomes "it goes on with its events" 'seen=$(plugin strategy-herald "instances[0].events"); sleep 0.2; (($(plugin strategy-herald "instances[0].events") > seen))'
same "the process" "$(prop MainPID)" "$pid"
drop /tmp/second
becomes "a whole file is taken again" '[[ $(plugin strategy-herald generation) == 4 ]]'

group "a link is followed to the file, and another target is another version"
mkdir "$folder/.builds"
install -m 0644 /tmp/third "$folder/.builds/third"
chgrp -R stratd "$folder/.builds"
ln -s .builds/third "$folder/.link"
mv -T "$folder/.link" "$herald"
becomes "the next generation runs" '[[ $(plugin strategy-herald generation) == 5 ]]'
same "it is that file" "$(plugin strategy-herald hash)" "$(sha256sum <"$folder/.builds/third" | cut -d ' ' -f 1)"

group "what the confinement does not let run is refused with the reason"
# refuses FILE PATTERN: the old generation runs on, and the reason is told
refuses() {
    rm "$herald"
    drop "$1"
    becomes "the reason" "[[ \$(refusal) == $2 ]]"
    same "the generation" "$(plugin strategy-herald generation)" 5
    echo "      $(refusal)"
}
refuses /share/bad-plugins/execstack.so '*GNU_STACK*executable*'
refuses /share/bad-plugins/textrel.so '*relocation*'

group "code is mapped from the staged copies, and from nowhere else that can be written"
for place in /var/log/stratd /tmp /dev/shm /var/lib/stratd; do
    mkdir -p /run/systemd/system/stratd.service.d
    printf '[Service]\nEnvironment=STRATD_STAGE_DIR=%s\n' "$place" >/run/systemd/system/stratd.service.d/stage.conf
    systemctl daemon-reload
    systemctl stop stratd.service 2>/dev/null
    systemctl reset-failed stratd.service
    drop "$original"
    cursor=$(journalctl -q -n 0 --show-cursor | sed -n 's/^-- cursor: //p')
    systemctl start stratd.service 2>/dev/null
    check "a start with copies in $place fails" test "$(prop ActiveState)" != active
    check "with the reason" journalctl -q -u stratd -o cat --after-cursor "$cursor" --grep "loading $place: stage: .*noexec"
done
rm /run/systemd/system/stratd.service.d/stage.conf
systemctl daemon-reload
systemctl stop stratd.service 2>/dev/null
systemctl reset-failed stratd.service
check "a start as installed" systemctl start stratd.service
pid=$(prop MainPID)

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
