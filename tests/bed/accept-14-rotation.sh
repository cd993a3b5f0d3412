# Acceptance test 14: files of the log are renamed by others and by the daemon itself, in its confinement, and no line is
# lost, doubled or torn; a folder that cannot be written is told and does not stop the service.
. /share/tests/bed/lib.sh

group "the service runs"
install_as_documented
logs=/var/log/stratd

rotation_config() {
    cat <<'END'
[logging.formatters.plain]
format = "%(message)s"

[logging.handlers.journal]
kind = "journald"
formatter = "plain"

# renamed by logrotate, which tells the daemon
[logging.handlers.told]
kind = "file"
path = "/var/log/stratd/told.log"
formatter = "plain"

# renamed by somebody who tells nobody
[logging.handlers.watched]
kind = "file"
path = "/var/log/stratd/watched.log"
watch = true
formatter = "plain"

[logging.handlers.sized]
kind = "file"
path = "/var/log/stratd/sized.log"
permissions = 0o600
rotate = { max_bytes = 2000, keep = 3, compress = "gzip" }
formatter = "plain"

[logging.handlers.timed]
kind = "file"
path = "/var/log/stratd/timed.log"
permissions = 0o640
group = "stratd"
rotate = { when = "S", interval = 1, keep = 2, compress = "gzip" }
formatter = "plain"

[logging.loggers."strategy.herald.tick"]
level = "DEBUG"
propagate = false
handlers = ["told", "watched", "sized", "timed"]

[logging.root]
level = "INFO"
handlers = ["journal"]
END
}

last_tick() { tail -n 1 "$logs/$1.log" | cut -d ' ' -f 2; }
# whole FILE…: every line is a tick, and none is missing or twice between the first and the last
whole() {
    cat "$@" | awk '
        !/^tick [0-9]+$/ { torn++ }
        { seen[$2]++; if (NR == 1 || $2 < first) first = $2; if ($2 > last) last = $2 }
        END { for (n = first; n <= last; n++) { missing += !(n in seen); doubled += seen[n] > 1 }
              print torn + 0, missing + 0, doubled + 0 }'
}
owner() { stat -c '%U:%G %a' "$1"; }

configure < <(rotation_config)
check "start" systemctl start stratd.service
must "it writes" '(($(last_tick told) > 50))'

group "a file that somebody renames is opened anew"
mv "$logs/watched.log" "$logs/watched.log.old"
old=$(tail -n 1 "$logs/watched.log.old" | cut -d ' ' -f 2)
becomes "there is a new one" '(($(last_tick watched) > old + 50))'
same "torn, missing, doubled" "$(whole "$logs/watched.log.old" "$logs/watched.log")" "0 0 0"
same "owner" "$(owner "$logs/watched.log")" "stratd:stratd 640"

group "a file that logrotate renames is opened anew at its signal"
cat >/etc/logrotate.d/stratd <<END
$logs/told.log {
    su stratd stratd
    rotate 4
    size 1
    create 0640 stratd stratd
    postrotate
        systemctl kill --kill-who=main --signal=HUP stratd.service
    endscript
}
END
for _ in 1 2 3; do
    before=$(last_tick told)
    check "logrotate" logrotate /etc/logrotate.d/stratd
    becomes "the new one is written to" '(($(last_tick told) > before + 20))'
done
same "torn, missing, doubled" "$(whole "$logs"/told.log*)" "0 0 0"
same "old files" "$(ls "$logs"/told.log.* | wc -l)" 3
same "the process is the same" "$(prop NRestarts)" 0

group "own rotation by size keeps as many files as it should, packed, with their mode"
becomes "three old ones" '[[ -e $logs/sized.log.3.gz ]]'
becomes "and they move on" '[[ $(zcat "$logs/sized.log.3.gz" | head -n 1) != "tick 1" ]]'
check "packed well" gzip -t "$logs"/sized.log.{1,2,3}.gz
check "no fourth" test ! -e "$logs/sized.log.4.gz"
same "owner" "$(owner "$logs/sized.log")" "stratd:stratd 600"
same "owner of an old one" "$(owner "$logs/sized.log.2.gz")" "stratd:stratd 600"
at_least "bytes: at most 2000" $((2000 - $(zcat "$logs/sized.log.2.gz" | wc -c))) 0

