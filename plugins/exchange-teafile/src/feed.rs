//! All files as one: the events in the order of their times.

use std::{cmp::Reverse, collections::BinaryHeap};

use stratd_plugin_api::{Error, ExchangeHandle, Level, Result, abi};

use crate::{config::Settings, source::Source};

/// Files that may be open at once: far below the usual limit of 1,024 of a process.
const OPEN_MAX: usize = 256;

/// Hands out the events of all files.
pub(crate) struct Feed {
    sources: Vec<Source>,
    /// The next item of each file that has one: time, sequence number, file.
    next: BinaryHeap<Reverse<(i64, u64, usize)>>,
    /// The trade of the bar that was handed out last.
    trade: Option<abi::Event>,
    open: usize,
    events: u64,
}

impl Feed {
    pub(crate) fn new(sources: Vec<Source>) -> Self {
        let key = |(index, source): (usize, &Source)| {
            let (time, seq) = source.key();
            Reverse((time, seq, index))
        };
        let next = sources.iter().enumerate().map(key).collect();
        Self { sources, next, trade: None, open: 0, events: 0 }
    }

    /// The next event; `None` at the end, after the summary was logged.
    pub(crate) fn next_event(
        &mut self,
        settings: &Settings,
        host: &ExchangeHandle,
    ) -> Result<Option<abi::Event>> {
        if let Some(trade) = self.trade.take() {
            self.events += 1;
            return Ok(Some(trade));
        }
        let Some(Reverse((_, _, index))) = self.next.pop() else {
            self.log_summary(host);
            return Ok(None);
        };
        // the heap has numbers of sources only
        let Some(source) = self.sources.get_mut(index) else { return Ok(None) };
        if !source.is_open() {
            if self.open == OPEN_MAX {
                return Err(Error::new(format!(
                    "{}: {OPEN_MAX} files are open, whose times overlap with it (accepted: at most {OPEN_MAX} at any time; `tea merge` makes one file of several)",
                    source.path
                )));
            }
            self.open += 1;
        }
        let (event, has_more) = source.take(settings)?;
        if has_more {
            let (time, seq) = source.key();
            self.next.push(Reverse((time, seq, index)));
        } else {
            self.open -= 1;
        }
        if source.layout.has_trade_of_bar {
            self.trade = Some(trade_of(&event));
        }
        self.events += 1;
        Ok(Some(event))
    }

    fn log_summary(&self, host: &ExchangeHandle) {
        let files = self.sources.len();
        let items: u64 = self.sources.iter().map(|source| source.items).sum();
        let files_text = if files == 1 { "file" } else { "files" };
        host.log(
            Level::INFO,
            format_args!("read {items} items of {files} {files_text}: {} events", self.events),
        );
    }
}

/// The trade at the close of a bar.
fn trade_of(bar: &abi::Event) -> abi::Event {
    let [_, _, _, close, volume] = bar.data;
    abi::Event {
        kind: abi::event_kind::TRADE,
        flags: abi::event_flag::FROM_BAR,
        data: [close, volume, 0, 0, 0],
        ..*bar
    }
}
