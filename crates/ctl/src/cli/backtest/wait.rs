//! `stratctl backtest wait`.

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
    thread,
    time::Duration,
};

use anyhow::Result;
use clap::Args;
use stratd_control::{Backtest, BacktestState, Request};

use super::{Desk, Id};
use crate::view;

/// How often the daemon is asked.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// It has not finished, or with faults.
const NOT_FINISHED: u8 = 1;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    id: Id,
    /// Give up after so many seconds; the backtest goes on
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u32>,
}

pub(super) fn main(desk: &Desk, Arguments { id, timeout }: &Arguments) -> Result<ExitCode> {
    until_ended(desk, &id.id, timeout.map(|seconds| Duration::from_secs(seconds.into())))
}

/// Waits, and shows what came out. On a terminal it shows how far it is meanwhile.
pub(super) fn until_ended(desk: &Desk, id: &str, patience: Option<Duration>) -> Result<ExitCode> {
    let shows = io::stderr().is_terminal() && !desk.as_json();
    // counted in looks: each waits at least so long
    let mut looks_left = patience.map(|patience| patience.as_millis() / LOOK_EVERY.as_millis());
    loop {
        let answer = desk.ask(&Request::backtest(id))?;
        let backtest: Backtest = answer.read()?;
        if backtest.state.has_ended() {
            end_line(shows);
            desk.print(&answer, |_| Ok(view::backtest(&backtest)))?;
            let has_finished = backtest.state == BacktestState::Finished;
            return Ok(if has_finished { ExitCode::SUCCESS } else { ExitCode::from(NOT_FINISHED) });
        }
        if looks_left == Some(0) {
            end_line(shows);
            anyhow::bail!(
                "backtest {id} is {} (its time was up; it goes on, and `stratctl backtest wait {id}` waits again)",
                backtest.state.name()
            );
        }
        looks_left = looks_left.map(|left| left - 1);
        if let (true, Some(progress)) = (shows, &backtest.progress) {
            let line = view::printable(&view::progress_line(progress));
            let _ = write!(io::stderr(), "\r\x1b[K{line}");
        }
        thread::park_timeout(LOOK_EVERY);
    }
}

fn end_line(shows: bool) {
    if shows {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
}
