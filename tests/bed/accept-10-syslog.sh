# Acceptance test 10: a real rsyslogd understands every message, over /dev/log, UDP and TCP; when it is away, the handler
# waits within its limits, counts what it drops, and finds it again.
. /share/tests/bed/lib.sh

group "the service runs"
install_as_documented
parsed=/var/log/parsed

# every property that rsyslogd found, one JSON object a line
cat >/etc/rsyslog.d/bed.conf <<END
module(load="imudp")
module(load="imtcp")
input(type="imudp" address="127.0.0.1" port="5514")
input(type="imtcp" address="127.0.0.1" port="5515")
template(name="parsed" type="list" option.jsonf="on") {
    property(outname="input" name="inputname" format="jsonf")
    property(outname="facility" name="syslogfacility-text" format="jsonf")
    property(outname="severity" name="syslogseverity" format="jsonf")
    property(outname="tag" name="syslogtag" format="jsonf")
    property(outname="app" name="app-name" format="jsonf")
    property(outname="pid" name="procid" format="jsonf")
    property(outname="id" name="msgid" format="jsonf")
    property(outname="data" name="structured-data" format="jsonf")
    property(outname="host" name="hostname" format="jsonf")
    property(outname="time" name="timereported" dateFormat="rfc3339" date.inUTC="on" format="jsonf")
    property(outname="text" name="msg" format="jsonf")
}
if \$app-name startswith "stratd" then action(type="omfile" file="$parsed" template="parsed")
END
check "rsyslogd takes the configuration" rsyslogd -N1
systemctl restart rsyslog

configure <<'END'
[logging.formatters.plain]
format = "%(message)s"

[logging.formatters.named]
format = "%(name)s: %(message)s"

[logging.handlers.local]
kind = "syslog"
transport = "unix"
address = "/dev/log"
format = "rfc3164"
facility = "local3"
app_name = "stratd"
formatter = "named"

[logging.handlers.udp]
kind = "syslog"
transport = "udp"
address = "127.0.0.1:5514"
format = "rfc5424"
facility = "daemon"
app_name = "stratd-udp"
sd = "fields@32473"
formatter = "plain"

[logging.handlers.tcp]
kind = "syslog"
transport = "tcp"
address = "127.0.0.1:5515"
format = "rfc5424"
framing = "octet"
facility = "local0"
app_name = "stratd-tcp"
sd = "fields@32473"
formatter = "plain"
queue = { capacity = 50 }

[logging.handlers.ticks]
kind = "file"
path = "/var/log/stratd/ticks"
formatter = "plain"

[logging.loggers."strategy.herald"]
level = 1
handlers = ["local", "udp", "tcp"]

[logging.loggers."strategy.herald.tick"]
propagate = false
handlers = ["ticks", "local", "tcp"]

# of it 1 MiB, which no syslog takes
[logging.loggers."strategy.herald.much"]
propagate = false
END
check "start" systemctl start stratd.service
pid=$(prop MainPID)
last_tick() { tail -n 1 /var/log/stratd/ticks | cut -d ' ' -f 2; }
# of INPUT FILTER: what rsyslogd found in messages of one way in
of() { jq -r "select(.input == \"$1\") | $2" "$parsed"; }
# ticks_of INPUT: their numbers
ticks_of() { jq -r "select(.input == \"$1\") | .text | capture(\"tick (?<n>[0-9]+)\$\").n" "$parsed"; }
for input in imuxsock imudp imtcp; do
    must "everything is there by $input" "of $input .text | grep -q 'said\$'"
done

severities="7 7 7 7 6 6 5 5 4 4 3 3 2 2"

group "RFC 3164 over /dev/log"
is_local='select(.tag | startswith("stratd["))'
same "tags" "$(of imuxsock .tag | sort -u)" "stratd[$pid]:"
same "pid" "$(of imuxsock .pid | sort -u)" "$pid"
same "facility" "$(of imuxsock .facility | sort -u)" local3
same "severities" "$(of imuxsock 'select(.text | test("level [0-9]")) | .severity' | paste -sd ' ')" "$severities"
same "text" "$(of imuxsock "$is_local | select(.text | test(\"level 20\")) | .text")" " strategy.herald.levels: level 20"
same "lines" "$(of imuxsock 'select(.text | test("first")) | .text')" " strategy.herald.lines: first#012  second#012third"

for way in "imudp daemon stratd-udp" "imtcp local0 stratd-tcp"; do
    read -r input facility app <<<"$way"
    group "RFC 5424 by $input, with structured data and a MSGID"
    same "app-name" "$(of $input .app | sort -u)" "$app"
    same "pid" "$(of $input .pid | sort -u)" "$pid"
    same "facility" "$(of $input .facility | sort -u)" "$facility"
    same "host" "$(of $input .host | sort -u)" "$(hostname)"
    same "severities" "$(of $input 'select(.id == "strategy.herald.levels") | .severity' | paste -sd ' ')" "$severities"
    like "structured data" "$(of $input 'select(.text == "level 25") | .data')" '\[fields@32473 * number="25"\]'
    like "names" "$(of $input 'select(.id == "strategy.herald.names") | .data')" '* order-id="A-7" *'
    same "unicode" "$(of $input 'select(.id == "strategy.herald.unicode") | .text')" "café € 📈"
    same "lines" "$(of $input 'select(.id == "strategy.herald.lines") | .text')" "first#012  second#012third"
    sent=$(date -u -d "$(of $input 'select(.id == "strategy.herald") | .time')" +%s)
    at_least "the time is the record's" $((60 - ($(date +%s) - sent))) 0
done

group "while rsyslogd is away, what waits is bounded, and what is dropped is counted"
before=$(last_tick)
systemctl stop rsyslog.service syslog.socket
becomes "records are dropped" '(($(handler tcp dropped) > 0))'
becomes "the daemon goes on" '(($(last_tick) > before + 300))'
at_least "waiting: at most 50" $((50 - $(handler tcp queued))) 0
at_least "errors" "$(handler tcp errors)" 1
like "the last error" "$(handler tcp last_error)" "*onnection refused*"
check "stratctl shows it" grep -qE '\| tcp .* [1-9][0-9]* +[0-9]+ \|$' <<<"$(stratctl log handlers)"
same "the local handler is not concerned" "$(handler local dropped)" 0

group "when it is back, the handler finds it"
systemctl start rsyslog.service
back=$(last_tick)
becomes "new records arrive" '(($(ticks_of imtcp | tail -n 1) > back))'
becomes "nothing waits any more" '(($(handler tcp queued) < 10))'
dropped=$(handler tcp dropped)
from=$(ticks_of imtcp | tail -n 1)
becomes "more arrive" '(($(ticks_of imtcp | tail -n 1) > from + 100))'
same "missing since" "$(ticks_of imtcp | awk -v from="$from" '$1 >= from && last { missing += $1 - last - 1 } { last = $1 } END { print missing + 0 }')" 0
same "dropped since" "$(handler tcp dropped)" "$dropped"
becomes "by /dev/log as well" '(($(ticks_of imuxsock | tail -n 1) > from))'

finish
