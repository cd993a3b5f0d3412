//! Sockets that systemd made before it started us (`stratd.socket`, `stratd-ro.socket`).

use std::os::unix::net::UnixListener;

use anyhow::{Context as _, Result};
use nix::sys::socket::{SockType, getsockopt, sockopt};

use crate::systemd::Inherited;

/// The FileDescriptorName= of the control socket.
const NAME: &str = "control";
/// That of the socket on which nobody may change anything.
const NAME_READ_ONLY: &str = "control-ro";

/// The sockets that systemd made for us; none without it.
#[derive(Debug, Default)]
pub(crate) struct InheritedSockets {
    /// The control socket.
    pub(crate) control: Option<UnixListener>,
    /// That on which nobody may change anything.
    pub(crate) read_only: Option<UnixListener>,
}

/// Takes the control sockets that systemd made, if there are any.
///
/// # Errors
/// What systemd calls `control` or `control-ro` is no Unix stream socket.
pub(crate) fn inherited_sockets(inherited: &mut Inherited) -> Result<InheritedSockets> {
    Ok(InheritedSockets { control: take(inherited, NAME)?, read_only: take(inherited, NAME_READ_ONLY)? })
}

fn take(inherited: &mut Inherited, name: &str) -> Result<Option<UnixListener>> {
    let Some(socket) = inherited.socket(name) else { return Ok(None) };
    let taking = || format!("taking over the socket {name} of systemd (accepted: ListenStream=/PATH)");
    let kind = getsockopt(&socket, sockopt::SockType).with_context(taking)?;
    let listener = UnixListener::from(socket);
    // an address of another family has no path, nor has one of the abstract name space
    let has_path = listener.local_addr().with_context(taking)?.as_pathname().is_some();
    (kind == SockType::Stream && has_path).then_some(listener).with_context(taking).map(Some)
}
