//! What is known of the backtests.

use std::{collections::VecDeque, fs, path::Path, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use stratd_control::{Backtest, BacktestProgress, BacktestState};
use stratd_plugin_api::Timestamp;

use super::order::Order;

/// How long the end of a child that was killed is waited for.
pub(super) const END_TIME_MAX: Duration = Duration::from_secs(5);
/// The largest summary that is shown.
const SUMMARY_BYTES_MAX: u64 = 4 << 20;

/// All backtests, the oldest first.
#[derive(Debug)]
pub(super) struct Table {
    /// What the ids of this daemon begin with.
    prefix: String,
    count: u64,
    all: VecDeque<Record>,
    /// The daemon ends.
    pub(super) is_over: bool,
}

#[derive(Debug)]
struct Record {
    order: Order,
    shown: Backtest,
    /// It is to end, and its child was killed or will be once it is known.
    is_canceled: bool,
}

/// How a child ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ended {
    /// With results.
    Well,
    /// With results, and faults in the run.
    WithFaults,
    /// Without results.
    Badly(String),
}

impl Table {
    pub(super) fn new(started: Timestamp) -> Self {
        let seconds = Timestamp::new(started.get() / 1_000_000_000 * 1_000_000_000);
        let prefix = seconds.to_string().replace([':', '-'], "");
        Self { prefix, count: 0, all: VecDeque::new(), is_over: false }
    }

    pub(super) fn add(&mut self, order: Order, now: Timestamp) -> Backtest {
        self.count += 1;
        let shown = Backtest {
            id: format!("{}-{}", self.prefix, self.count),
            name: order.name.clone(),
            state: BacktestState::Queued,
            file: order.file.clone(),
            submitted_at: now.to_string(),
            started_at: None,
            ended_at: None,
            pid: None,
            progress: None,
            run_folder: None,
            summary: None,
            error: None,
        };
        self.all.push_back(Record { order, shown: shown.clone(), is_canceled: false });
        shown
    }

    pub(super) fn all(&self) -> Vec<Backtest> {
        self.all.iter().map(|record| record.shown.clone()).collect()
    }

    pub(super) fn get(&self, id: &str) -> Option<Backtest> {
        self.all.iter().find(|record| record.shown.id == id).map(|record| record.shown.clone())
    }

    pub(super) fn queued(&self) -> usize {
        self.in_state(BacktestState::Queued)
    }

    pub(super) fn running(&self) -> usize {
        self.in_state(BacktestState::Running)
    }

    fn in_state(&self, state: BacktestState) -> usize {
        self.all.iter().filter(|record| record.shown.state == state).count()
    }

    /// The oldest that waits, which counts as running from now on.
    pub(super) fn next(&mut self) -> Option<(String, Order)> {
        let next = self.all.iter_mut().find(|record| record.shown.state == BacktestState::Queued)?;
        next.shown.state = BacktestState::Running;
        Some((next.shown.id.clone(), next.order.clone()))
    }

    /// It has a process now. One that was canceled meanwhile is killed.
    pub(super) fn started(&mut self, id: &str, pid: u32, now: Timestamp) -> Option<Backtest> {
        let record = self.record(id)?;
        record.shown.pid = Some(pid);
        record.shown.started_at = Some(now.to_string());
        if record.is_canceled {
            end(pid);
        }
        Some(record.shown.clone())
    }

    pub(super) fn run_folder(&mut self, id: &str, folder: String) {
        if let Some(record) = self.record(id) {
            record.shown.run_folder = Some(folder);
        }
    }

    pub(super) fn progress(&mut self, id: &str, progress: BacktestProgress) {
        if let Some(record) = self.record(id) {
            record.shown.progress = Some(progress);
        }
    }

    /// Its child is about to be reaped: its number may be another's from here on.
    pub(super) fn forget_process(&mut self, id: &str) {
        if let Some(record) = self.record(id) {
            record.shown.pid = None;
        }
    }

