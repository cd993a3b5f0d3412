# Acceptance test 11: a key is in the memory of those who need it, and nowhere else.
. /share/tests/bed/lib.sh

key=s3cret-of-the-exchange-4711
group "a key that is root's alone reaches the daemon as a credential"
check "install" install_package
install -m 0600 /dev/stdin /etc/stratd/credentials/exchange-key <<<"$key"
truncate -s -1 /etc/stratd/credentials/exchange-key
check "drop-in" install -D -m 0644 -t /etc/systemd/system/stratd.service.d /usr/share/stratd/drop-ins/credentials.conf
systemctl daemon-reload
cat >/tmp/web <<'END'
timeout 1 cat >>/tmp/heard
printf 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
END
socat TCP-LISTEN:8080,bind=127.0.0.1,fork,reuseaddr \
    EXEC:"bash /tmp/web" &
# a handler that logs in with it, and a plugin in a process of its own
configure <<'END'
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

[logging.root]
level = "INFO"
handlers = ["web", "journal"]
END
install_test_plugins
must "restart" 'systemctl restart stratd.service'
becomes "it logs in with the key" 'grep -q "$(printf %s "bot:$key" | base64)" /tmp/heard'
as_daemon() { setpriv --reuid stratd --regid stratd --init-groups -- "$@"; }
((++group_checks))
! as_daemon cat /etc/stratd/credentials/exchange-key 2>/dev/null || failed "the daemon's user reads the file"

group "it is nowhere else"
# where TEXT… may not be: of the daemon and its children
processes() { systemctl show -P ControlGroup stratd.service | xargs -I{} cat /sys/fs/cgroup/{}/cgroup.procs /sys/fs/cgroup/unified/{}/cgroup.procs 2>/dev/null; }
at_least "processes of the service" "$(processes | wc -l)" 2
for process in $(processes); do
    same "environment of $(cat "/proc/$process/comm")" "$(grep -c "$key" "/proc/$process/environ")" 0
    same "command line of $(cat "/proc/$process/comm")" "$(tr '\0' ' ' <"/proc/$process/cmdline" | grep -c "$key")" 0
done
ctl log handlers >/tmp/shown
ctl log tree >>/tmp/shown
stratctl status >>/tmp/shown
stratd check "$config" >>/tmp/shown 2>&1
same "what is shown" "$(grep -c "$key" /tmp/shown)" 0
# a wrong key is told without it
sed -i 's/^url = .*/url = "http:\/\/127.0.0.1:1\/log"/' "$config"
check "reload" systemctl reload stratd.service
systemctl kill --kill-who=main --signal=ABRT stratd.service
becomes "it is back" '[[ $(prop NRestarts) == 1 && $(prop SubState) == running ]]'
systemctl stop stratd.service 2>/dev/null
same "the journal" "$(journalctl --no-pager -q -o export | grep -a -c "$key")" 0
same "files" "$(grep -r -l -a "$key" /var/lib/stratd /var/log/stratd /run/stratd /tmp/systemd-private-* 2>/dev/null)" ""
same "core files" "$(find /var/lib/stratd -name 'core*' | wc -l)" 0
check "the credential goes with the service" test ! -e /run/credentials/stratd.service

finish
