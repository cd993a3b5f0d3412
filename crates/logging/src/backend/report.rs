//! What the logging system says about itself: records that were lost, handlers that fail.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Backend, FLUSH_INTERVAL_MS, Slot};
use crate::{clock, level::Level, loss::Loss, record::Record, ring::lock, value::Value};

/// The logger of the reports about handlers.
pub(crate) const OWN_LOGGER: &str = "stratd.logging";

const NS_PER_S: i64 = 1_000_000_000;

impl Backend {
    /// Tells, on the logger that lost them, how many records were lost and when.
    pub(super) fn report_losses(&mut self) {
        let mut losses: Vec<Loss> = Vec::new();
        let late = self.channel.take_late_losses();
        for staged in &self.sources {
            // once there is room again: as long as its ring is full the count still grows
            if staged.source.has_losses.swap(false, Ordering::AcqRel) {
                losses.append(&mut lock(&staged.source.losses));
            }
        }
        if losses.is_empty() && late.is_empty() {
            return;
        }
        let policy = lock(&self.channel.overflow).name();
        let full = format!("the ring of their thread was full ({policy})");
        let losses = losses.into_iter().map(|loss| (loss, full.as_str()));
        for (loss, why) in losses.chain(late.into_iter().map(|loss| (loss, "their thread was ending"))) {
            let Some(cell) = self.router.logger_name(loss.logger) else { continue };
            let text = format!(
                "{} records lost between {} and {}: {why}",
                loss.count,
                time_text(loss.first_ns),
                time_text(loss.last_ns)
            );
            let mut record = Record::new(&*cell.name, Level::WARNING, text);
            record.created_ns = clock::now_ns();
            record.fields.add("lost", Value::from(loss.count));
            self.fill_origin(&mut record);
            self.router.route(loss.logger, &mut record, None);
        }
    }

    /// Reports failures of handlers, once a second for each, to all handlers but the one that failed.
    pub(super) fn report_failures(&mut self, now_ns: i64) {
        for (handler, text) in std::mem::take(&mut self.router.failures) {
            let Some(Some(slot)) = self.router.slots.get_mut(handler as usize) else { continue };
            let second = now_ns.div_euclid(NS_PER_S);
            if !self.reports_failures || slot.reported.0 == Some(second) {
                slot.reported.1 += 1;
                continue;
            }
            let silent = std::mem::take(&mut slot.reported.1);
            slot.reported.0 = Some(second);
            let name = slot.status.name.clone();
            let mut record = Record::new(OWN_LOGGER, Level::ERROR, format!("handler {name:?}: {text}"));
            record.created_ns = now_ns;
            record.fields.add("handler", Value::from(name));
            if silent > 0 {
                record.fields.add("not_reported", Value::from(silent));
            }
            self.fill_origin(&mut record);
            let logger = lock(&self.tree).get_or_insert(OWN_LOGGER).unwrap_or(0);
            self.refresh();
            self.router.route(logger, &mut record, Some(handler));
        }
        // a report that failed is counted, and not reported again
        self.router.failures.clear();
    }

    /// Takes up what went wrong on the threads of handlers, a few times a second: it is reported like any failure.
    pub(super) fn take_news(&mut self, now: Instant) {
        let is_due = self.last_news.is_none_or(|last| {
            now.saturating_duration_since(last) >= Duration::from_millis(FLUSH_INTERVAL_MS)
        });
        if !is_due {
            return;
        }
        self.last_news = Some(now);
        for (handler, slot) in (0_u32..).zip(&mut self.router.slots) {
            let news = slot.as_mut().and_then(Slot::take_news);
            self.router.failures.extend(news.map(|news| (handler, news)));
        }
    }

    pub(super) fn fill_origin(&self, record: &mut Record<'_>) {
        let origin = &self.origin;
        record.thread = origin.thread;
        record.thread_name = origin.thread_name.clone().into();
        record.process = origin.process;
        record.process_name = origin.process_name.clone().into();
        record.start_ns = origin.start_ns;
    }
}

pub(super) fn time_text(ns: i64) -> String {
    let mut text = String::new();
    let broken = crate::sys::BrokenTime::local(ns.div_euclid(NS_PER_S));
    if let (Some(broken), Some(pattern)) = (broken, crate::sys::pattern("%Y-%m-%d %H:%M:%S")) {
        broken.write(&pattern, &mut text);
    }
    format!("{text},{:03}", ns.rem_euclid(NS_PER_S) / 1_000_000)
}
