# Acceptance test 1: the units are understood without a word, and confine the daemon as far as they promise.
. /share/tests/bed/lib.sh

# tenths of systemd's exposure level
exposure_max=13

install_as_documented

group "the units are understood"
check "verify" test -z "$(systemd-analyze verify /usr/lib/systemd/system/stratd.s{ervice,ocket} 2>&1)"

group "exposure of the service is at most $exposure_max tenths"
check "security" systemd-analyze security --no-pager --threshold=$exposure_max stratd.service
echo "      $(systemd-analyze security --no-pager stratd.service | tail -n 1)"

group "the folders have their owners"
configure </dev/null
check "start" systemctl start stratd.service
becomes "it runs" '[[ $(prop SubState) == running ]]'
owner() { stat -c '%U:%G %a' "$1"; }
same /etc/stratd "$(owner /etc/stratd)" "root:root 755"
same plugins "$(owner /var/lib/stratd/plugins)" "root:stratd 750"
same staged "$(owner /var/lib/stratd/staged)" "stratd:stratd 750"
same logs "$(owner /var/log/stratd)" "stratd:stratd 750"
same run "$(owner /run/stratd)" "stratd:stratd 755"
same socket "$(owner /run/stratd/control.sock)" "stratd:stratd 660"
same "the daemon's user" "$(ps -o user= -p "$(prop MainPID)")" stratd

group "it trades in its confinement, and ends in good order"
becomes "the strategy is there" '[[ $(ctl plugin list | jq -r ".plugins[] | select(.name == \"strategy-herald\") | .instances[0].state") == started ]]'
becomes "and sees events" 'journalctl -q -u stratd --grep "said" | grep -q herald'
check "stop" systemctl stop stratd.service
same result "$(prop Result)" success
same status "$(prop ExecMainStatus)" 0

finish
