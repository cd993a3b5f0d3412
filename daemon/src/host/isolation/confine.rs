//! What a child may not do, before it opens a library.
#![expect(unsafe_code, reason = "sets how signals are taken, and nix has no close_range")]

use anyhow::{Context, Result, bail};
use nix::{
    libc,
    sys::{
        prctl::{set_no_new_privs, set_pdeathsig},
        resource::{Resource, setrlimit},
        signal::{SigHandler, Signal, signal},
    },
    unistd::getppid,
};

use super::{seccomp, setup::Setup};

/// Ends with the daemon, however that ends.
pub(crate) fn die_with(parent: u32) -> Result<()> {
    set_pdeathsig(Signal::SIGKILL).context("asking for the signal at the death of the parent")?;
    // it may have died before
    let found = getppid();
    if u32::try_from(found.as_raw()).ok() != Some(parent) {
        bail!("the parent is process {found} (accepted: {parent}, which started this one)");
    }
    Ok(())
}

/// Leaves the end to the daemon: a terminal or a service manager that stops it sends the signal to all processes, and a
/// child that followed it at once would be missing at the exit of the run.
pub(super) fn ignore_stops() -> Result<()> {
    for stop in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM] {
        // SAFETY: ignoring runs no handler
        unsafe { signal(stop, SigHandler::SigIgn) }.with_context(|| format!("ignoring {stop}"))?;
    }
    Ok(())
}

/// Closes what was inherited by mistake: everything of ours is opened close-on-exec.
pub(super) fn close_others() {
    // SAFETY: nothing of this process beyond the three standard descriptors is open yet
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, 0u32) };
    // a kernel without the call leaves open what should not be there in the first place
    let _ = closed;
}

/// Applies the limits; from here on they cannot be lifted.
pub(super) fn limit(setup: &Setup) -> Result<()> {
    set_no_new_privs().context("giving up new privileges")?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0).context("limiting core dumps")?;
    setrlimit(Resource::RLIMIT_NOFILE, setup.files_max, setup.files_max).context("limiting open files")?;
    if let Some(memory) = setup.memory_max {
        setrlimit(Resource::RLIMIT_AS, memory, memory).context("limiting memory")?;
    }
    if setup.seccomp {
        seccomp::apply().context("filtering system calls")?;
    }
    Ok(())
}
