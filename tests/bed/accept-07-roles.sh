# Acceptance test 7: who may do what, by user, group and socket.
. /share/tests/bed/lib.sh

group "the service runs"
check "install" install_package
configure </dev/null
install_test_plugins
check "restart" systemctl restart stratd.service
useradd --groups stratd member
useradd --groups stratd-ro watcher
useradd --groups stratd,stratd-ro both
useradd stranger
as() { setpriv --reuid "$1" --regid "$1" --init-groups -- "${@:2}"; }
# asks USER SOCKET CURL-ARGUMENT…: the status of the answer; 000 without one
asks() { as "$1" curl -sS --max-time 20 --unix-socket "/run/stratd/$2.sock" -o /tmp/answer-"$1" -w '%{http_code}' "${@:3}" 2>/dev/null; }
looks() { asks "$1" "$2" http://localhost/v1/status; }
changes() {
    asks "$1" "$2" -H 'If-Match: *' -H 'Content-Type: application/json' \
        -d "{\"logger\": \"by.$1\", \"level\": \"DEBUG\"}" http://localhost/v1/logging/level
}
level() { ctl log tree | jq -r --arg name "$1" '.loggers[] | select(.name == $name) | .level'; }

group "on the control socket its group operates, and nobody else is let in"
while read -r user look change; do
    same "$user looks" "$(looks "$user" control)" "$look"
    same "$user changes" "$(changes "$user" control)" "$change"
    same "the level that $user set" "$(level "by.$user")" "$([[ $change == 200 ]] && echo DEBUG)"
done <<'END'
root     200  200
stratd   200  200
member   200  200
both     200  200
watcher  000  000
stranger 000  000
END

group "on the socket for readers nobody changes anything, whoever asks"
while read -r user look change; do
    same "$user looks" "$(looks "$user" control-ro)" "$look"
    check "$user starts from nothing" stratctl log level "by.$user" ERROR
    same "$user changes" "$(changes "$user" control-ro)" "$change"
    same "the level stays" "$(level "by.$user")" ERROR
done <<'END'
root     200  403
stratd   200  403
both     200  403
watcher  200  403
member   000  000
stranger 000  000
END
like "the answer says why" "$(jq -r .detail /tmp/answer-watcher)" "*reader*"
check "every write is told, also those that were refused" \
    journalctl -q -u stratd LOGGER=control.audit F_STATUS=403 --grep .
like "stratctl says what to do" "$(as stranger stratctl status 2>&1)" "*group*stratd*"
check "a watcher has it without a word more" as watcher stratctl --socket /run/stratd/control-ro.sock status

group "a token is no way in where none is configured"
check "no port is open" bash -c '! grep -q ": .* 0A " /proc/net/tcp /proc/net/tcp6'

finish
