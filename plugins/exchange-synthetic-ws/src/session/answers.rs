//! What the venue says.

use stratd_plugin_api::{Level, Reason};

use super::{Asked, Broken, Phase, Session};
use crate::wire::{self, Fields, OrderFields};

/// So much of a frame that cannot be read is shown.
const SHOWN_BYTES_MAX: usize = 200;

impl Session {
    /// A frame of the venue.
    ///
    /// # Errors
    /// The connection is not usable any more, and why.
    pub(crate) fn frame(&mut self, text: &str) -> Result<(), Broken> {
        self.heard = self.now();
        let kind = wire::kind_of(text).ok_or_else(|| unreadable(text, "it has no type"))?;
        match &*kind {
            "OPEN" | "CANCEL" | "CHANGE" | "FILL" | "TRADE" => {
                let fields: OrderFields<'_> = read(text)?;
                if fields.snapshot {
                    self.snapshot_heard = self.heard;
                    self.market.snapshot_order(&fields, &self.names);
                } else {
                    let need = self.market.event(&fields, &self.names, &mut self.tell);
                    self.provide(need);
                }
                Ok(())
            }
            "RECEIVED" | "REJECTED" | "CANCELED" | "CHANGED" | "BOUGHT" | "SOLD" => {
                let fields: OrderFields<'_> = read(text)?;
                self.report(&fields);
                Ok(())
            }
            _ => self.answer(&kind, &read(text)?),
        }
    }

    fn answer(&mut self, kind: &str, fields: &Fields<'_>) -> Result<(), Broken> {
        match (kind, self.phase) {
            ("HELLO", Phase::Opened) => return self.greeted(fields),
            (_, Phase::Opened) => return Err(format!("the venue began with {kind} (accepted: HELLO)")),
            ("SNAPSHOT", _) => {
                self.snapshot_heard = self.heard;
                let count = fields.orders.and_then(|count| count.get().parse().ok()).unwrap_or(0);
                let end = (&*fields.instrument, fields.seq.unwrap_or(0), count);
                let need = self.market.snapshot_end(end, &self.names, &mut self.tell);
                self.provide(need);
                if self.market.is_live() {
                    self.go_on();
                }
                return Ok(());
            }
            ("HEARTBEAT", _) => {
                if self.is_online() {
                    let need = self.market.heartbeat(fields.prev.unwrap_or(0));
                    self.provide(need);
                    self.last_report_is(fields.order_seq.filter(|_| self.settings.account.is_some()));
                }
                return Ok(());
            }
            _ => {}
        }
        let Some(request) = fields.request else { return Ok(()) };
        // an answer that comes twice, or late, is about nothing any more
        let Some((_, asked)) = self.asked.remove(&request) else { return Ok(()) };
        if kind == "ERROR" { self.refused(asked, fields) } else { self.done(asked, fields) }
    }

    fn done(&mut self, asked: Asked, fields: &Fields<'_>) -> Result<(), Broken> {
        match asked {
            Asked::Login => self.logged_in(fields.order_seq.unwrap_or(0), fields.fenced),
            Asked::Resume => {
                self.market.resumes();
                self.go_on();
            }
            Asked::Reports => self.reports(fields),
            Asked::Order(_) => {
                if let Some(order) = &fields.order {
                    // what it was told of since comes first, so that its fills come before its end
                    self.last_report_is(fields.order_seq);
                    if self.orders.is_fetching && wire::status(&order.status).is_final() {
                        return Ok(());
                    }
                    self.orders.stands(order, &self.names, &mut self.tell);
                    self.ask_due();
                }
            }
            Asked::Cancel(id) => self.orders.cancel_accepted(id),
            // the reports say the rest
            Asked::New(_) | Asked::Change(_) => {}
            Asked::Subscribe => self.market.begins(),
            Asked::Question(question) => self.answered(question, fields),
        }
        Ok(())
    }

