# Acceptance test 11: keys are in the memory of those who need them, and nowhere else: one of an exchange and of a log
# handler that is a credential of systemd, one of another exchange that is a variable of the environment.
. /share/tests/bed/lib.sh

key=s3cret-of-the-exchange-4711
variable=s3cret-in-the-environment-4712
wrong=wrong-s3cret-of-nobody-4713
# lines with any of the keys
with_key() { grep -a -c -e "$key" -e "$variable" -e "$wrong"; }
same "the search finds a key in a line" "$(with_key <<<"password=$variable;")" 1

group "keys that are root's alone reach who needs them"
check "install" install_package
# credential NAME: from stdin, without an end of line
credential() {
    install -m 0600 /dev/stdin "/etc/stratd/credentials/$1"
    truncate -s -1 "/etc/stratd/credentials/$1"
}
credential exchange-key <<<"$key"
credential other-key <<<"$wrong"
install -m 0600 /dev/stdin /etc/stratd/venue.env <<<"VENUE_KEY=$variable"
check "drop-in" install -D -m 0644 -t /etc/systemd/system/stratd.service.d /usr/share/stratd/drop-ins/credentials.conf
cat >/etc/systemd/system/stratd.service.d/more.conf <<'END'
[Service]
LoadCredential=other-key:/etc/stratd/credentials/other-key
EnvironmentFile=/etc/stratd/venue.env
END
systemctl daemon-reload
# a web server, as far as the handler needs one: it answers when it has the head of a request
cat >/tmp/web <<'END'
while IFS= read -r line && [[ $line != $'\r' ]]; do printf '%s\n' "$line"; done >>/tmp/heard
printf 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
END
socat TCP-LISTEN:8080,bind=127.0.0.1,fork,reuseaddr EXEC:"bash /tmp/web" 2>/dev/null &
socat -u TCP-LISTEN:8081,bind=127.0.0.1,fork,reuseaddr OPEN:/tmp/logins,creat,append &
# exchanges that log in, a handler that does, and a plugin in a process of its own
configure <<'END'
[[exchange]]
name = "venue"
plugin = "/var/lib/stratd/plugins/libexchange_venue.so"
config = { api_key = "${credential:exchange-key}" }

[[exchange]]
name = "second"
plugin = "/var/lib/stratd/plugins/libexchange_venue.so"
config = { api_key = "${VENUE_KEY}" }

[[strategy]]
name = "apart"
plugin = "market-maker"
isolation = "process"
config = { quantity = 10, spread_ticks = 4, requote_ticks = 2, max_position = 100 }

[logging.handlers.web]
kind = "http"
url = "http://127.0.0.1:8080/log"
user = "bot"
password = "${credential:exchange-key}"

[logging.handlers.journal]
kind = "journald"

[logging.handlers.file]
kind = "file"
path = "/var/log/stratd/all.log"

[logging.loggers.bed]
level = "INFO"

[logging.root]
level = "DEBUG"
handlers = ["web", "journal", "file"]
END
install_test_plugins
check "restart" systemctl restart stratd.service
becomes "an exchange is logged in to with the credential" 'grep -qx "login $key" /tmp/logins'
becomes "and another with the variable" 'grep -qx "login $variable" /tmp/logins'
becomes "a log handler logs in with the credential" 'grep -q "$(printf %s "bot:$key" | base64)" /tmp/heard'
same "status" "$(prop StatusText)" "strategies: 2 started; exchanges: 3 started"
as_daemon() { setpriv --reuid stratd --regid stratd --init-groups -- "$@"; }
((++group_checks))
! as_daemon cat /etc/stratd/credentials/exchange-key 2>/dev/null || failed "the daemon's user reads the file"
as_other() { setpriv --reuid nobody --regid nogroup --clear-groups -- "$@"; }
((++group_checks))
! as_other cat "/proc/$(prop MainPID)/environ" 2>/dev/null || failed "another user reads the environment"

