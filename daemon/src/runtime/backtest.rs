//! A backtest: pull, merge, step, record.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use anyhow::{Context as _, Result};
use stratd_engine::StrategyId;
use stratd_plugin_api::{Fault, Reason, Timestamp};

use super::{
    Finished, Plan, Services,
    clock::{self, Stopwatch},
    event_loop::EventLoop,
    exchange_desk::{Told, Way},
    plan::{self, Opened},
    sources::Sources,
    warm_up::{OwnPast, warm_up},
};
use crate::{
    config::WarmUp,
    progress::Progress,
    results::{Labels, Recorder},
};

/// Runs a backtest to the end of its data and writes its results.
///
/// # Errors
/// A source failed, an amount left the range of its type, or the results cannot be written.
pub fn backtest(mut plan: Plan, services: &Arc<Services>) -> Result<Finished> {
    let labels = Labels::of(&plan);
    let Opened { driver, warm_ups, histories: _, exchanges, instruments, refused } =
        plan::open(&mut plan, services, || Way::Pulled(Mutex::new(VecDeque::new())))?;
    let mut sources = Sources::default();
    for open in exchanges {
        open.subscribe()?;
        sources.add(&open.name, open.exchange, open.desk);
    }
    plan.folder.keep();
    let folder = plan.folder.path();
    let recorder = Recorder::create(&folder, labels)
        .with_context(|| format!("creating the results in {}", folder.display()))?;
    let mut run = EventLoop::new(driver, recorder, services, (plan.is_verbose, plan.slice_max));
    run.record(&mut plan, &instruments, clock::now())?;
    let stopwatch = Stopwatch::start();
    let period = Period { start: plan.period.0, end: plan.period.1, warm_ups };
    let ended = to_the_end(&mut run, &mut sources, refused, &period);
    sources.stop();
    run.end_recording(ended.is_ok());
    ended?;
    run.finish(stopwatch.took())
}

/// Feeds events by the span, as long as that goes.
fn feed_spans(run: &mut EventLoop, sources: &mut Sources, progress: &Progress) -> Result<()> {
    while run.shutdown().is_none() && run.may_begin_span() {
        let fed = run.feed_span(sources.span(run.span_len())?)?;
        if fed == 0 {
            break;
        }
        sources.took(fed);
        progress.show(run.now(), run.events());
    }
    Ok(())
}

/// When a backtest begins and ends, and who hears what was before.
struct Period {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    warm_ups: Vec<(StrategyId, WarmUp)>,
}

fn to_the_end(
    run: &mut EventLoop,
    sources: &mut Sources,
    refused: Vec<(StrategyId, Fault)>,
    period: &Period,
) -> Result<()> {
    let progress = Progress::start();
    let mut slice = Vec::new();
    sources.end_at(period.end);
    let began = match period.start {
        Some(start) => {
            warm_up(run, sources, (start, &period.warm_ups), (&mut OwnPast, &mut slice))?;
            start
        }
        None => {
            sources.next(&mut slice)?;
            slice.first().map_or(Timestamp::default(), |told| Timestamp::new(told.ts()))
        }
    };
    run.start(began, refused)?;
    while let Some(told) = slice.first() {
        let at = Timestamp::new(told.ts());
        if at > run.now() {
            run.close_instant()?;
            progress.show(at, run.events());
        }
        if run.may_begin_slice(told) {
            sources.take_alike(&mut slice, run.slice_max());
        }
        let fed = run.feed(&slice, at)?;
        sources.give_back(slice.drain(fed..));
        slice.clear();
        if run.shutdown().is_some() {
            break;
        }
        feed_spans(run, sources, &progress)?;
        if run.shutdown().is_some() {
            break;
        }
        sources.next(&mut slice)?;
    }
    run.exit(if run.shutdown().is_some() { Reason::StrategyStopped } else { Reason::DataEnded })?;
    // a venue answers the cancels of the exit at once; nothing else of it counts any more
    slice.clear();
    while sources.next_told(&mut slice)? {
        if matches!(slice.first(), Some(Told::Order(_))) {
            run.feed(&slice, run.now())?;
        }
        slice.clear();
    }
    run.close_instant()
}