    fn refused(&mut self, asked: Asked, fields: &Fields<'_>) -> Result<(), Broken> {
        let (code, message) = (&*fields.code, &*fields.message);
        let word = if fields.reason.is_empty() { code } else { &*fields.reason };
        let (reason, connection) = (wire::reason(word), (self.connection, self.is_fenced));
        let say = |what: std::fmt::Arguments<'_>| {
            self.host.log(Level::WARNING, format_args!("the venue refused {what}: {code}: {message}"));
        };
        match asked {
            Asked::Login => {
                let why = format!("the venue refused the login: {code}: {message}");
                self.give_up(&why);
                return Err(why);
            }
            Asked::New(id) if code == "duplicate_id" => {
                say(format_args!("order {id}, whose id it knows: the order {} stands", fields.order_id));
                let text = self.orders.text_of(id);
                self.ask_keys(Asked::Order(id), "ORDER", serde_json::json!({ "client_order_id": text }));
            }
            Asked::New(id) => {
                say(format_args!("order {id}"));
                self.orders.refused(id, reason, &mut self.tell);
            }
            Asked::Cancel(id) => self.orders.cancel_refused(id, reason, &mut self.tell),
            Asked::Change(id) => {
                say(format_args!("the change of order {id}"));
                self.orders.change_refused(id, reason, &mut self.tell);
            }
            Asked::Order(id) if reason == Reason::UnknownOrder => {
                let is_settled = self.orders.not_there(id, connection, &mut self.tell);
                let outcome = if is_settled { "and cannot get it any more" } else { "yet" };
                self.host.log(Level::WARNING, format_args!("the venue does not have order {id} {outcome}"));
            }
            // asked again when it is due
            Asked::Order(id) => say(format_args!("to tell of order {id}")),
            Asked::Resume => {
                say(format_args!("the missing events; new snapshots are asked for"));
                self.ask_snapshots();
            }
            Asked::Subscribe => {
                return Err(format!("the venue refused market data: {code}: {message}"));
            }
            Asked::Reports => {
                self.orders.is_fetching = false;
                self.host.log(
                    Level::ERROR,
                    format_args!("the venue does not keep the missing reports any more: {code}: {message}; fills since then are for the host to ask for"),
                );
                // the next login or heartbeat says where it is now
                self.orders.last = fields.order_seq;
                self.go_on();
            }
            Asked::Question(question) => self.unanswered(question, code, message),
        }
        Ok(())
    }

    /// A report of an own order.
    fn report(&mut self, fields: &OrderFields<'_>) {
        if !self.is_online() {
            return;
        }
        if let Some(last) = self.orders.report(fields, &self.names, &mut self.tell)
            && !self.orders.is_fetching
        {
            self.host
                .log(Level::WARNING, format_args!("reports after {last} are missing; they are asked for"));
            self.fetch_reports(last);
        }
        if fields.kind == "REJECTED" {
            self.host.log(
                Level::WARNING,
                format_args!(
                    "the venue rejected order {}: {} {}",
                    fields.client_order_id, fields.reason, fields.message
                ),
            );
        }
        // a cancel may have waited for this
        if !self.orders.cancels.is_empty() {
            self.ask_due();
        }
    }

    /// Reports that were missing.
    fn reports(&mut self, fields: &Fields<'_>) {
        self.orders.is_fetching = false;
        for report in &fields.reports {
            // a page has no gaps
            let _ = self.orders.report(report, &self.names, &mut self.tell);
        }
        match self.orders.last {
            Some(last) if fields.more => self.fetch_reports(last),
            _ => self.go_on(),
        }
    }
}

fn read<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, Broken> {
    serde_json::from_str(text).map_err(|error| unreadable(text, &error.to_string()))
}

fn unreadable(text: &str, why: &str) -> Broken {
    let shown = &text[..text.floor_char_boundary(SHOWN_BYTES_MAX)];
    format!("a frame cannot be read: {why}: {shown}")
}
