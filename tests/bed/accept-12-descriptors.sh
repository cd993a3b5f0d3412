# Acceptance test 12: who sends to a receiver of the log is not cut off by a restart of the daemon, and nobody is refused
# meanwhile; what systemd keeps is counted, limited, and given back.
. /share/tests/bed/lib.sh

sessions=8
socket=/run/stratd/log.sock

# receivers [LINE…]: the configuration with two receivers
receivers() {
    configure <<END
[logging.receivers.net]
kind = "json_lines"
port = 9020

[logging.receivers.local]
kind = "json_lines"
address = "$socket"
END
}
receiver() { ctl log receivers | jq -r --arg name "$1" ".receivers[] | select(.name == \$name) | .$2"; }
stored() { prop NFileDescriptorStore; }
# say FROM TO: each of these sessions sends a record
say() {
    local i
    for ((i = $1; i < $2; i++)); do
        echo '{"name": "bed", "levelno": 20, "msg": "hello"}' >&"${fds[i]}"
    done
}

# bytes that wait in sessions of the port 9020 (233C), which nobody has read yet
unread() { awk '$2 ~ /:233C$/ && $4 == "01" { split($5, queues, ":"); if (queues[2] != "00000000") ++n } END { print n + 0 }' /proc/net/tcp; }

group "the receivers' sockets are kept from the start"
install_as_documented
receivers
must "start" "systemctl start stratd.service"
becomes "two sockets are with systemd" '[[ $(stored) == 2 ]]'
fds=()
for ((i = 0; i < sessions; i++)); do
    exec {fd}<>/dev/tcp/127.0.0.1/9020
    fds+=("$fd")
done
say 0 $sessions
becomes "all are heard" '[[ $(receiver net received) == "$sessions" ]]'
same "sessions" "$(receiver net connections)" $sessions

group "sessions survive a restart"
inode=$(stat -c %i $socket)
check "restart" systemctl restart stratd.service
same "they are there at once" "$(receiver net connections)" $sessions
same "the file of the socket is the same" "$(stat -c %i $socket)" "$inode"
say 0 $sessions
becomes "and are heard" '[[ $(receiver net received) == "$sessions" ]]'
becomes "systemd has the listening ones only" '[[ $(stored) == 2 ]]'

group "the beginning of a record is not taken for a whole one"
printf '{"name": "bed", ' >&"${fds[0]}"
becomes "it has arrived" '[[ $(unread) == 0 ]]'
check "restart" systemctl restart stratd.service
same "its session has ended, the others go on" "$(receiver net connections)" $((sessions - 1))
say 1 $sessions
becomes "and are heard" '[[ $(receiver net received) == $((sessions - 1)) ]]'
same "nothing was refused" "$(receiver net refused)" 0

group "nobody is refused while a killed process comes back"
refused=0
kill -KILL "$(prop MainPID)"
until [[ $(prop NRestarts) == 1 && $(prop SubState) == running ]]; do
    (exec 3<>/dev/tcp/127.0.0.1/9020) 2>/dev/null || ((++refused))
    socat -u OPEN:/dev/null UNIX-CONNECT:$socket 2>/dev/null || ((++refused))
done
same "refused" "$refused" 0
same "the file of the socket is the same" "$(stat -c %i $socket)" "$inode"
same "in the store" "$(stored)" 2

group "what is configured no longer is given back"
configure </dev/null
check "reload" systemctl reload stratd.service
becomes "the store is empty" '[[ $(stored) == 0 ]]'
check "no file is left" test ! -e $socket
check "nobody listens" bash -c '! (exec 3<>/dev/tcp/127.0.0.1/9020) 2>/dev/null'
receivers
check "reload" systemctl reload stratd.service
becomes "and back again" '[[ $(stored) == 2 ]]'

group "never more than the store takes"
mkdir -p /run/systemd/system/stratd.service.d
printf '[Service]\nFileDescriptorStoreMax=4\n' >/run/systemd/system/stratd.service.d/store.conf
systemctl daemon-reload
check "restart" systemctl restart stratd.service
fds=()
for ((i = 0; i < sessions; i++)); do
    exec {fd}<>/dev/tcp/127.0.0.1/9020
    fds+=("$fd")
done
becomes "all sessions" '[[ $(receiver net connections) == "$sessions" ]]'
check "restart" systemctl restart stratd.service
at_least "sessions that there was room for" "$(receiver net connections)" 1
at_least "at most two of them" $((2 - $(receiver net connections))) 0
same "in the store" "$(stored)" 2

group "a stop gives back everything"
systemctl stop stratd.service 2>/dev/null
same "in the store" "$(stored)" 0
must "start" "systemctl start stratd.service"
check "it listens" bash -c 'exec 3<>/dev/tcp/127.0.0.1/9020'

finish
