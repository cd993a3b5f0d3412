#!/usr/bin/env bash
# Prints the unit for several instances that belongs to a unit for one: template.sh systemd/stratd.service >systemd/stratd@.service
#
# An instance has a configuration, a socket and folders of its own; user, programs and drop folder are shared. A test of
# xtask compares what this prints with what is there.
set -euo pipefail

# the drop folder is the only one below /var/lib/stratd that stays as it is
sed -e 's/^\(Description=.*\)\(stratd\)/\1\2 %i/' \
    -e 's|stratd\(-ro\)\{0,1\}\.socket|stratd\1@%i.socket|g' \
    -e 's|Service=stratd\.service|Service=stratd@%i.service|' \
    -e 's|/etc/stratd/|/etc/stratd/%i/|' \
    -e 's|/usr/bin/stratctl|& --socket /run/stratd-%i/control.sock|' \
    -e 's#/run/stratd\(/\|$\)#/run/stratd-%i\1#' \
    -e '/^StateDirectory=\|^LogsDirectory=\|^RuntimeDirectory=/s|stratd|&-%i|g' \
    -e 's#/var/\(lib\|log\)/stratd\( \|/staged\|$\)#/var/\1/stratd-%i\2#g' \
    -e 's/^# The daemon as a service\. .*/# One of several daemons, `stratd@NAME`. Made by template.sh from stratd.service, which has the reasons./' \
    -e 's/^# The control socket\. .*/# The control socket of one of several daemons. Made by template.sh from stratd.socket./' \
    -e 's/^# The control socket for those who only look: .*/# The control socket for readers of one of several daemons. Made by template.sh from stratd-ro.socket./' "$1"
