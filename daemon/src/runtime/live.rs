//! A run by the clock: simulation, sandbox, live.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use stratd_engine::StrategyId;
use stratd_plugin_api::Reason;

use super::{
    Finished, KeptHalt, Plan, Services,
    clock::{self, Moment, Stopwatch},
    command::{Notes, SavedByLoop, Tag},
    event_loop::EventLoop,
    exchange_desk::{Told, Way},
    inbox::Inbox,
    loop_handle::LoopHandle,
    notify,
    observer::Observer,
    plan::{self, OpenExchange, Opened},
    signals::StopSignals,
    start_times::{self, StartPart},
};
use crate::{
    progress::Progress,
    results::{Labels, Recorder},
};

/// How long the loop sleeps at most when nothing happens and no timer is due.
const PATIENCE_MAX: Duration = Duration::from_millis(100);
/// How long the exchanges may take to answer the cancels of the end.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(5);
/// How long the end of the strategies may take, and after it that of what surrounds the loop: what systemd is told.
const END_PART_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a result may wait in a buffer.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// Equity is looked at this often at most; events come faster than that.
const INSTANT_NS: i64 = 10_000_000;

/// What surrounds the event loop: its threads ask and are told things while the loop runs.
pub(crate) trait ControlPlane {
    /// Where the loop tells of strategies.
    fn notes(&self) -> Notes;

    /// The builds of the strategies that the run begins with, by id.
    fn tags(&self) -> Vec<(StrategyId, Tag)>;

    /// What earlier runs left halted.
    fn halts(&self) -> Vec<KeptHalt>;

    /// Whether somebody may start a strategy later, so that the run goes on without any.
    fn is_commanded(&self) -> bool;

    /// How the run stands, in one line.
    fn standing(&self) -> String;

    /// Who sees what happens in the loop; asked once.
    fn observer(&mut self) -> Option<Observer>;

    /// The loop has ended; `states` are the last ones of the strategies.
    fn stop(self, states: Vec<SavedByLoop>, is_clean: bool);
}

/// Runs until a signal, or until a strategy ends the run, and writes the results. `attach` starts what surrounds the
/// loop, before its first event.
///
/// # Errors
/// A connector cannot start, an amount left the range of its type, or the results cannot be written.
pub(crate) fn live<P: ControlPlane>(
    mut plan: Plan,
    services: &Arc<Services>,
    signals: &StopSignals,
    attach: impl FnOnce(LoopHandle) -> Result<P>,
) -> Result<Finished> {
    let labels = Labels::of(&plan);
    let inbox = signals.inbox();
    let opened = plan::open(&mut plan, services, || Way::Inbox(Arc::clone(&inbox)))?;
    let Opened { driver, warm_ups, histories, mut exchanges, instruments, refused } = opened;
    start_times::ends(StartPart::Connect);
    plan.folder.keep();
    let folder = plan.folder.path();
    let recorder = Recorder::create(&folder, labels)
        .with_context(|| format!("creating the results in {}", folder.display()))?;
    let mut run = EventLoop::new(driver, recorder, services, (plan.is_verbose, plan.slice_max));
    run.set_limits(std::mem::take(&mut plan.risk.strategies));
    run.described = std::mem::take(&mut plan.instruments);
    run.record(&mut plan, &instruments, clock::now())?;
    let mut plane = attach(LoopHandle::new(Arc::clone(&inbox)))?;
    run.set_notes(plane.notes());
    run.set_observer(plane.observer());
    let waker = Arc::clone(&inbox);
    let taken = match plan.recovery.take() {
        Some(recovery) => run.begin_recovery(recovery, move || waker.wake())?,
        None => Ok(()),
    };
    run.restore_halts(plane.halts(), &run.exchange_names(), clock::now())?;
    for (strategy, tag) in plane.tags() {
        run.tags().set(strategy, tag);
    }
    start_times::ends(StartPart::TakeUp);
    let stopwatch = Stopwatch::start();
    let ended = recovered(&mut run, (&inbox, &mut exchanges), taken, &plane).and_then(|stop| match stop {
        Some(signal) => {
            ends_untraded(&signal);
            Ok(())
        }
        None => {
            start_times::ends(StartPart::Reconcile);
            histories.tell(&mut run, (services, &inbox), (clock::now(), &warm_ups))?;
            if inbox.is_stopping() {
                let signal = inbox.take(&mut VecDeque::new(), Duration::ZERO);
                ends_untraded(&signal.unwrap_or_default());
                return Ok(());
            }
            run.start(clock::now(), refused)?;
            until_stopped(&mut run, &inbox, &mut exchanges, &plane)
        }
    });
    if ended.is_err() {
        // the engine cannot be used any more, but no order may be left behind
        run.cancel_at_exchanges();
    }
    inbox.close();
    for open in &exchanges {
        if let Err(fault) = open.exchange.borrow_mut().stop() {
            tracing::warn!(logger = format!("exchange.{}", open.name), "while stopping: {fault}");
        }
    }
    let states = if ended.is_ok() { run.save_all() } else { Ok(Vec::new()) };
    let is_clean = ended.is_ok() && states.is_ok();
    run.end_journal();
    run.end_recording(is_clean);
    notify::extend(END_PART_TIME_MAX);
    plane.stop(states.unwrap_or_default(), is_clean);
    ended?;
    run.finish(stopwatch.took())
}

fn ends_untraded(signal: &str) {
    tracing::info!(logger = "stratd", "ends on {signal}; nothing was traded");
}

