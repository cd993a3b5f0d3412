//! Sockets that systemd made before it started us (`stratd.socket`, `stratd-ro.socket`).

use std::{env, os::unix::net::UnixListener, process};

use anyhow::{Context as _, Result};
use listenfd::ListenFd;

/// The FileDescriptorName= of the control socket.
const NAME: &str = "control";
/// That of the socket on which nobody may change anything.
const NAME_READ_ONLY: &str = "control-ro";

/// The sockets that systemd made for us; none without it.
#[derive(Debug, Default)]
pub struct InheritedSockets {
    /// The control socket.
    pub control: Option<UnixListener>,
    /// That on which nobody may change anything.
    pub read_only: Option<UnixListener>,
}

/// Takes the control sockets that systemd made, if there are any.
///
/// To be called once, at the start of the program and before it has a second thread: it takes the variables of the
/// protocol out of the environment, so that no child mistakes them for its own.
///
/// # Errors
/// What systemd calls `control` or `control-ro` is no Unix stream socket.
pub fn inherited_sockets() -> Result<InheritedSockets> {
    let variable = |name| env::var(name).unwrap_or_default();
    let (pid, names) = (variable("LISTEN_PID"), variable("LISTEN_FDNAMES"));
    let index = |name| position(&pid, process::id(), &names, name);
    let (control, read_only) = (index(NAME), index(NAME_READ_ONLY));
    if control.is_none() && read_only.is_none() {
        return Ok(InheritedSockets::default());
    }
    let mut sockets = ListenFd::from_env();
    let mut take = |index: Option<usize>, name| match index {
        None => Ok(None),
        Some(index) => sockets.take_unix_listener(index).with_context(|| {
            format!("taking over the socket {name} of systemd (accepted: ListenStream=/PATH)")
        }),
    };
    Ok(InheritedSockets { control: take(control, NAME)?, read_only: take(read_only, NAME_READ_ONLY)? })
}

/// Which of the descriptors has that name. Those of another process are none of our business.
fn position(listen_pid: &str, own_pid: u32, names: &str, wanted: &str) -> Option<usize> {
    if listen_pid.parse() != Ok(own_pid) {
        return None;
    }
    names.split(':').position(|name| name == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sockets_are_found_by_their_names() {
        for (pid, names, control, read_only) in [
            ("7", "control", Some(0), None),
            ("7", "metrics:control:stored", Some(1), None),
            ("7", "control-ro:control", Some(1), Some(0)),
            ("7", "controls", None, None),
            ("7", "", None, None),
            ("8", "control", None, None),
            ("", "control", None, None),
        ] {
            assert_eq!(position(pid, 7, names, NAME), control, "{pid} {names}");
            assert_eq!(position(pid, 7, names, NAME_READ_ONLY), read_only, "{pid} {names}");
        }
    }
}
