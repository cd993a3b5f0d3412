# Acceptance test 3, beside what test 2 says of a single one: a hundred reloads while clients ask, none of them in vain, and
# a refused one between them changes nothing.
. /share/tests/bed/lib.sh

reloads=100
group "the service runs"
check "install" install_package
level() { ctl log tree | jq -r '.loggers[] | select(.name == "bed") | .level'; }
# with_level WORD: the configuration with this level
with_level() {
    configure <<END
[logging.root]
level = "WARNING"

[logging.loggers.bed]
level = "$1"
END
}
with_level INFO
install_test_plugins
check "restart" systemctl restart stratd.service
pid=$(prop MainPID)

group "$reloads reloads while clients ask"
begin_clients
becomes "clients ask" '(($(asked) >= 5))'
levels=(DEBUG INFO WARNING ERROR)
begun=$(milliseconds)
in_vain=0 late=0
for ((i = 0; i < reloads; i++)); do
    with_level "${levels[i % 4]}"
    systemctl reload stratd.service 2>/dev/null || ((++in_vain))
    # every tenth, because asking takes longer than reloading
    ((i % 10)) || [[ $(level) == "${levels[i % 4]}" ]] || ((++late))
done
took=$(($(milliseconds) - begun))
same "reloads that failed" "$in_vain" 0
same "reloads that returned before they were done" "$late" 0
with_level NONSENSE
((++group_checks))
! systemctl reload stratd.service 2>/dev/null || failed "a level that does not exist was accepted"
same "the level stays" "$(level)" "${levels[(reloads - 1) % 4]}"
like "the journal says line and key" "$(journalctl -q -u stratd.service -o cat --grep NONSENSE -n 1)" "*stratd.toml:*logging.loggers.bed.level*"
end_clients
none_refused 0
same "the process is the same" "$(prop MainPID)/$(prop NRestarts)" "$pid/0"
echo "      one reload: $((took / reloads)) ms"

group "what was applied outlives a kill, and what nobody confirmed does not"
configure </dev/null
check "reload" systemctl reload stratd.service
keep_in_force
orders() { ctl config show risk/max_open_orders 2>/dev/null | jq -r .value; }
in_force() { ctl config show | jq .generation; }
# back: it was killed, and answers again
back() {
    local pid
    pid=$(prop MainPID)
    systemctl kill --kill-who=main --signal=KILL stratd.service
    becomes "it is back" '[[ $(prop MainPID) != "$pid" && $(prop SubState) == running ]]'
}
check "set a limit" stratctl config set risk/max_open_orders 41
applied=$(in_force)
back
same "the limit" "$(orders)" 41
same "the generation" "$(in_force)" "$applied"
printf '\n# another line\n' >>"$config"
like "a status tells of the files" "$(stratctl status)" "*stratctl reload*"
install -m 0644 "$config" /tmp/next.toml
printf '\n[risk]\nmax_open_orders = 42\n' >>/tmp/next.toml
check "apply for an hour" stratctl config apply /tmp/next.toml --confirm-within 1h
same "the limit" "$(orders)" 42
back
same "the limit of before" "$(orders)" 41
at_least "as another generation" "$(in_force)" $((applied + 2))
check "reload" systemctl reload stratd.service
same "the files have no limit" "$(orders)" null

finish
