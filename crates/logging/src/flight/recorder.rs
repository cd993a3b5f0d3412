//! The last records of one logger and those below it: bytes in memory, the oldest forgotten first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use super::FlightOptions;
use crate::{
    clock,
    encoding::{Origin, with_decoded},
    head::Head,
    level::Level,
    logging::Shared,
    record::Record,
    ring::lock,
    value::Value,
};

/// Threads that a recorder tells apart; records of further ones carry the name of the last.
const THREADS_MAX: usize = 32;
/// The field that says why a kept record was handed over.
const FIELD: &str = "flight";
/// Before each kept record: whether the handlers have it, and the number of its thread.
pub(super) const MARK_BYTES: usize = 2;

/// The last records of one logger and those below it.
#[derive(Debug)]
pub(crate) struct Recorder {
    name: Box<str>,
    records_max: usize,
    bytes_max: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// marks and records, one after the other
    bytes: VecDeque<u8>,
    count: usize,
    threads: Vec<Arc<Origin>>,
    forgotten: u64,
}

/// A record of a recorder, whether the handlers have it, and the number of its logger.
pub(super) type Found = (Record<'static>, bool, u32);

impl Recorder {
    pub(super) fn new(name: &str, options: &FlightOptions) -> Self {
        Self {
            name: name.into(),
            records_max: options.records,
            bytes_max: options.bytes,
            kept: Mutex::default(),
        }
    }

    /// Keeps an encoded record.
    pub(super) fn push(&self, record: &[u8], is_routed: bool, origin: &Arc<Origin>) {
        let size = record.len() + MARK_BYTES;
        let mut kept = lock(&self.kept);
        if size > self.bytes_max {
            kept.forgotten += 1;
            return;
        }
        while kept.count >= self.records_max || kept.bytes.len() + size > self.bytes_max {
            kept.forget_oldest();
        }
        let thread = kept.thread(origin);
        kept.bytes.extend([u8::from(is_routed), thread]);
        kept.bytes.extend(record);
        kept.count += 1;
    }

    /// Everything that is kept. With `is_told` the handlers have it all from now on.
    pub(super) fn read(&self, shared: &Shared, is_told: bool) -> (Vec<Found>, u64) {
        let (bytes, threads, forgotten) = {
            let mut kept = lock(&self.kept);
            let bytes = kept.bytes.make_contiguous().to_vec();
            if is_told {
                kept.mark_told();
            }
            (bytes, kept.threads.clone(), kept.forgotten)
        };
        let tree = lock(&shared.tree);
        let mut found = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some(([mark, thread], record)) = rest.split_first_chunk::<MARK_BYTES>() {
            let (Some(head), Some((_, total))) = (Head::read(record), Head::peek(record)) else { break };
            let (Some(record), Some(after)) = (record.get(..total), record.get(total..)) else { break };
            rest = after;
            let Some(origin) = threads.get(usize::from(*thread)) else { continue };
            let name = &tree.node(head.logger).cell.name;
            let kept = with_decoded(&head, record, (name, origin), |record| record.clone().into_owned());
            found.extend(kept.map(|record| (record, *mark != 0, head.logger)));
        }
        (found, forgotten)
    }

    /// What the handlers do not have yet, as they get it: a line that says so, then each with the reason.
    pub(crate) fn untold(&self, shared: &Shared, reason: &str) -> Vec<(Record<'static>, u32)> {
        let (found, _) = self.read(shared, true);
        let mut untold: Vec<(Record<'static>, u32)> = Vec::new();
        for (mut record, is_routed, logger) in found {
            if !is_routed {
                record.fields.add(FIELD, Value::from(reason.to_owned()));
                untold.push((record, logger));
            }
        }
        if untold.is_empty() {
            return untold;
        }
        let text = format!("flight recorder: {} earlier records follow ({reason})", untold.len());
        let mut head = Record::new(self.name.to_string(), Level::INFO, text);
        head.created_ns = clock::now_ns();
        head.fields.add(FIELD, Value::from(reason.to_owned()));
        if let Some((first, _)) = untold.first() {
            head.start_ns = first.start_ns;
            head.process = first.process;
        }
        let logger = lock(&shared.tree).get_or_insert(&self.name).unwrap_or(0);
        untold.insert(0, (head, logger));
        untold
    }

    /// Hands over what the handlers do not have yet, through the ring of this thread.
    pub(super) fn dump(&self, shared: &Arc<Shared>, reason: &str) -> usize {
        let untold = self.untold(shared, reason);
        for (record, _) in &untold {
            // it has the name of a logger that exists
            if let Ok(logger) = Shared::logger(shared, &record.name) {
                logger.handle(record);
            }
        }
        untold.len().saturating_sub(1)
    }
}

impl Kept {
    fn forget_oldest(&mut self) {
        let total = self.bytes.iter().skip(MARK_BYTES).take(4);
        let total =
            total.zip([0, 8, 16, 24]).fold(0_usize, |sum, (&byte, shift)| sum | usize::from(byte) << shift);
        let size = (total + MARK_BYTES).min(self.bytes.len());
        self.bytes.drain(..size);
        self.count = self.count.saturating_sub(1);
        self.forgotten += 1;
    }

    fn mark_told(&mut self) {
        let bytes = self.bytes.make_contiguous();
        let mut at = 0;
        while let Some(mark) = bytes.get_mut(at) {
            *mark = 1;
            let record = bytes.get(at + MARK_BYTES..).unwrap_or_default();
            let Some((_, total)) = Head::peek(record) else { break };
            at += MARK_BYTES + total;
        }
    }

    fn thread(&mut self, origin: &Arc<Origin>) -> u8 {
        let known = self.threads.iter().position(|known| Arc::ptr_eq(known, origin));
        let index = known.unwrap_or_else(|| {
            if self.threads.len() < THREADS_MAX {
                self.threads.push(Arc::clone(origin));
            }
            self.threads.len() - 1
        });
        // THREADS_MAX fits
        u8::try_from(index).unwrap_or(u8::MAX)
    }
}
