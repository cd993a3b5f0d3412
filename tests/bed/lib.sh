# What the acceptance tests share; they run inside of a machine, as root.
#
# A test is made of groups of checks. A group prints one line, and more only for what failed; a failed check never ends
# the test. Nothing sleeps for luck: `becomes` waits for a condition, with a deadline.
set -uo pipefail

# how long a condition is waited for, in tenths of a second
wait_max=150
# the logging plugin of these tests, which knows what it says
herald=/var/lib/stratd/plugins/libstrategy_herald.so
config=/etc/stratd/stratd.toml

group_name= group_checks=0 group_failed=0 all_failed=0

# group NAME: ends the group before and begins another.
group() {
    if [[ -n $group_name ]]; then
        if ((group_failed)); then
            echo "FAIL  $group_name ($group_failed of $group_checks checks)"
        else
            echo "pass  $group_name ($group_checks checks)"
        fi
    fi
    group_name=${1:-} group_checks=0 group_failed=0
}

# finish: the end of a test.
finish() {
    group
    exit $((all_failed > 0))
}

failed() {
    ((++group_failed, ++all_failed))
    echo "      $*"
}

# check WHAT COMMAND…: the command succeeds.
check() {
    local what=$1 output
    shift
    ((++group_checks))
    output=$("$@" 2>&1) || failed "$what: $* -> $? $(tail -n 5 <<<"$output" | tr '\n' '|')"
}

# same WHAT FOUND EXPECTED
same() {
    ((++group_checks))
    [[ $2 == "$3" ]] || failed "$1: found '$2' (expected '$3')"
}

# like WHAT FOUND PATTERN: a pattern of the shell.
like() {
    ((++group_checks))
    # shellcheck disable=SC2053 # the right side is a pattern
    [[ $2 == $3 ]] || failed "$1: found '$2' (expected '$3')"
}

# at_least WHAT FOUND MINIMUM
at_least() {
    ((++group_checks))
    [[ ${2:-} =~ ^[0-9]+$ ]] && (($2 >= $3)) || failed "$1: found '${2:-}' (expected $3 or more)"
}

# becomes WHAT 'SCRIPT': the script succeeds before the deadline.
becomes() {
    local i
    ((++group_checks))
    for ((i = 0; i < wait_max; i++)); do
        eval "$2" >/dev/null 2>&1 && return
        sleep 0.1
    done
    failed "$1: not within $((wait_max / 10)) s: $2"
    return 1
}

# must WHAT 'SCRIPT': as `becomes`, of something that the rest of the test makes no sense without.
must() { becomes "$@" || finish; }

# Installs as the page says that users read: the commands of its first block.
install_as_documented() {
    (
        cd /share || exit
        set -e
        eval "$(awk '/^```sh/{inside=1; next} /^```/{if (inside) exit} inside' systemd/README.md)"
    ) || failed "installing as systemd/README.md says"
    install -m 0644 /share/test-plugins/*.so /var/lib/stratd/plugins/
}

# The package, as `cargo xtask deb` made it.
package=$(echo /share/target/deb/stratd_*.deb)

# Installs the package, as apt does when everything it needs is there.
install_package() { DEBIAN_FRONTEND=noninteractive dpkg -i "$package"; }

# next_package N: the same package as a later version; prints its path.
next_package() {
    local tree=/tmp/package-$1
    dpkg-deb -R "$package" "$tree"
    sed -i "s/^Version: .*/&+$1/" "$tree/DEBIAN/control"
    dpkg-deb -Znone -b "$tree" "$tree.deb" >/dev/null
    rm -r "$tree"
    echo "$tree.deb"
}

# configure: writes the configuration of the service: a synthetic market, the herald, and what comes on stdin.
configure() {
    {
        cat <<END
trading_type = "sandbox"

[[exchange]]
plugin = "synthetic"
config = { seed = 7, instruments = 1, rate = ${rate:-100} }

[[strategy]]
name = "herald"
plugin = "$herald"

END
        cat
    } >"$config"
}

prop() { systemctl show -P "$1" "${2:-stratd.service}"; }
ctl() { stratctl --json "$@"; }
# handler NAME KEY: what `stratctl log handlers` knows
handler() { ctl log handlers | jq -r --arg name "$1" ".handlers[] | select(.name == \$name) | .$2"; }
# records [MATCH…]: of the service, one JSON object a line, nothing shortened
records() { journalctl --no-pager -q --all -o json -u stratd.service "$@"; }
