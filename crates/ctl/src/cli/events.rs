//! `stratctl events`.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    thread,
    time::Duration,
};

use anyhow::Result;
use clap::Args;
use stratd_control::{EventLines, EventWish, Request};

use super::desk::{Desk, is_out_of_reach};
use crate::view;

/// How long it waits before it looks for a daemon again that went away.
const RETRY: Duration = Duration::from_secs(1);
/// So often it looks: a daemon that restarts is back by then.
const RETRIES_MAX: u32 = 60;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Go on with what happens, until Ctrl-C; goes on behind a restart of the daemon
    #[arg(short, long)]
    follow: bool,
    /// Only events of these kinds: order, fill, denial, trading, strategy, instance, plugin, run, alarm, backtest, trade,
    /// quote, bar, book; market for the last four, which are left out otherwise
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    kind: Vec<String>,
    /// Only events about these strategies
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    strategy: Vec<String>,
    /// Only events about these instruments
    #[arg(long, value_name = "SYMBOL", value_delimiter = ',')]
    instrument: Vec<String>,
    /// Begin behind the event of this id; 0 = with all that the daemon keeps
    /// [default: 0, with --follow what happens from now on]
    #[arg(long, value_name = "ID")]
    after: Option<String>,
}

pub(super) fn main(desk: &Desk, arguments: Arguments) -> Result<ExitCode> {
    let Arguments { follow, kind, strategy, instrument, after } = arguments;
    let mut wish = EventWish {
        kinds: kind,
        strategies: strategy,
        instruments: instrument,
        after: after.or_else(|| (!follow).then(|| "0".to_owned())),
        is_finite: !follow,
    };
    let mut retries = 0;
    loop {
        let mut lines = EventLines::default();
        let (mut is_enough, mut broken, mut has_begun) = (false, None, false);
        let ended = desk.stream(&Request::events(&wish), |line| {
            has_begun = true;
            match lines.push(line) {
                Ok(None) => true,
                Ok(Some(event)) => {
                    is_enough =
                        print(if desk.as_json() { lines.json().to_owned() } else { view::event(&event) });
                    !is_enough
                }
                Err(error) => {
                    broken = Some(error);
                    false
                }
            }
        });
        if let Some(error) = broken {
            return Err(error.into());
        }
        if is_enough || !follow {
            return ended.map(|()| ExitCode::SUCCESS);
        }
        // from here on it was heard once: what was missed meanwhile comes, or a gap is told
        if let Some(id) = lines.last_id() {
            wish.after = Some(id.to_owned());
        }
        match ended {
            Ok(()) => retries = 0,
            Err(error) if (has_begun || retries > 0) && is_out_of_reach(&error) && retries < RETRIES_MAX => {
                retries += 1;
                thread::park_timeout(RETRY);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Prints a line; true if whoever reads has seen enough, as `head` has.
fn print(line: String) -> bool {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", view::printable(&line)).and_then(|()| out.flush()).is_err()
}
