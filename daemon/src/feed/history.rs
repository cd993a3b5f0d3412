//! What was published and is still kept.
//!
//! Two queues, because market data must not push out what is numbered. Within a queue entries are in the order of their
//! positions; in that of numbered ones also in that of their numbers, which may have holes.

use std::collections::VecDeque;

use axum::body::Bytes;

/// Numbered events that are kept; the oldest go first.
const NUMBERED_MAX: usize = 10_000;
/// Bytes of numbered events that are kept.
const NUMBERED_BYTES_MAX: usize = 8 << 20;
/// Market events that are kept, for listeners that are somewhat behind.
const MARKET_MAX: usize = 8_192;
/// Bytes of market events that are kept.
const MARKET_BYTES_MAX: usize = 4 << 20;

/// An event as it goes over the wire, and what filters look at.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// In the order of publication, over both queues; from 1.
    pub(super) position: u64,
    /// 0 for market data.
    pub(super) number: u64,
    pub(super) kind: &'static str,
    pub(super) strategy: Option<String>,
    pub(super) instrument: Option<String>,
    pub(super) frame: Bytes,
}

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct History {
    numbered: Queue,
    market: Queue,
    /// Of the last numbered event, kept or not.
    last_number: u64,
    position: u64,
    /// Market events that were lost before they came here.
    market_lost: u64,
}

#[derive(Debug, Default)]
struct Queue {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// The position of the last entry that went.
    forgotten: u64,
}

impl Queue {
    fn push(&mut self, entry: Entry, (entries_max, bytes_max): (usize, usize)) {
        self.bytes += entry.frame.len();
        self.entries.push_back(entry);
        while self.entries.len() > entries_max || self.bytes > bytes_max {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.frame.len();
            self.forgotten = oldest.position;
        }
    }
}

impl History {
    /// Takes an event; its position is decided here.
    pub(super) fn push(&mut self, entry: Entry) {
        self.position += 1;
        let entry = Entry { position: self.position, ..entry };
        if entry.number == 0 {
            self.market.push(entry, (MARKET_MAX, MARKET_BYTES_MAX));
        } else {
            self.last_number = self.last_number.max(entry.number);
            self.numbered.push(entry, (NUMBERED_MAX, NUMBERED_BYTES_MAX));
        }
    }

    /// Numbers up to this one have been given, whether their events are here or not.
    pub(super) fn numbered_up_to(&mut self, number: u64) {
        self.last_number = self.last_number.max(number);
    }

    /// So many market events were lost so far.
    pub(super) fn market_lost_up_to(&mut self, lost: u64) {
        self.market_lost = self.market_lost.max(lost);
    }

    pub(super) fn last_number(&self) -> u64 {
        self.last_number
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn market_lost(&self) -> u64 {
        self.market_lost
    }

    pub(super) fn kept(&self) -> u64 {
        self.numbered.entries.len() as u64
    }

    /// The position of the last market event that is not kept any more.
    pub(super) fn forgotten_market(&self) -> u64 {
        self.market.forgotten
    }

    /// What follows the numbered event `number` and the market event at `position`, in the order of publication.
    pub(super) fn after(&self, number: u64, position: u64) -> impl Iterator<Item = &Entry> {
        let first = self.numbered.entries.partition_point(|entry| entry.number <= number);
        let mut numbered = self.numbered.entries.iter().skip(first).peekable();
        let first = self.market.entries.partition_point(|entry| entry.position <= position);
        let mut market = self.market.entries.iter().skip(first).peekable();
        std::iter::from_fn(move || match (numbered.peek(), market.peek()) {
            (Some(one), Some(other)) if one.position < other.position => numbered.next(),
            (Some(_), None) => numbered.next(),
            (_, Some(_)) => market.next(),
            (None, None) => None,
        })
    }
}
