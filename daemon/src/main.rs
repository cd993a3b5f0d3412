//! `stratd`.

#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    stratd::cli::main()
}
