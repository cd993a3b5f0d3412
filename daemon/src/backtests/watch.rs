//! Follows one child from its start to its end.

use std::{
    collections::VecDeque,
    io::{BufRead as _, BufReader, Read},
    process::Child,
    sync::mpsc,
    thread,
    time::Duration,
};

use nix::{
    sys::wait::{Id, WaitPidFlag, waitid},
    unistd::Pid,
};

use super::{
    Backtests,
    child::{self, Said},
    order::Order,
    table::Ended,
};
use crate::runtime::clock;

/// The last lines that a child wrote to its standard error are kept: what it says when it fails.
const LINES_KEPT_MAX: usize = 20;
/// The longest line that is read; what is longer is read in pieces.
const LINE_BYTES_MAX: u64 = 16 << 10;
/// How long what a child left in its pipes is read for: one of its own children may hold them open.
const LAST_WORDS_TIME_MAX: Duration = Duration::from_secs(2);

/// Starts the child of a backtest on a thread of its own, which follows it.
pub(super) fn start(backtests: &Backtests, id: &str, order: &Order) {
    let (of_thread, wanted, order) = (backtests.clone(), id.to_owned(), order.clone());
    let follow = move || follow(&of_thread, &wanted, &order);
    if let Err(error) = thread::Builder::new().name("backtest".to_owned()).spawn(follow) {
        end(backtests, id, Ended::Badly(format!("starting a thread: {error}")));
    }
}

/// The thread. The child ends with it.
fn follow(backtests: &Backtests, id: &str, order: &Order) {
    let mut child = match child::start(order, &backtests.0.options, id) {
        Ok(child) => child,
        Err(error) => return end(backtests, id, Ended::Badly(format!("starting a child: {error}"))),
    };
    let shown = backtests.lock().started(id, child.id(), clock::now());
    if let Some(shown) = shown {
        tracing::info!(logger = "backtests", "backtest {id} runs in process {}", child.id());
        backtests.tell(&shown);
    }
    let (sender, last_words) = mpsc::sync_channel(1);
    if let Some(errors) = child.stderr.take() {
        let keep = move || drop(sender.send(last_lines(errors)));
        // without it the child may wait for somebody to read; then it is killed by its submitter
        let _ = thread::Builder::new().name("backtest-log".to_owned()).spawn(keep);
    }
    let mut has_faults = None;
    if let Some(output) = child.stdout.take() {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while next_line(&mut output, &mut line) {
            // what is no message is not ours: a plugin may print
            match serde_json::from_slice(&line) {
                Ok(Said::Folder(folder)) => backtests.lock().run_folder(id, folder),
                Ok(Said::Progress(progress)) => backtests.lock().progress(id, progress),
                Ok(Said::End { has_faults: has }) => has_faults = Some(has),
                Err(_) => {}
            }
        }
    }
    let ended = wait(backtests, id, &mut child);
    let said = last_words.recv_timeout(LAST_WORDS_TIME_MAX).unwrap_or_default();
    end(
        backtests,
        id,
        match (ended, has_faults) {
            (Ok(_), Some(false)) => Ended::Well,
            (Ok(_), Some(true)) => Ended::WithFaults,
            (Ok(how), None) => Ended::Badly(format!("{how}: {}", said.join("\n"))),
            (Err(error), _) => Ended::Badly(format!("waiting for the child: {error}")),
        },
    );
}

/// Waits for the end of a child, whose number nobody kills any more once it can be another's.
fn wait(backtests: &Backtests, id: &str, child: &mut Child) -> std::io::Result<String> {
    let pid = Pid::from_raw(i32::try_from(child.id()).map_err(std::io::Error::other)?);
    // leaves it to be reaped below
    let _ = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
    backtests.lock().forget_process(id);
    Ok(child.wait()?.to_string())
}

fn end(backtests: &Backtests, id: &str, ended: Ended) {
    let shown = backtests.lock().ended(id, ended, clock::now());
    backtests.0.came.notify_all();
    if let Some(shown) = shown {
        let why = shown.error.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        tracing::info!(logger = "backtests", "backtest {id} {}{why}", shown.state.name());
        backtests.tell(&shown);
    }
}

/// The next line, without its end; false at the end of all.
fn next_line(from: &mut impl std::io::BufRead, line: &mut Vec<u8>) -> bool {
    line.clear();
    let read = from.take(LINE_BYTES_MAX).read_until(b'\n', line);
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    read.is_ok_and(|count| count > 0)
}

fn last_lines(from: impl Read) -> Vec<String> {
    let mut from = BufReader::new(from);
    let (mut kept, mut line) = (VecDeque::new(), Vec::new());
    while next_line(&mut from, &mut line) {
        if kept.len() == LINES_KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back(String::from_utf8_lossy(&line).into_owned());
    }
    kept.into()
}
