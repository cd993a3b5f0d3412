//! `stratctl config check`: by the daemon, or, where there is none, by the schema of the configuration.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;
use stratd_control::{ConfigApplyRequest, Request};

use super::apply::read;
use crate::{cli::desk::Desk, offline, view};

#[derive(Args)]
pub(crate) struct Arguments {
    /// A whole configuration in TOML; - for the standard input
    file: PathBuf,
    /// Check against the schema alone, without a daemon: the configurations of plugins are not looked at
    #[arg(long)]
    offline: bool,
}

pub(super) fn main(desk: &Desk, Arguments { file, offline }: &Arguments) -> Result<ExitCode> {
    let (text, name) = read(file)?;
    if *offline {
        return Ok(alone(&text, name.as_deref()));
    }
    // it may say what needs a restart: that is no problem of the file
    let body = ConfigApplyRequest {
        text: Some(text.clone()),
        file: name.clone(),
        at_restart: true,
        ..ConfigApplyRequest::default()
    };
    let request = Request::config_apply(&body)?.dry_run();
    match desk.ask(&request) {
        Ok(answer) => {
            desk.print(&answer, |answer| {
                Ok(format!("ok: {}\n", view::config_done(&answer.read()?).trim_end()))
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) if crate::cli::advice::is_nobody_there(&error) => {
            eprintln_line("there is no daemon to ask: the configurations of plugins are not looked at");
            Ok(alone(&text, name.as_deref()))
        }
        Err(error) => Err(error),
    }
}

fn alone(text: &str, name: Option<&str>) -> ExitCode {
    let problems = offline::problems(name.unwrap_or("the text"), text);
    for problem in &problems {
        eprintln_line(&view::printable(problem));
    }
    if problems.is_empty() {
        eprintln_line("ok: the schema has no objection");
        return ExitCode::SUCCESS;
    }
    eprintln_line(&format!("{} problem{}", problems.len(), if problems.len() == 1 { "" } else { "s" }));
    ExitCode::from(1)
}

fn eprintln_line(text: &str) {
    use std::io::Write as _;
    // whoever reads may have gone
    let _ = writeln!(std::io::stderr(), "{text}");
}