    /// Its child has ended.
    pub(super) fn ended(&mut self, id: &str, ended: Ended, now: Timestamp) -> Option<Backtest> {
        let record = self.record(id)?;
        record.shown.pid = None;
        record.shown.ended_at = Some(now.to_string());
        (record.shown.state, record.shown.error) = match ended {
            _ if record.is_canceled => (BacktestState::Canceled, None),
            Ended::Well => (BacktestState::Finished, None),
            Ended::WithFaults => (BacktestState::Faulted, None),
            Ended::Badly(why) => (BacktestState::Failed, Some(why)),
        };
        Some(record.shown.clone())
    }

    /// Takes it from the queue, or kills its child.
    pub(super) fn cancel(&mut self, id: &str, now: Timestamp) {
        let Some(record) = self.record(id) else { return };
        match record.shown.state {
            BacktestState::Queued => {
                record.shown.state = BacktestState::Canceled;
                record.shown.ended_at = Some(now.to_string());
            }
            BacktestState::Running => {
                record.is_canceled = true;
                if let Some(pid) = record.shown.pid {
                    end(pid);
                }
            }
            BacktestState::Finished
            | BacktestState::Faulted
            | BacktestState::Failed
            | BacktestState::Canceled
            | BacktestState::Unknown => {}
        }
    }

    pub(super) fn cancel_all(&mut self, now: Timestamp) {
        let ids: Vec<String> = self.all.iter().map(|record| record.shown.id.clone()).collect();
        for id in ids {
            self.cancel(&id, now);
        }
    }

    /// Forgets the oldest of those that have ended.
    pub(super) fn forget_ended(&mut self, max: usize) {
        let ended = self.all.iter().filter(|record| record.shown.state.has_ended()).count();
        let mut surplus = ended.saturating_sub(max);
        self.all.retain(|record| {
            let is_surplus = surplus > 0 && record.shown.state.has_ended();
            surplus -= usize::from(is_surplus);
            !is_surplus
        });
    }

    fn record(&mut self, id: &str) -> Option<&mut Record> {
        self.all.iter_mut().find(|record| record.shown.id == id)
    }
}

/// Kills a child that nobody has waited for: its number is still its own.
fn end(pid: u32) {
    if let Ok(pid) = i32::try_from(pid) {
        // it may have ended by itself
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}

/// Adds what its `summary.json` says.
pub(super) fn with_summary(mut shown: Backtest) -> Backtest {
    if matches!(shown.state, BacktestState::Finished | BacktestState::Faulted)
        && let Some(folder) = &shown.run_folder
    {
        let path = Path::new(folder).join("summary.json");
        let is_small = fs::metadata(&path).is_ok_and(|facts| facts.len() <= SUMMARY_BYTES_MAX);
        let text = if is_small { fs::read_to_string(&path).ok() } else { None };
        shown.summary = text.and_then(|text| serde_json::from_str(&text).ok());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        Order { name: None, file: None, text: String::new(), path: "/f/config".into() }
    }

    fn states(table: &Table) -> String {
        let states = table.all.iter().map(|record| record.shown.state.name());
        states.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn backtests_go_from_the_queue_to_their_end_in_order() {
        let now = Timestamp::new(1_700_000_000_000_000_000);
        let mut table = Table::new(now);
        for _ in 0..4 {
            table.add(order(), now);
        }
        assert_eq!(table.all()[3].id, "20231114T221320Z-4");
        let (first, _) = table.next().unwrap();
        let (second, _) = table.next().unwrap();
        assert_eq!(states(&table), "running running queued queued");
        table.ended(&first, Ended::WithFaults, now);
        // canceled before its process was known, and from the queue
        table.cancel(&second, now);
        assert_eq!(states(&table), "faulted running queued queued");
        table.ended(&second, Ended::Badly("killed".to_owned()), now);
        table.cancel("20231114T221320Z-4", now);
        assert_eq!(states(&table), "faulted canceled queued canceled");
        table.forget_ended(1);
        assert_eq!(states(&table), "queued canceled");
        assert_eq!(table.get(&first), None);
        let (third, _) = table.next().unwrap();
        table.ended(&third, Ended::Badly("why".to_owned()), now);
        assert_eq!(table.get(&third).unwrap().error.as_deref(), Some("why"));
    }
}
