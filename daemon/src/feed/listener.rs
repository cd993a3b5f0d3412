//! Somebody who listens: reads the history at its own pace.

use std::sync::atomic::Ordering;

use axum::body::Bytes;
use stratd_control::{Event, GapEvent, Happening};
use tokio::sync::watch;

use super::{Feed, Filter, LISTENERS_MAX, ListenError, RING_ROUNDS, frame, history::History, lock};
use crate::runtime::clock::{self, Stopwatch};

/// Bytes that are handed over at once; a listener is behind by no more than its connection buffers.
const CHUNK_BYTES: usize = 64 << 10;

/// Where a listener begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// With what happens from now on.
    Now,
    /// With everything that is kept.
    Begin,
    /// With what followed the event of this id, of this run or of another.
    Id(String),
}

impl After {
    /// From `Last-Event-ID` or `after`: an id, or `0` for everything that is kept.
    pub(crate) fn of(text: &str) -> Self {
        if text == "0" { Self::Begin } else { Self::Id(text.to_owned()) }
    }
}

/// Somebody who listens, until it is dropped.
pub(crate) struct Listener {
    feed: Feed,
    place: u64,
    filter: Filter,
    /// The last numbered event that it has, or knows to be lost.
    number: u64,
    /// The position of the last market event that it has.
    position: u64,
    market_lost: u64,
    /// To be said first.
    first: Option<GapEvent>,
    /// Up to this number it asked for what is kept: what is not is no gap.
    kept_until: u64,
    moved: watch::Receiver<u64>,
}

impl Listener {
    pub(super) fn begin(feed: &Feed, filter: Filter, after: After) -> Result<Self, ListenError> {
        let shared = &feed.0;
        let from = From::of(&after, &shared.run).map_err(ListenError::BadId)?;
        let mut listeners = lock(&shared.listeners);
        if listeners.all.len() >= LISTENERS_MAX {
            let text =
                format!("{LISTENERS_MAX} of at most {LISTENERS_MAX} listen already (end one, or try again)");
            return Err(ListenError::Busy(text));
        }
        listeners.next += 1;
        let place = listeners.next;
        listeners.all.push((place, filter.clone()));
        drop(listeners);
        feed.look_after_listeners();
        // the thread rests for long while nobody listens; and what happened before is counted before, not as a gap
        for _ in 0..RING_ROUNDS {
            feed.publish_once();
        }
        shared.came.notify_one();
        let moved = shared.moved.subscribe();
        let history = lock(&shared.history);
        let last = history.last_number();
        let (number, kept_until, first) = match from {
            From::Now => (last, 0, None),
            From::Kept => (0, last, None),
            From::Number(number) => (number.min(last), 0, None),
            From::OtherRun => (0, last, Some(GapEvent { lost: None, reason: "restarted".to_owned() })),
        };
        let (position, market_lost) = (history.position(), history.market_lost());
        drop(history);
        Ok(Self {
            feed: feed.clone(),
            place,
            filter,
            number,
            position,
            market_lost,
            first,
            kept_until,
            moved,
        })
    }

    /// What comes next, as frames of the stream; waits for it. `None` = the run is over.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            // what moves from here on wakes the next wait
            self.moved.borrow_and_update();
            let frames = self.take();
            if !frames.is_empty() {
                return Some(frames);
            }
            if self.feed.0.is_over.load(Ordering::Relaxed) {
                return None;
            }
            self.moved.changed().await.ok()?;
        }
    }

    /// What is there already; `None` if that is nothing any more.
    pub(crate) fn next_kept(&mut self) -> Option<Bytes> {
        Some(self.take()).filter(|frames| !frames.is_empty())
    }

    /// What is there for it, at most [`CHUNK_BYTES`] and one event.
    pub(super) fn take(&mut self) -> Bytes {
        let mut frames = Vec::new();
        if let Some(gap) = self.first.take() {
            frames.extend_from_slice(&gap_frame(gap));
        }
        let feed = self.feed.clone();
        let history = lock(&feed.0.history);
        self.look_for_lost_market(&history, &mut frames);
        let mut is_all = true;
        for entry in history.after(self.number, self.position) {
            if frames.len() >= CHUNK_BYTES {
                is_all = false;
                break;
            }
            if entry.number == 0 {
                self.position = entry.position;
            } else {
                self.pass(entry.number - 1, &mut frames);
                self.number = entry.number;
            }
            if self.filter.passes(entry.kind, entry.strategy.as_deref(), entry.instrument.as_deref()) {
                frames.extend_from_slice(&entry.frame);
            }
        }
        if is_all {
            self.pass(history.last_number(), &mut frames);
        }
        Bytes::from(frames)
    }

    /// Numbered events up to this one are lost for it.
    fn pass(&mut self, number: u64, frames: &mut Vec<u8>) {
        if number > self.number {
            if number <= self.kept_until {
                self.number = number;
                return;
            }
            let lost = Some(number - self.number);
            frames.extend_from_slice(&gap_frame(GapEvent { lost, reason: "not_kept".to_owned() }));
            self.number = number;
        }
    }

    /// Market events that this listener has missed.
    fn look_for_lost_market(&mut self, history: &History, frames: &mut Vec<u8>) {
        if !self.filter.wants_market() {
            return;
        }
        let lost = history.market_lost() - self.market_lost;
        self.market_lost = history.market_lost();
        let is_behind = history.forgotten_market() > self.position;
        self.position = self.position.max(history.forgotten_market());
        if lost > 0 || is_behind {
            // how many of those that went from the history this listener wanted is not known
            let lost = (!is_behind).then_some(lost);
            frames.extend_from_slice(&gap_frame(GapEvent { lost, reason: "too_fast".to_owned() }));
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut listeners = lock(&self.feed.0.listeners);
        listeners.all.retain(|(place, _)| *place != self.place);
        if listeners.all.is_empty() {
            listeners.gone = Some(Stopwatch::start());
        }
    }
}

enum From {
    Now,
    Kept,
    Number(u64),
    OtherRun,
}

impl From {
    fn of(after: &After, run: &str) -> Result<Self, String> {
        let id = match after {
            After::Now => return Ok(Self::Now),
            After::Begin => return Ok(Self::Kept),
            After::Id(id) => id,
        };
        let malformed =
            || format!("found event id {id:?} (accepted: 0, or an id of this stream such as {run}-42)");
        let (of_run, number) = id.split_once('-').ok_or_else(malformed)?;
        let is_run = !of_run.is_empty() && of_run.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = number.parse::<u64>().ok().filter(|_| is_run).ok_or_else(malformed)?;
        Ok(if of_run == run { Self::Number(number) } else { Self::OtherRun })
    }
}

fn gap_frame(gap: GapEvent) -> Bytes {
    frame::of(&Event { id: None, at: clock::now().to_string(), what: Happening::Gap(gap) })
}
