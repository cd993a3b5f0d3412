//! What to do about an error that came from between us and the daemon, and with which code the program ends.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use anyhow::Error;
use nix::unistd::{Gid, Group, Uid, User};
use stratd_control::ErrorKind;

/// The daemon did not do it, or what it said is of no use.
const REFUSED: u8 = 1;
/// There is nobody to ask.
const NO_DAEMON: u8 = 3;
/// The same may be done in a moment.
const NOT_NOW: u8 = 4;
/// It may have been done.
const UNKNOWN: u8 = 5;
/// The status of HTTP for a daemon that begins, ends, or has too much to do.
const UNAVAILABLE: u16 = 503;

/// How the program ends, for scripts; as `stratctl --help` says it.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  refused by the daemon
  2  the command line is wrong
  3  no daemon can be reached at the socket
  4  not now: the daemon starts, ends or is busy; try again
  5  no whole answer came: what was asked for may have been done";

/// Whether the error is that nobody could be asked.
pub(super) fn is_nobody_there(error: &Error) -> bool {
    error.downcast_ref::<stratd_control::Error>().is_some_and(|error| error.kind() == ErrorKind::NoDaemon)
}

/// How the program ends on this error.
pub(super) fn exit_code(error: &Error) -> u8 {
    let Some(error) = error.downcast_ref::<stratd_control::Error>() else { return REFUSED };
    match error.kind() {
        ErrorKind::NoDaemon | ErrorKind::NotPermitted => NO_DAEMON,
        ErrorKind::Gone | ErrorKind::TimedOut => UNKNOWN,
        ErrorKind::Refused if is_not_now(error) => NOT_NOW,
        _ => REFUSED,
    }
}

/// The error in one line.
pub(super) fn headline(error: &Error, socket: &Path) -> String {
    let kind = error.downcast_ref::<stratd_control::Error>().map(stratd_control::Error::kind);
    match kind {
        Some(ErrorKind::NoDaemon) => format!("there is no daemon at {}: {error:#}", socket.display()),
        Some(ErrorKind::NotPermitted) => format!("this user may not use {}: {error:#}", socket.display()),
        _ => format!("{error:#}"),
    }
}

/// What to do about it, in whole lines; nothing if the error says it itself.
pub(super) fn advice(error: &Error, socket: &Path) -> Option<String> {
    let error = error.downcast_ref::<stratd_control::Error>()?;
    match error.kind() {
        ErrorKind::NoDaemon => Some(no_daemon(socket)),
        ErrorKind::NotPermitted => Some(not_permitted(socket)),
        ErrorKind::Gone => Some(
            "the daemon ended, or was ended, before it answered; why: systemctl status stratd, journalctl -u stratd\n\
             before the command is given again: stratctl status says whether it was done"
                .to_owned(),
        ),
        ErrorKind::TimedOut => Some(
            "the daemon has the connection and does not answer: it starts, or it is stopped or stuck; \
             see systemctl status stratd"
                .to_owned(),
        ),
        ErrorKind::Refused if is_not_now(error) => Some("the same command may work in a moment".to_owned()),
        _ => None,
    }
}

fn is_not_now(error: &stratd_control::Error) -> bool {
    error.problem().is_some_and(|problem| problem.status == UNAVAILABLE)
}

fn no_daemon(socket: &Path) -> String {
    let start = "start one: systemctl start stratd, or stratd run FILE; \
                 or name the socket of one that runs: --socket PATH, or STRATD_SOCKET";
    if socket.exists() {
        format!("nobody listens at this socket: its daemon did not end in good order\n{start}")
    } else {
        start.to_owned()
    }
}

/// Which group it takes, and how one gets into it.
fn not_permitted(socket: &Path) -> String {
    let user = User::from_uid(Uid::effective()).ok().flatten().map(|user| user.name);
    let user = user.unwrap_or_else(|| Uid::effective().to_string());
    let Ok(found) = fs::metadata(socket) else {
        return format!(
            "{user} may not even look into the folder of {}: use sudo, or be in its group",
            socket.display()
        );
    };
    let owner = User::from_uid(Uid::from_raw(found.uid())).ok().flatten().map(|user| user.name);
    let owner = owner.unwrap_or_else(|| found.uid().to_string());
    let group = Group::from_gid(Gid::from_raw(found.gid())).ok().flatten().map(|group| group.name);
    let group = group.unwrap_or_else(|| found.gid().to_string());
    // a connection is a write
    let may_group = found.mode() & 0o020 != 0 && found.gid() != 0;
    if may_group {
        format!(
            "{} is for {owner} and for members of the group {group}, and {user} is none: \
             sudo usermod --append --groups {group} {user}, and log in again; or use sudo",
            socket.display()
        )
    } else {
        format!("{} is for {owner} and root only: use sudo", socket.display())
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

    use super::*;

    #[test]
    fn who_may_not_connect_is_told_who_may() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("control.sock");
        fs::write(&socket, "").expect("a file");
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o600)).expect("a mode");
        let text = not_permitted(&socket);
        assert!(text.contains(" and root only: use sudo"), "{text}");
        let text = not_permitted(Path::new("/nowhere/control.sock"));
        assert!(text.contains("may not even look into the folder of /nowhere/control.sock"), "{text}");
        if Uid::effective().is_root() {
            let daemon = Group::from_name("daemon").ok().flatten().expect("a group that every Debian has");
            std::os::unix::fs::chown(&socket, None, Some(daemon.gid.as_raw())).expect("root may");
            fs::set_permissions(&socket, fs::Permissions::from_mode(0o660)).expect("a mode");
            let text = not_permitted(&socket);
            assert!(text.contains("sudo usermod --append --groups daemon root"), "{text}");
        }
    }

    #[test]
    fn a_socket_that_is_not_there_is_not_one_that_was_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("control.sock");
        assert!(no_daemon(&socket).starts_with("start one: "));
        fs::write(&socket, "").expect("a file");
        assert!(no_daemon(&socket).starts_with("nobody listens at this socket"));
    }
}
