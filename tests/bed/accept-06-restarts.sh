# Acceptance test 6: no client is refused while the service stops, restarts, is killed, or its package is upgraded; a
# connection starts a stopped one; after the start limit, what the page says brings it back.
. /share/tests/bed/lib.sh

group "the service runs"
check "install" install_package
configure </dev/null
install_test_plugins
check "restart" systemctl restart stratd.service

# during WHAT COMMAND…: under the clients' loop; none of them is refused
kills=0
during() {
    local what=$1 from
    shift
    begin_clients
    becomes "clients ask" '(($(asked) >= 5))'
    check "$what" "$@"
    from=$(asked)
    becomes "clients are answered after $what" '(($(asked) >= from + 10))'
    end_clients
    none_refused $kills
    # not what this test is about
    systemctl reset-failed stratd.service 2>/dev/null
}

group "no client is refused while the service restarts"
during "a restart" systemctl restart stratd.service
during "another restart" systemctl restart stratd.service

group "no client is refused while the service is stopped and started"
during "a stop and a start" bash -c 'systemctl stop stratd.service; systemctl start stratd.service'

group "no client is refused while the package is upgraded"
version() { dpkg-query -Wf '${Version}' stratd; }
before=$(version)
upgrade=$(next_package 1)
during "an upgrade" dpkg -i "$upgrade"
same "version" "$(version)" "$before+1"
during "the same package again" dpkg -i "$upgrade"

group "no client is refused when the process is killed"
kills=1
during "a kill" systemctl kill --kill-who=main --signal=KILL stratd.service

group "a connection starts a stopped service"
systemctl stop stratd.service 2>/dev/null
check "the socket stays" test -S /run/stratd/control.sock
same "stopped" "$(prop ActiveState)" inactive
check "a client is answered" timeout 30 stratctl status
same "started" "$(prop ActiveState)" active
systemctl stop stratd.socket stratd-ro.socket stratd.service
check "all stopped: no socket" test ! -e /run/stratd/control.sock
like "and the client says what to do" "$(stratctl status 2>&1)" "*systemctl start stratd*"
check "all start again" systemctl start stratd.socket stratd-ro.socket stratd.service

group "what belongs to whom decides who is answered"
useradd --groups stratd member
useradd stranger
as() { setpriv --reuid "$1" --regid "$1" --init-groups -- "${@:2}"; }
check "a member of the group looks" as member stratctl status
check "a member changes what runs" as member stratctl plugin stop strategy-herald
((++group_checks))
! as stranger stratctl status 2>/dev/null || failed "a stranger was answered"
like "a stranger hears why" "$(as stranger stratctl status 2>&1)" "*may not use /run/stratd/control.sock*"
check "the daemon's own user looks" as stratd stratctl status

group "after the start limit, the documented commands bring it back"
mkdir -p /run/systemd/system/stratd.service.d
printf '[Unit]\nStartLimitBurst=3\n' >/run/systemd/system/stratd.service.d/limit.conf
systemctl daemon-reload
for _ in {1..5}; do
    pid=$(prop MainPID)
    systemctl kill --kill-who=main --signal=KILL stratd.service 2>/dev/null
    becomes "next" 'now=$(prop MainPID); [[ $now != 0 && $now != "$pid" || $(prop ActiveState) == failed ]]'
    [[ $(prop ActiveState) != failed ]] || break
done
becomes "the limit was reached" '[[ $(prop ActiveState) == failed ]]'
same "and took the socket along" "$(prop Result stratd.socket)" service-start-limit-hit
check "reset" systemctl reset-failed stratd.service stratd.socket stratd-ro.socket
check "start" systemctl start stratd.socket stratd-ro.socket stratd.service
check "a client is answered" timeout 30 stratctl status

finish