group "own rotation by time"
becomes "two old ones" '(($(ls "$logs"/timed.log.*.gz | wc -l) == 2))'
becomes "no more than two stay" '(($(ls "$logs"/timed.log.*.gz | wc -l) <= 2)) && [[ -s $logs/timed.log ]]'
check "packed well" gzip -t "$(ls "$logs"/timed.log.*.gz | head -n 1)"
same "owner" "$(owner "$logs/timed.log")" "stratd:stratd 640"

group "nothing is lost over all rotations, to the end"
systemctl stop stratd.service 2>/dev/null
same "by logrotate: torn, missing, doubled" "$(whole "$logs"/told.log*)" "0 0 0"
same "by somebody: torn, missing, doubled" "$(whole "$logs/watched.log.old" "$logs/watched.log")" "0 0 0"
for n in 3 2 1; do zcat "$logs/sized.log.$n.gz"; done >/tmp/sized
same "by size: torn, missing, doubled" "$(whole /tmp/sized "$logs/sized.log")" "0 0 0"
for old in "$logs"/timed.log.*.gz; do zcat "$old"; done >/tmp/timed
find "$logs" -name 'timed.log.*' ! -name '*.gz' -exec cat {} + >>/tmp/timed
same "by time: torn, missing, doubled" "$(whole /tmp/timed "$logs/timed.log")" "0 0 0"
same "all handlers end with one tick" "$(for name in told watched sized timed; do last_tick $name; done | sort -u | wc -l)" 1

rm -f "$logs"/*
check "start" systemctl start stratd.service
becomes "it writes again" '(($(last_tick told) > 50))'

group "a new configuration whose file cannot be opened is refused, and the old one goes on"
sed 's|/var/log/stratd/told.log|/etc/stratd/told.log|' -i "$config"
systemctl kill --kill-who=main --signal=HUP stratd.service
becomes "the log names file and reason" 'records -p err | jq -r .MESSAGE | grep -q "/etc/stratd/told.log.*Read-only file system"'
before=$(last_tick told)
becomes "the old one goes on" '(($(last_tick told) > before + 50))'
sed 's|/etc/stratd/told.log|/var/log/stratd/told.log|' -i "$config"
systemctl kill --kill-who=main --signal=HUP stratd.service
becomes "a good one is applied" 'records | jq -r .MESSAGE | grep -q "SIGHUP: applied"'

group "a folder that cannot be written any more is told, and the service goes on"
chown root:root "$logs"
chmod 0755 "$logs"
becomes "it is counted" '(($(handler sized errors) > 0))'
like "the last error" "$(handler sized last_error)" "*/var/log/stratd/sized.log*denied*"
before=$(last_tick told)
becomes "other files are written" '(($(last_tick told) > before + 50))'
becomes "so is the one that cannot be renamed" '(($(last_tick sized) > before + 50))'
becomes "the log says so" 'records -p warning | jq -r .MESSAGE | grep -q "sized"'
chown stratd:stratd "$logs"
chmod 0750 "$logs"
errors=$(handler sized errors)
becomes "it is renamed again" '(($(stat -c %s "$logs/sized.log") < 2000))'
check "active" systemctl is-active -q stratd.service

group "a file that cannot be opened at the start is told, and nothing is started"
systemctl stop stratd.service 2>/dev/null
sed 's|/var/log/stratd/told.log|/etc/stratd/told.log|' -i "$config"
systemctl start stratd.service 2>/dev/null
becomes "it failed" '[[ $(prop ActiveState) == failed ]]'
same "exit status" "$(prop ExecMainStatus)" 78
same "restarts" "$(prop NRestarts)" 0
becomes "the log names file and reason" 'records -p err -n 20 | jq -r .MESSAGE | grep -q "/etc/stratd/told.log.*Read-only file system"'

finish
