# Acceptance test 17: the package is installed, upgraded, removed and purged, and leaves what belongs to the user.
. /share/tests/bed/lib.sh

units=(stratd.socket stratd-ro.socket stratd.service)
states() { systemctl "$1" "${units[@]}" 2>/dev/null | paste -sd ' '; }
enabled_links() { find /etc/systemd/system -name 'stratd*' -printf '%P\n' | sort | paste -sd ' '; }

group "an installation runs at once, as its own user"
check "install" install_package
same "enabled" "$(states is-enabled)" "enabled enabled enabled"
same "active" "$(states is-active)" "active active active"
same "the daemon's user" "$(ps -o user= -p "$(prop MainPID)")" stratd
same "it trades nothing" "$(prop StatusText)" "strategies: none; exchanges: 1 started"
check "it is what the package is" test "$(stratd --version)" == "stratd $(dpkg-query -Wf '${Version}' stratd)"
owner() { stat -c '%U:%G %a' "$1"; }
same "its configuration" "$(owner /etc/stratd/stratd.toml)" "root:root 644"
same "keys" "$(owner /etc/stratd/credentials)" "root:root 700"
same "the drop folder" "$(owner /var/lib/stratd/plugins)" "root:stratd 750"
same "the socket" "$(owner /run/stratd/control.sock)" "stratd:stratd 660"
same "the socket of readers" "$(owner /run/stratd/control-ro.sock)" "stratd:stratd-ro 660"
# what the machines leave out of every package
verified() { dpkg -V stratd | grep -v ' /usr/share/\(doc\|man\)/'; }
same "nothing differs from the package" "$(verified)" ""
cd /tmp || exit
check "a strategy can be begun" stratd plugin new probe
check "with the SDK of the package" grep -q '^stratd-plugin-api = { path = "/usr/share/stratd/sdk/plugin-api" }' /tmp/strategy-probe/Cargo.toml
check "no service failed" test -z "$(systemctl --failed --no-legend)"

group "an upgrade restarts the daemon, keeps its sockets and what the administrator wrote"
echo '# ours' >>"$config"
pid=$(prop MainPID)
socket=$(stat -c %i /run/stratd/control.sock)
check "upgrade" dpkg -i "$(next_package 1)"
same "version" "$(dpkg-query -Wf '${Version}' stratd)" "$(dpkg-deb -f "$package" Version)+1"
check "another process" test "$(prop MainPID)" != "$pid"
same "the same socket" "$(stat -c %i /run/stratd/control.sock)" "$socket"
same "active" "$(states is-active)" "active active active"
same "restarts by failure" "$(prop NRestarts)" 0
check "the configuration is the administrator's" grep -qx '# ours' "$config"
systemctl disable --quiet stratd.service
systemctl stop "${units[@]}" 2>/dev/null
check "upgrade of what is stopped" dpkg -i "$(next_package 2)"
same "it stays so" "$(states is-active)" "inactive inactive inactive"
same "and disabled" "$(systemctl is-enabled stratd.service)" disabled
systemctl enable --quiet stratd.service
echo 'nonsense = 1' >>"$config"
check "upgrade beside a configuration that is refused" dpkg -i "$(next_package 3)"
same "is complete" "$(dpkg-query -Wf '${db:Status-Status}' stratd)" installed

group "several daemons stand beside each other"
sed -i '/nonsense/d' "$config"
check "start" systemctl start "${units[@]}"
mkdir /etc/stratd/second
cp "$config" /etc/stratd/second/stratd.toml
check "start of another" systemctl enable --quiet --now stratd@second.socket stratd-ro@second.socket stratd@second.service
same "it runs" "$(systemctl is-active stratd@second.service)" active
second() { stratctl --json --socket /run/stratd-second/control.sock "$@"; }
same "it answers" "$(second status | jq -r .store.path)" /var/lib/stratd-second/state.db
check "and reloads" systemctl reload stratd@second.service
same "its folders" "$(owner /var/lib/stratd-second) $(owner /var/lib/stratd-second/staged)" "stratd:stratd 750 stratd:stratd 750"
check "its plugins are mapped from its own copies" grep -q '/var/lib/stratd-second/staged/' "/proc/$(prop MainPID stratd@second.service)/maps"
check "of the first, it changes nothing" systemctl stop stratd@second.socket stratd-ro@second.socket stratd@second.service
same "the first runs" "$(prop ActiveState)" active
systemctl disable --quiet stratd@second.socket stratd-ro@second.socket stratd@second.service
systemctl start stratd@second.service

group "a removal stops everything and leaves configuration and state"
check "remove" dpkg -r stratd
same "processes" "$(pgrep -c -x stratd)" 0
check "no socket is left" test ! -e /run/stratd/control.sock -a ! -e /run/stratd-second/control.sock
check "nor a unit" test "$(systemctl list-units --no-legend --state=active 'stratd*' | wc -l)" == 0
check "the configuration stays" grep -qx '# ours' "$config"
check "the state stays" test -s /var/lib/stratd/state.db
check "install again" install_package
same "active" "$(states is-active)" "active active active"

group "a purge takes configuration and keys, and leaves what the daemon wrote"
echo secret >/etc/stratd/credentials/key
check "purge" dpkg -P stratd
check "no configuration" test ! -e /etc/stratd
same "no unit is enabled" "$(enabled_links)" ""
check "no socket" test ! -e /run/stratd
check "no copies of plugins" test ! -e /var/lib/stratd/staged
check "the state stays" test -s /var/lib/stratd/state.db
same "with its owner" "$(stat -c %U /var/lib/stratd/state.db)" stratd

finish