group "a change to a key that opens nothing is refused, and the reason has the key's name"
sed -i 's/credential:exchange-key}" }$/credential:other-key}" }/' "$config"
((++group_checks))
! systemctl reload stratd.service 2>/dev/null || failed "the wrong key was accepted"
becomes "the journal has the reason, with the key's name" \
    'journalctl -q -u stratd -o cat --grep "the key .{credential:other-key} opens nothing"'
ctl config apply "$config" >/tmp/shown 2>&1
like "so has the answer to a client" "$(<"/tmp/shown")" '*the key ${credential:other-key} opens nothing*'
sed -i 's/credential:other-key}" }$/credential:exchange-key}" }/' "$config"

group "nobody is shown them"
check "a change with keys beside it" stratctl config set risk/max_open_orders 41
check "another" stratctl config set strategy/apart/config/quantity 11
generations=$(ctl config history | jq '[.generations[].generation] | min, max' | paste -sd ' ')
{
    # shellcheck disable=SC2086 # two numbers
    for view in "config show" "config show exchange/venue" "config history" "config diff" "config diff $generations" status \
        "plugin list" "plugin show venue" "exchange list" "exchange show venue" "exchange config venue" "strategy list" "strategy show apart" \
        "strategy config apart" "log tree" "log handlers" "log resolve bed INFO" "risk show" version; do
        echo "== $view"
        stratctl $view || failed "stratctl $view -> $?"
        stratctl --json $view
    done
    curl -sS --unix-socket /run/stratd/control.sock http://localhost/v1/metrics
    # from the first that is kept
    curl -sS -N --max-time 2 --unix-socket /run/stratd/control.sock -H 'Last-Event-ID: 0' http://localhost/v1/events
    stratd check "$config"
    stratd plugin inspect /var/lib/stratd/plugins/libexchange_venue.so
    systemctl show stratd.service
    systemctl status --no-pager -l stratd.service
    ps -e -o args
} >>/tmp/shown 2>&1
check "the reference is shown instead" grep -q 'credential:exchange-key' /tmp/shown
check "metrics are among it" grep -q '^# EOF' /tmp/shown
check "events are among it" grep -q '^event: ' /tmp/shown
at_least "bytes that were shown" "$(stat -c %s /tmp/shown)" 20000
same "lines with a key" "$(with_key </tmp/shown)" 0

group "they are nowhere else"
# of the daemon and its children
processes() { systemctl show -P ControlGroup stratd.service | xargs -I{} cat /sys/fs/cgroup/{}/cgroup.procs /sys/fs/cgroup/unified/{}/cgroup.procs 2>/dev/null; }
at_least "processes of the service" "$(processes | wc -l)" 2
for process in $(processes); do
    name=$(cat "/proc/$process/comm")
    # systemd put the variable into the daemon's own, which its user and root can read
    variables=$(tr '\0' '\n' <"/proc/$process/environ" | { ((process == $(prop MainPID))) && grep -v '^VENUE_KEY=' || cat; })
    same "environment of $name" "$(with_key <<<"$variables")" 0
    same "command line of $name" "$(tr '\0' ' ' <"/proc/$process/cmdline" | with_key)" 0
done
files() { grep -r -l -a -e "$key" -e "$variable" -e "$wrong" /var/lib/stratd /var/log /run/stratd /run/systemd /run/log /tmp/systemd-private-* 2>/dev/null; }
at_least "lines of the log" "$(wc -l </var/log/stratd/all.log)" 20
same "files while it runs" "$(files)" ""
systemctl kill --kill-who=main --signal=ABRT stratd.service
becomes "it is back" '[[ $(prop NRestarts) == 1 && $(prop SubState) == running ]]'
systemctl stop stratd.service 2>/dev/null
at_least "entries of the journal" "$(journalctl --no-pager -q -u stratd | wc -l)" 50
same "the journal" "$(journalctl --no-pager -q -o export | with_key)" 0
check "state is among the files" test -s /var/lib/stratd/state.db
same "files after the end" "$(files)" ""
same "core files" "$(find /var/lib/stratd /tmp -name 'core*' | wc -l)" 0
check "the credential goes with the service" test ! -e /run/credentials/stratd.service

finish