/// Compares what the run before left with the exchanges; the signal to end, if one comes before it is done.
fn recovered(
    run: &mut EventLoop,
    (inbox, exchanges): (&Inbox, &mut Vec<OpenExchange>),
    taken: std::result::Result<(), String>,
    plane: &impl ControlPlane,
) -> Result<Option<String>> {
    let stop = run.until_recovered((inbox, exchanges), taken, &plane.standing())?;
    if stop.is_some() {
        notify::stopping(END_PART_TIME_MAX);
    }
    Ok(stop)
}

fn until_stopped(
    run: &mut EventLoop,
    inbox: &Inbox,
    exchanges: &mut Vec<OpenExchange>,
    plane: &impl ControlPlane,
) -> Result<()> {
    for open in exchanges.iter() {
        open.subscribe()?;
    }
    let is_commanded = plane.is_commanded();
    start_times::ends(StartPart::Start);
    notify::ready(&plane.standing());
    if let Some(observer) = run.observer() {
        observer.run(clock::now(), "running");
    }
    let progress = Progress::start();
    let mut told = VecDeque::new();
    let mut flushed = Stopwatch::start();
    let reason = loop {
        notify::tick();
        let stop = inbox.take(&mut told, patience(run));
        let (taken, round) = (told.len(), Moment::now());
        run.begin_round();
        feed_all(run, inbox, &mut told, exchanges)?;
        run.tend_journal()?;
        run.feed_timers(clock::now())?;
        run.feed_overdue(clock::now())?;
        ask_for_snapshots(run, exchanges);
        run.end_round(taken, round);
        run.look_at_rates();
        if flushed.elapsed() >= FLUSH_EVERY {
            run.flush()?;
            flushed = Stopwatch::start();
        }
        progress.show_now(run.now(), run.events(), run.engine().equity());
        if let Some(signal) = stop {
            tracing::info!(logger = "stratd", "ends on {signal}");
            break Reason::RunEnded;
        }
        if run.shutdown().is_some() {
            break Reason::StrategyStopped;
        }
        if !is_commanded && !run.has_started_strategies() && !run.has_strategies_to_restart() {
            tracing::info!(logger = "stratd", "ends because every strategy has ended");
            break Reason::StrategyStopped;
        }
    };
    notify::stopping(END_PART_TIME_MAX);
    run.exit(reason)?;
    drain(run, inbox, &mut told, exchanges)?;
    run.close_instant()
}

/// Asks the sources of stale books to show them anew.
fn ask_for_snapshots(run: &mut EventLoop, exchanges: &[OpenExchange]) {
    for instrument in run.take_gaps() {
        let exchange = run.engine().exchange_of(instrument);
        let place = exchange.and_then(|exchange| usize::from(exchange.0).checked_sub(1));
        if let Some(open) = place.and_then(|place| exchanges.get(place)).filter(|open| !open.has_left) {
            open.ask_for_snapshot(instrument);
        }
    }
}

/// Until the next timer or arrival, and never so long that the status line stands still.
fn patience(run: &EventLoop) -> Duration {
    let most = run.journal_patience().unwrap_or(PATIENCE_MAX);
    let Some(due) = run.next_wake() else { return most };
    let left = due.get().saturating_sub(clock::now().get());
    Duration::from_nanos(u64::try_from(left).unwrap_or(0)).min(most)
}

/// Feeds what waits; commands are carried out before the first event and between any two.
fn feed_all(
    run: &mut EventLoop,
    inbox: &Inbox,
    told: &mut VecDeque<Told>,
    exchanges: &mut Vec<OpenExchange>,
) -> Result<()> {
    carry_out_all(run, inbox, exchanges)?;
    let mut waiting: &[Told] = told.make_contiguous();
    while !waiting.is_empty() {
        // what is taken in one go has one time
        let at = clock::now();
        run.close_instant_every(INSTANT_NS, at)?;
        let fed = run.feed(waiting, at)?;
        waiting = waiting.get(fed.max(1)..).unwrap_or_default();
        run.tend_journal()?;
        carry_out_all(run, inbox, exchanges)?;
    }
    told.clear();
    run.close_instant_every(INSTANT_NS, clock::now())
}

fn carry_out_all(run: &mut EventLoop, inbox: &Inbox, exchanges: &mut Vec<OpenExchange>) -> Result<()> {
    while let Some(command) = run.deferred.pop_front() {
        run.carry_out(command, exchanges)?;
    }
    while let Some(command) = inbox.take_command() {
        run.carry_out(command, exchanges)?;
    }
    Ok(())
}

/// Waits for the answers to the cancels of the end. A connector that is away may still come back and be sent them.
fn drain(
    run: &mut EventLoop,
    inbox: &Inbox,
    told: &mut VecDeque<Told>,
    exchanges: &mut Vec<OpenExchange>,
) -> Result<()> {
    let stopwatch = Stopwatch::start();
    while run.engine().working_orders().next().is_some() && stopwatch.elapsed() < DRAIN_TIME_MAX {
        inbox.take(told, Duration::from_millis(10));
        while let Some(command) = inbox.take_command() {
            // who asked for anything else hears that the run is over
            if command.is_for_the_end() {
                run.carry_out(command, exchanges)?;
            }
        }
        // strategies had their `on_exit`: the market is over for them, their orders are not
        for told in
            told.drain(..).filter(|told| matches!(told, Told::Order(event) if event.client_order_id != 0))
        {
            run.feed(&[told], clock::now())?;
        }
        run.tend_journal()?;
    }
    let left = run.engine().working_orders().count();
    if left > 0 {
        tracing::error!(
            logger = "stratd",
            "{left} orders are still working: their exchange did not answer the cancel"
        );
    }
    Ok(())
}
