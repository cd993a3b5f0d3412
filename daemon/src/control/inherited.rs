//! A socket that systemd made before it started us (`stratd.socket`).

use std::{env, os::unix::net::UnixListener, process};

use anyhow::{Context as _, Result};
use listenfd::ListenFd;

/// The FileDescriptorName= of the control socket.
const NAME: &str = "control";

/// Takes the control socket that systemd made, if there is one.
///
/// To be called once, at the start of the program and before it has a second thread: it takes the variables of the
/// protocol out of the environment, so that no child mistakes them for its own.
///
/// # Errors
/// What systemd calls `control` is no Unix stream socket.
pub fn inherited_socket() -> Result<Option<UnixListener>> {
    let variable = |name| env::var(name).unwrap_or_default();
    let Some(index) = position(&variable("LISTEN_PID"), process::id(), &variable("LISTEN_FDNAMES")) else {
        return Ok(None);
    };
    ListenFd::from_env()
        .take_unix_listener(index)
        .with_context(|| format!("taking over the socket {NAME} of systemd (accepted: ListenStream=/PATH)"))
}

/// Which of the descriptors is ours. Those of another process are none of our business.
fn position(listen_pid: &str, own_pid: u32, names: &str) -> Option<usize> {
    if listen_pid.parse() != Ok(own_pid) {
        return None;
    }
    names.split(':').position(|name| name == NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_found_by_its_name() {
        for (pid, names, expected) in [
            ("7", "control", Some(0)),
            ("7", "metrics:control:stored", Some(1)),
            ("7", "controls", None),
            ("7", "", None),
            ("8", "control", None),
            ("", "control", None),
        ] {
            assert_eq!(position(pid, 7, names), expected, "{pid} {names}");
        }
    }
}
