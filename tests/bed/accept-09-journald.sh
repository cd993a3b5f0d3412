# Acceptance test 9: what the handler `journald` sends arrives whole, and a journal that restarts or stands still costs
# nothing.
. /share/tests/bed/lib.sh

group "the service runs"
install_as_documented
ticks=/var/log/stratd/ticks

journal_config() {
    cat <<'END'
[logging.formatters.plain]
format = "%(message)s"

# the text is as long as the record
[logging.formatters.whole]
format = "%(message)s %(fields_json)s"

[logging.handlers.journal]
kind = "journald"
formatter = "plain"

[logging.handlers.whole]
kind = "journald"
identifier = "whole"
formatter = "whole"

# other programs log by the daemon
[logging.receivers.fleet]
kind = "json_lines"
address = "/run/stratd/fleet.sock"
max_frame = 4194304

# what the journal is compared with
[logging.handlers.ticks]
kind = "file"
path = "/var/log/stratd/ticks"
formatter = "plain"

[logging.loggers."strategy.herald"]
level = 1

[logging.loggers."strategy.herald.much"]
handlers = ["whole"]

[logging.loggers."strategy.herald.tick"]
handlers = ["ticks"]

[logging.root]
level = "INFO"
handlers = ["journal"]
END
}

# of LOGGER KEY: the values of a field, one a line
of() { records "LOGGER=$1" SYSLOG_IDENTIFIER=stratd | jq -r "$2"; }
last_tick() { tail -n 1 "$ticks" | cut -d ' ' -f 2; }
# ticks_of_journal COMMAND…: the numbers that the command's records have
ticks_of_journal() { "$@" LOGGER=strategy.herald.tick | jq -r '.MESSAGE[5:]' | sort -n; }
# what is missing between the first and the last number
missing() { awk 'NR > 1 { missing += $1 - last - 1 } { last = $1 } END { print missing + 0 }'; }

configure < <(journal_config)
check "start" systemctl start stratd.service
must "the herald has said everything" '[[ $(of strategy.herald .MESSAGE) == said ]]'
pid=$(prop MainPID)

group "a record of the daemon has the fields of its place in the code"
own=$(records SYSLOG_IDENTIFIER=stratd LOGGER=control | head -n 1)
field() { jq -r ".$1" <<<"$own"; }
like MESSAGE "$(field MESSAGE)" "listens at /run/stratd/control.sock"
like CODE_FILE "$(field CODE_FILE)" "*daemon/src/control/mod.rs"
at_least CODE_LINE "$(field CODE_LINE)" 1
check "TID is a thread of it" test -d "/proc/$pid/task/$(field TID)"
like THREAD_NAME "$(field THREAD_NAME)" "?*"
same _PID "$(field _PID)" "$pid"
same _SYSTEMD_UNIT "$(field _SYSTEMD_UNIT)" stratd.service
same _UID "$(field _UID)" "$(id -u stratd)"

group "a record of a plugin has its logger and its fields, in names that a journal takes"
named=$(records SYSLOG_IDENTIFIER=stratd LOGGER=strategy.herald.names)
field() { jq -r ".$1" <<<"$named"; }
same MESSAGE "$(field MESSAGE)" "names of fields"
same PRIORITY "$(field PRIORITY)" 6
same order-id "$(field F_ORDER_ID)" A-7
same _private "$(field F__PRIVATE)" p
same 9 "$(field F_9)" nine
same "a field named MESSAGE" "$(jq -r '[.F_MESSAGE, .F_X_MESSAGE] | map(values)[0]' <<<"$named")" mine
same "a field named PRIORITY" "$(field F_PRIORITY)" 0
same "80 letters are cut at 64" "$(jq -r --arg name "F_$(printf 'X%.0s' {1..62})" '.[$name]' <<<"$named")" long

group "every level of Python has its priority"
expected="1=7 5=7 10=7 15=7 20=6 24=6 25=5 29=5 30=4 39=4 40=3 49=3 50=2 60=2"
same "number=priority" "$(of strategy.herald.levels '.F_NUMBER + "=" + .PRIORITY' | paste -sd ' ')" "$expected"
same "journalctl -p warning" "$(records -p warning LOGGER=strategy.herald.levels | jq -r .F_NUMBER | paste -sd ' ')" \
    "30 39 40 49 50 60"

group "texts of several lines, of any script, of any bytes, and of a mebibyte are whole"
same "lines" "$(of strategy.herald.lines .MESSAGE)" $'first\n  second\nthird'
same "lines of a field" "$(of strategy.herald.lines .F_DETAIL)" $'one\ntwo'
same "unicode" "$(of strategy.herald.unicode .MESSAGE)" "café € 📈"
same "bytes that are no UTF-8 are shown as such" "$(of strategy.herald.bytes .MESSAGE)" $'caf\xef\xbf\xbd \xef\xbf\xbd end'
much=$(records SYSLOG_IDENTIFIER=whole LOGGER=strategy.herald.much)
at_least "bytes of MESSAGE" "$(jq '.MESSAGE | length' <<<"$much")" 1048576
same "bytes of the last field" "$(jq '.F_K63 | length' <<<"$much")" 16384
same "fields" "$(jq '[keys[] | select(startswith("F_K"))] | length' <<<"$much")" 64

