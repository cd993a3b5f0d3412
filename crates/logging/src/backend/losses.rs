//! Tells in the log what handlers dropped because their queues were full or nobody would take it.

use super::{Backend, OWN_LOGGER, Slot, report::time_text};
use crate::{clock, level::Level, record::Record, ring::lock, value::Value};

/// Losses of handlers are told this often at most: one line for all of that time.
const REPORT_NS: i64 = 1_000_000_000;

impl Backend {
    /// Tells how many records each handler dropped since the last look, and between when. The line goes to every handler
    /// of the system's own logger but the one that dropped: in its full queue it would push out another record, which
    /// would have to be told of again.
    pub(super) fn report_drops(&mut self) {
        let now = clock::now_ns();
        let since = *self.drops_told_ns.get_or_insert(now);
        if !(0..REPORT_NS).contains(&(now - since)) {
            self.tell_drops(since, now);
        }
    }

    /// Tells what was not told yet: at the end there is no later.
    pub(crate) fn report_last_drops(&mut self) {
        let now = clock::now_ns();
        let since = self.drops_told_ns.unwrap_or(now);
        self.tell_drops(since, now);
    }

    fn tell_drops(&mut self, since: i64, now: i64) {
        if !self.reports_failures {
            return;
        }
        self.drops_told_ns = Some(now);
        let mut lost = Vec::new();
        // a tap tells its reader by itself
        for (handler, slot) in (0_u32..).zip(&mut self.router.slots) {
            let Some(slot) = slot.as_mut().filter(|slot| !slot.survives) else { continue };
            slot.absorb_progress();
            let count = slot.status.dropped - slot.dropped_told;
            if count > 0 {
                slot.dropped_told = slot.status.dropped;
                lost.push((handler, slot.status.name.clone(), count, why_lost(slot, count)));
            }
        }
        for (handler, name, count, why) in lost {
            let (first, last) = (time_text(since), time_text(now));
            let text = format!("handler {name:?}: {count} records lost between {first} and {last}: {why}");
            let mut record = Record::new(OWN_LOGGER, Level::WARNING, text);
            record.created_ns = now;
            record.fields.add("handler", Value::from(name));
            record.fields.add("lost", Value::from(count));
            self.fill_origin(&mut record);
            let logger = lock(&self.tree).get_or_insert(OWN_LOGGER).unwrap_or(0);
            self.refresh();
            self.router.route(logger, &mut record, Some(handler));
        }
    }
}

/// What became of records that were lost and not told of yet.
fn why_lost(slot: &mut Slot, count: u64) -> String {
    let refused = std::mem::take(&mut slot.refused_untold);
    let error = slot.status.last_error.as_deref().unwrap_or("no error is known");
    match count.saturating_sub(refused) {
        full if refused == 0 || full == count => "its queue was full".to_owned(),
        0 => format!("they could not be delivered ({error})"),
        full => format!("its queue was full ({full}), they could not be delivered ({refused}: {error})"),
    }
}
