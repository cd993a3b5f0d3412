//! `stratd-synthetic`: see the library.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    stratd_synthetic::main()
}
