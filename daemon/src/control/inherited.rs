//! A socket that systemd made before it started us (`stratd.socket`).

use std::os::unix::net::UnixListener;

use anyhow::{Context as _, Result};
use nix::sys::socket::{SockType, getsockopt, sockopt};

use crate::systemd::Inherited;

/// The FileDescriptorName= of the control socket.
const NAME: &str = "control";

/// Takes the control socket that systemd made, if there is one.
///
/// # Errors
/// What systemd calls `control` is no Unix stream socket.
pub(crate) fn inherited_socket(inherited: &mut Inherited) -> Result<Option<UnixListener>> {
    let Some(socket) = inherited.socket(NAME) else { return Ok(None) };
    let taking = || format!("taking over the socket {NAME} of systemd (accepted: ListenStream=/PATH)");
    let kind = getsockopt(&socket, sockopt::SockType).with_context(taking)?;
    let listener = UnixListener::from(socket);
    // an address of another family has no path, nor has one of the abstract name space
    let has_path = listener.local_addr().with_context(taking)?.as_pathname().is_some();
    (kind == SockType::Stream && has_path).then_some(listener).with_context(taking).map(Some)
}
