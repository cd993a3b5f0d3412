//! What is asked of the venue, and when again.

use std::collections::BTreeSet;

use serde_json::json;
use stratd_plugin_api::Level;

use super::{Asked, Broken, HEARTBEATS_MISSED_MAX, MS, Phase, Session, Subscribed, market::Need};

impl Session {
    pub(super) fn ask_snapshots(&mut self) {
        // an answer to an older question would be taken for that to this one
        self.asked.retain(|_, (_, asked)| !matches!(asked, Asked::Subscribe | Asked::Resume));
        let names = self.names.all().map(|instrument| instrument.symbol.clone());
        let names: BTreeSet<String> = names.filter(|name| self.is_subscribed(name)).collect();
        self.snapshot_heard = self.now();
        self.market.tell_gaps(&self.names, &mut self.tell);
        self.market.awaits_snapshots(names.clone());
        if matches!(self.subscribed, Subscribed::All) {
            self.ask_keys(Asked::Subscribe, "SUBSCRIBE", json!({}));
        } else {
            for name in names {
                self.ask_keys(Asked::Subscribe, "SUBSCRIBE", json!({ "instrument": name }));
            }
        }
    }

    /// `is_new`: the connection has no subscriptions yet.
    pub(super) fn ask_resume(&mut self, after: u64, is_new: bool) {
        self.market.awaits_events();
        let keys = match &self.subscribed {
            Subscribed::Some(names) if is_new => json!({ "after": after, "instruments": names }),
            _ => json!({ "after": after }),
        };
        self.ask_keys(Asked::Resume, "RESUME", keys);
    }

    pub(super) fn provide(&mut self, need: Need) {
        match need {
            Need::Nothing => {}
            Need::Resume(last) => {
                self.host.log(
                    Level::WARNING,
                    format_args!("public events after {last} are missing; they are asked for"),
                );
                self.ask_resume(last, false);
            }
            Need::Snapshot => {
                self.host.log(Level::WARNING, "a snapshot is incomplete; it is asked for again");
                self.ask_snapshots();
            }
        }
    }

    pub(super) fn fetch_reports(&mut self, last: u64) {
        self.orders.is_fetching = true;
        self.ask_keys(Asked::Reports, "REPORTS", json!({ "after": last }));
    }

    /// The venue's last report; one that was lost on the way is asked for.
    pub(super) fn last_report_is(&mut self, order_seq: Option<u64>) {
        let (Some(there), Some(last)) = (order_seq, self.orders.last) else { return };
        if there > last && !self.orders.is_fetching {
            self.fetch_reports(last);
        }
    }

    /// Asks for orders, and sends cancels, whose time has come.
    pub(super) fn ask_due(&mut self) {
        let (now, answer_ns) = (self.now(), self.settings.answer_ns);
        for id in self.orders.take_unanswered(now, answer_ns, &mut self.tell) {
            let text = self.orders.text_of(id);
            self.ask_keys(Asked::Order(id), "ORDER", json!({ "client_order_id": text }));
        }
        for id in self.orders.take_cancels(now, answer_ns) {
            let text = self.orders.text_of(id);
            self.ask_keys(Asked::Cancel(id), "CANCEL", json!({ "client_order_id": text }));
        }
    }

    /// The time goes on.
    pub(crate) fn tick(&mut self) -> Result<(), Broken> {
        let now = self.now();
        if self.phase == Phase::Closed {
            return Ok(());
        }
        let silence = now.saturating_sub(self.heard);
        if silence > self.heartbeat_ns.saturating_mul(HEARTBEATS_MISSED_MAX) {
            return Err(format!("the venue said nothing for {} ms", silence / MS));
        }
        // a clock that was set back must not stretch the patience
        self.heard = self.heard.min(now);
        if self.is_online() {
            self.ask_due();
        }
        let answer_ns = self.settings.answer_ns;
        if self.market.awaits() && now.saturating_sub(self.snapshot_heard) > answer_ns {
            // its last word was lost
            self.provide(Need::Snapshot);
        }
        let overdue: Vec<u64> = self
            .asked
            .iter()
            .filter(|(_, (since, _))| now.saturating_sub(*since) > answer_ns)
            .map(|(request, _)| *request)
            .collect();
        for request in overdue {
            let Some((_, asked)) = self.asked.remove(&request) else { continue };
            match asked {
                Asked::Login => return Err("the venue does not answer the login".to_owned()),
                Asked::Resume => {
                    self.provide(Need::Snapshot);
                    break;
                }
                Asked::Reports => {
                    self.orders.is_fetching = false;
                    self.orders.last.into_iter().for_each(|last| self.fetch_reports(last));
                }
                Asked::Question(question) => question.fail("the venue did not answer in time"),
                // snapshots and orders have a time of their own
                Asked::Subscribe | Asked::New(_) | Asked::Cancel(_) | Asked::Change(_) | Asked::Order(_) => {}
            }
        }
        Ok(())
    }
}
