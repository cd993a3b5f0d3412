//! `stratd backtest-child`: a backtest for a daemon, which reads how far it is.

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Result, bail};
use serde_json::Value;
use stratd_control::BacktestProgress;

use super::{checked::Checked, start};
use crate::{
    backtests::{DataFiles, Said, backtest_child, say},
    check::check_whole,
    config::Flags,
    logging::{self, LogSource},
    plugins::Plugins,
    progress,
};

/// How often the daemon is told.
const TELL_EVERY: Duration = Duration::from_millis(200);

pub(super) fn main(parent: u32) -> Result<ExitCode> {
    backtest_child(parent, |draft| {
        let plugins = Arc::new(Plugins::new(draft.plugin_settings())?);
        logging::take_parts_from(&plugins);
        let (config, whole) = match check_whole(&draft, &*plugins) {
            Ok(checked) => checked,
            // it was looked at before it was taken; its files or plugins have changed
            Err(problems) => {
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                bail!("{}", problems.join("\n"));
            }
        };
        let log = LogSource { file: None, flags: Flags::default() };
        run(Checked { config, shown: draft.shown(), whole, plugins, log })
    })
}

fn run(checked: Checked) -> Result<ExitCode> {
    let configs = checked.config.exchange.iter().map(|entry| Value::Object(entry.config.clone()));
    let mut files = DataFiles::of(configs);
    progress::listen(TELL_EVERY, move |time, events, elapsed| {
        let read = files.as_mut().map(DataFiles::look);
        say(&Said::Progress(progress_of(Some(time.to_string()), (events, elapsed), read)));
    });
    let (_log, finished) =
        start::backtest_for_daemon(&checked, |folder| say(&Said::Folder(folder.display().to_string())))?;
    let all = (finished.summary.events, finished.took.elapsed);
    say(&Said::Progress(progress_of(finished.summary.end.clone(), all, Some((1, 1)))));
    say(&Said::End { has_faults: finished.has_faults });
    Ok(ExitCode::SUCCESS)
}

/// How far it is: events and the time that they took, and bytes read of all bytes, if that is known.
fn progress_of(
    time: Option<String>,
    (events, elapsed): (u64, Duration),
    read: Option<(u64, u64)>,
) -> BacktestProgress {
    let seconds = elapsed.as_secs_f64().max(1e-3);
    let percent = read.map(|(read, all)| 100.0 * float(read) / float(all.max(1)));
    let left = percent.filter(|percent| *percent > 0.0).map(|percent| seconds * (100.0 - percent) / percent);
    BacktestProgress {
        events,
        events_per_second: (float(events) / seconds).round(),
        time,
        percent: percent.map(to_tenths),
        seconds_left: left.map(to_tenths),
    }
}

fn to_tenths(value: f64) -> f64 {
    (10.0 * value).round() / 10.0
}

#[expect(clippy::cast_precision_loss, reason = "for people: three digits would do")]
fn float(value: u64) -> f64 {
    value as f64
}