group "a record of another program has its own place in the code, and a text of a mebibyte"
printf -v text 'A%.0s' {1..1048576}
{
    printf '{"name":"fleet.a","levelno":40,"msg":"of a fleet","pathname":"/srv/fleet.py","lineno":7,"funcName":"trade","qty":5}\n'
    printf '{"name":"fleet.much","levelno":20,"msg":"%s"}\n' "$text"
} | socat -u - UNIX-CONNECT:/run/stratd/fleet.sock
becomes "they are there" '[[ -n $(of fleet.much .PRIORITY) ]]'
same "bytes" "$(of fleet.much '.MESSAGE | length')" 1048576
same "place" "$(of fleet.a '[.CODE_FILE, .CODE_LINE, .CODE_FUNC] | join(" ")')" "/srv/fleet.py 7 trade"
same "text and field" "$(of fleet.a '[.PRIORITY, .MESSAGE, .F_QTY] | join(" ")')" "3 of a fleet 5"

group "a journal that restarts loses no record"
before=$(last_tick)
check "restart" systemctl restart systemd-journald
becomes "the daemon goes on" '(($(last_tick) > before + 200))'
after=$(last_tick)
becomes "the journal has what came since" '[[ $(ticks_of_journal records | tail -n 1) -ge $after ]]'
same "missing in the journal" "$(ticks_of_journal records | missing)" 0
systemctl kill -s KILL systemd-journald
becomes "the daemon goes on when it was killed" '(($(last_tick) > after + 200))'
becomes "and the journal has what comes" '[[ $(ticks_of_journal records | tail -n 1) -ge $((after + 200)) ]]'
same "missing since" "$(ticks_of_journal records | awk -v from=$((after + 100)) '$1 >= from' | missing)" 0
same "dropped" "$(handler journal dropped)" 0

group "a journal that stands still does not hold up the daemon"
before=$(last_tick)
systemctl kill -s STOP systemd-journald
becomes "the daemon goes on" '(($(last_tick) > before + 300))'
at_least "waiting for the journal" "$(handler journal queued)" 1
systemctl kill -s CONT systemd-journald
becomes "it takes them" '[[ $(handler journal queued) -lt 20 ]]'
after=$(last_tick)
becomes "all of them" '[[ $(ticks_of_journal records | tail -n 1) -ge $after ]]'
same "missing in the journal" "$(ticks_of_journal records | awk -v from="$before" '$1 >= from' | missing)" 0
same "dropped" "$(handler journal dropped)" 0

group "without a configuration of the log it is the journal's, early phases included"
cp "$config" /tmp/journal.toml
configure </dev/null
check "restart" systemctl restart stratd.service
becomes "the herald has said everything" '[[ $(records "_PID=$(prop MainPID)" LOGGER=strategy.herald | jq -r .MESSAGE) == "strategy.herald: said" ]]'
levels=$(records "_PID=$(prop MainPID)" LOGGER=strategy.herald.levels | jq -r '.F_NUMBER + "=" + .PRIORITY' | paste -sd ' ')
same "number=priority, from INFO on" "$levels" "20=6 24=6 25=5 29=5 30=4 39=4 40=3 49=3 50=2 60=2"
same "nothing came through standard error" "$(records "_PID=$(prop MainPID)" _TRANSPORT=stdout | wc -l)" 0
systemctl stop stratd.service 2>/dev/null
echo 'trading_tipe = "sandbox"' >>"$config"
systemctl start stratd.service 2>/dev/null
refusal=$(records -p err --grep trading_tipe | tail -n 1)
same "a configuration that is refused: priority" "$(jq -r .PRIORITY <<<"$refusal")" 3
like "and text, without a prefix" "$(jq -r .MESSAGE <<<"$refusal")" "$config:*trading_tipe*"
like "and place" "$(jq -r .CODE_FILE <<<"$refusal")" "*daemon/src/logging/early.rs"

group "lines for people have their priority in the journal"
configure <<'END'
[logging.formatters.line]
format = "%(levelname)s %(name)s: %(message)s"

[logging.handlers.console]
kind = "console"
formatter = "line"

[logging.root]
level = "INFO"
handlers = ["console"]
END
systemctl reset-failed stratd.service
check "start" systemctl start stratd.service
lines() { records "_PID=$(prop MainPID)" _TRANSPORT=stdout; }
becomes "they are there" 'lines | jq -r .MESSAGE | grep -q "INFO strategy.herald: said"'
same "the priority of an error" "$(lines | jq -r 'select(.MESSAGE | test("ERROR strategy.herald.levels: level 40")) | .PRIORITY')" 3
same "and of each line" "$(lines | jq -r 'select(.MESSAGE | test("^  second")) | .PRIORITY')" 6
cp /tmp/journal.toml "$config"
systemctl stop stratd.service 2>/dev/null

group "LogNamespace= takes the records along"
mkdir -p /run/systemd/system/stratd.service.d
printf '[Service]\nLogNamespace=trading\n' >/run/systemd/system/stratd.service.d/namespace.conf
systemctl daemon-reload
check "restart" systemctl restart stratd.service
of_namespace() { journalctl --namespace=trading --no-pager -q --all -o json "$@"; }
becomes "they are there" '[[ $(of_namespace LOGGER=strategy.herald | jq -r .MESSAGE) == said ]]'
same "and not elsewhere" "$(records "_PID=$(prop MainPID)" | wc -l)" 0
rm /run/systemd/system/stratd.service.d/namespace.conf
systemctl daemon-reload

finish
