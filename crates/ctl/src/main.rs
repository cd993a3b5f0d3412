//! `stratctl`: the command line of a running `stratd`.
//!
//! A thin client: it asks over the control socket and prints the answer, for people as text of 80 columns where the
//! names allow it, for programs as it came (`--json`). Whatever is more than that belongs into the daemon.
//!
//! Exit codes: 0 done; 1 refused by the daemon, or the answer is of no use; 2 the command line is wrong; 3 no daemon
//! can be reached at the socket.
#![forbid(unsafe_code)]

mod cli;
mod view;

fn main() -> std::process::ExitCode {
    cli::main()
}
