//! What the unit of systemd hands over: folders in the environment, and sockets.

use std::{
    env,
    ffi::{OsStr, OsString},
    os::{fd::OwnedFd, unix::ffi::OsStrExt as _},
    path::PathBuf,
    process,
};

use listenfd::ListenFd;

/// The folder that `STATE_DIRECTORY`, `RUNTIME_DIRECTORY` and their like name: the first one, if the unit has several.
pub(crate) fn directory(variable: &str) -> Option<PathBuf> {
    first(&env::var_os(variable)?)
}

/// systemd separates several folders by colons.
fn first(folders: &OsString) -> Option<PathBuf> {
    let first = folders.as_bytes().split(|byte| *byte == b':').next()?;
    (!first.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(first)))
}

/// Sockets that systemd opened before it started us, and those that a process before us left with it, by name.
#[derive(Debug, Default)]
pub(crate) struct Inherited(Vec<(String, OwnedFd)>);

impl Inherited {
    /// Takes them all. What is no socket of a kind that we use stays open and unused.
    ///
    /// To be called once, at the start of the program and before it has a second thread: it takes the variables of the
    /// protocol out of the environment, so that no child mistakes them for its own.
    #[must_use]
    pub(crate) fn take() -> Self {
        let variable = |name| env::var(name).unwrap_or_default();
        let names = names(&variable("LISTEN_PID"), process::id(), &variable("LISTEN_FDNAMES"));
        let mut sockets = ListenFd::from_env();
        let taken = names.into_iter().enumerate().take(sockets.len());
        let taken: Vec<_> =
            taken.filter_map(|(index, name)| Some((name, socket(&mut sockets, index)?))).collect();
        Self(taken)
    }

    /// The socket of a name, the first if there are several.
    pub(crate) fn socket(&mut self, name: &str) -> Option<OwnedFd> {
        let index = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(index).1)
    }

    /// Those that nobody has asked for.
    pub(crate) fn rest(self) -> Vec<(String, OwnedFd)> {
        self.0
    }
}

/// The names of our descriptors, in their order. Those of another process are none of our business.
fn names(listen_pid: &str, own_pid: u32, names: &str) -> Vec<String> {
    if listen_pid.parse() != Ok(own_pid) || names.is_empty() {
        return Vec::new();
    }
    names.split(':').map(str::to_owned).collect()
}

/// The library looks at the kind of a socket, whether it listens or not.
fn socket(sockets: &mut ListenFd, index: usize) -> Option<OwnedFd> {
    let unix = sockets.take_unix_listener(index).ok().flatten().map(OwnedFd::from);
    let tcp = || sockets.take_tcp_listener(index).ok().flatten().map(OwnedFd::from);
    let stream = unix.or_else(tcp);
    let datagram = || sockets.take_unix_datagram(index).ok().flatten().map(OwnedFd::from);
    let found = stream.or_else(datagram);
    found.or_else(|| sockets.take_udp_socket(index).ok().flatten().map(OwnedFd::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_several_folders_is_ours() {
        for (variable, expected) in [
            ("/var/lib/stratd", Some("/var/lib/stratd")),
            ("/var/lib/stratd:/var/lib/stratd/staged", Some("/var/lib/stratd")),
            ("", None),
            (":/var/lib/stratd", None),
        ] {
            assert_eq!(first(&variable.into()), expected.map(Into::into), "{variable}");
        }
    }

    #[test]
    fn sockets_have_the_names_that_are_meant_for_us() {
        for (pid, given, expected) in [
            ("7", "control", &["control"][..]),
            ("7", "metrics:control:stored", &["metrics", "control", "stored"]),
            ("7", "", &[]),
            ("8", "control", &[]),
            ("", "control", &[]),
        ] {
            assert_eq!(names(pid, 7, given), expected, "{pid} {given}");
        }
    }

    #[test]
    fn the_socket_is_found_by_its_name() {
        let fd = || OwnedFd::from(std::os::unix::net::UnixDatagram::unbound().unwrap());
        let sockets = ["metrics", "control", "log", "log"].map(|name| (name.to_owned(), fd()));
        let mut inherited = Inherited(sockets.into());
        assert!(inherited.socket("controls").is_none());
        assert!(inherited.socket("control").is_some());
        assert!(inherited.socket("control").is_none(), "it is taken once");
        let rest: Vec<String> = inherited.rest().into_iter().map(|(name, _)| name).collect();
        assert_eq!(rest, ["metrics", "log", "log"]);
    }
}
