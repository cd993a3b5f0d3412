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
    install_test_plugins
}

# Drops the plugins of these tests. With the configuration of the package they would start at once.
install_test_plugins() { install -m 0644 /share/test-plugins/*.so /var/lib/stratd/plugins/; }

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

# follow FILE HEADING FIRST: runs the commands of a section, block by block from number FIRST on, in this folder and shell,
# and compares what each prints with what the page shows behind it: the last lines, in which `…` stands for anything.
follow() {
    local steps number shown found last i
    steps=$(mktemp -d)
    awk -v heading="## $2" -v to="$steps" '
        /^## /{section = ($0 == heading)}
        !section{next}
        /^```/ && kind{kind = ""; next}
        /^```sh$/{kind = "sh"; ++number}
        /^```text$/{kind = "text"}
        /^```/{next}
        kind{printf "%s\n", $0 >(sprintf("%s/%02d.%s", to, number, kind))}' "$1"
    for number in "$steps"/*.sh; do
        ((10#$(basename "$number" .sh) >= $3)) || continue
        shown=${number%.sh}.text
        found=$(eval "$(<"$number")" 2>&1) || failed "$(<"$number") -> $? $(tail -n 3 <<<"$found" | tr '\n' '|')"
        ((++group_checks))
        [[ -f $shown ]] || continue
        # what only looks, somebody would do again after a moment
        last=$(tail -n 1 "$number")
        for ((i = 0; i < wait_max; i++)); do
            ends_with "$shown" <<<"$found" && break
            [[ $last =~ ^(systemctl\ (show|is-active)|journalctl|stratctl\ (status|plugin\ list)) ]] || i=$wait_max
            sleep 0.1
            ((i == wait_max)) || found=$(eval "$last" 2>&1)
        done
        ((i < wait_max)) || failed "$last: found '$found' (expected '$(<"$shown")')"
        ((++group_checks))
    done
    ((group_checks > 0)) || failed "$1 has no commands under $2"
}

# ends_with FILE: the last lines of stdin are those of the file, in which `…` stands for anything, alone for any lines.
ends_with() {
    perl -CSDA -Mutf8 -0777 -e '
        open my $file, "<", shift or die;
        my $shown = join "\n", map { $_ eq "…" ? "(?s:.*)" : join ".*", map { quotemeta } split /…/, $_, -1 } split /\n/, <$file>;
        exit !(<STDIN> =~ /(?:^|\n)$shown\s*\z/)' "$1"
}

# configure: writes the configuration of the service: a synthetic market, the herald, and what comes on stdin.
configure() {
    take_files
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

# take_files: from now on starts take the configuration file, whatever was in force before: what a test writes is what it
# means. keep_in_force ends that.
files_drop_in=/run/systemd/system/stratd.service.d/from-files.conf
take_files() {
    [[ -e $files_drop_in ]] && return
    install -D -m 0644 /dev/stdin "$files_drop_in" <<END
[Service]
ExecStart=
ExecStart=/usr/bin/stratd run --from-files $config
END
    systemctl daemon-reload
}
keep_in_force() {
    rm -f "$files_drop_in"
    systemctl daemon-reload
}

answers=/tmp/answers
# begin_clients: asks every 20 ms, and notes what became of it, until end_clients
begin_clients() {
    rm -f /tmp/stop "$answers"
    {
        while [[ ! -e /tmp/stop ]]; do
            curl -sS --max-time 20 --unix-socket /run/stratd/control.sock -o /dev/null -w '%{http_code}\n' \
                http://localhost/v1/version 2>&1
            sleep 0.02
        done >"$answers"
    } &
    clients=$!
}
end_clients() {
    touch /tmp/stop
    wait "$clients"
}
asked() { wc -l <"$answers"; }
# refused: how many answers were something else than 200; an error of the client has a line of its own
refused() { grep '^[0-9]\{3\}$' "$answers" | grep -vc '^200$'; }
# none_refused KILLS: who was connected to a process that is killed is cut off with it, which is one of these clients at
# most; nobody else is turned away.
none_refused() { at_least "$1 minus refused of $(asked) clients ($(refusals))" $(($1 - $(refused))) 0; }
refusals() { grep -v '^200$' "$answers" | sort | uniq -c | head -n 2 | paste -sd ';'; }
milliseconds() { echo $(($(date +%s%N) / 1000000)); }

prop() { systemctl show -P "$1" "${2:-stratd.service}"; }
ctl() { stratctl --json "$@"; }
# handler NAME KEY: what `stratctl log handlers` knows
handler() { ctl log handlers | jq -r --arg name "$1" ".handlers[] | select(.name == \$name) | .$2"; }
# records [MATCH…]: of the service, one JSON object a line, nothing shortened
records() { journalctl --no-pager -q --all -o json -u stratd.service "$@"; }
