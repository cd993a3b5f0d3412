//! Own orders: what was sent and is not answered, and the reports of the venue.
//!
//! An order is in [`Orders::sent`] from its NEW until the venue says anything of it. Who does not answer in time is
//! asked (ORDER); so is, after a broken connection, the venue that is back. What it says ends the question:
//! - the order is known: it is told as received, and the reports say the rest;
//! - it is not known, and cannot become known any more, because the question went the same way after the order, or
//!   because the venue has closed the way that the order took: told as rejected;
//! - it is not known, and might be on its way still: its outcome stays unknown, and it is asked again.

use std::collections::BTreeMap;

use stratd_plugin_api::{
    ExchangeHandle, LiquiditySide, OrderEventKind, OrderFlags, OrderStatus, OrderType, Reason, Side,
    Timestamp, abi,
};

use crate::{
    tell::Tell,
    wire::{self, Names, OrderFields},
};

/// Between two questions after an order that the venue did not know.
const ASK_AGAIN_NS: i64 = 5_000_000_000;

/// A new order that nobody has said anything of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    correlation: u64,
    instrument: u32,
    /// The connection that it was sent on; 0 = one of another life.
    connection: u64,
    /// When it is asked for.
    due: i64,
    is_unknown: bool,
}

/// A cancel or change that is not done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    correlation: u64,
    /// When it is sent or asked for again; `None` = the venue has it, or it waits for its order to turn up.
    due: Option<i64>,
}

/// All that is open.
pub(crate) struct Orders {
    host: ExchangeHandle,
    prefix: String,
    pub(super) sent: BTreeMap<u64, Sent>,
    pub(super) cancels: BTreeMap<u64, Wanted>,
    pub(super) changes: BTreeMap<u64, Wanted>,
    /// The last report that was taken.
    pub(super) last: Option<u64>,
    /// Missing reports were asked for.
    pub(super) is_fetching: bool,
}

impl Orders {
    pub(super) fn new(host: ExchangeHandle, prefix: String) -> Self {
        let (sent, cancels, changes) = Default::default();
        Self { host, prefix, sent, cancels, changes, last: None, is_fetching: false }
    }

    /// How many requests are open.
    pub(super) fn open(&self) -> usize {
        self.sent.len() + self.cancels.len() + self.changes.len()
    }

    /// The id that an order has at the venue.
    pub(super) fn text_of(&self, id: u64) -> String {
        format!("{}{id}", self.prefix)
    }

    /// The order that the venue calls so; 0 = none of ours.
    pub(super) fn id_of(&self, text: &str) -> u64 {
        let digits = text.strip_prefix(&self.prefix).unwrap_or_default();
        let is_ours = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|_| is_ours).unwrap_or(0)
    }

    pub(super) fn sends(&mut self, command: &abi::OrderCommand, connection: u64, due: i64) {
        let (correlation, instrument) = (command.correlation, command.order.instrument);
        let sent = Sent { correlation, instrument, connection, due, is_unknown: false };
        self.sent.insert(command.client_order_id, sent);
    }

    pub(super) fn wants_cancel(&mut self, command: &abi::OrderCommand, due: Option<i64>) {
        self.cancels.insert(command.client_order_id, Wanted { correlation: command.correlation, due });
    }

    pub(super) fn wants_change(&mut self, command: &abi::OrderCommand, due: i64) {
        let wanted = Wanted { correlation: command.correlation, due: Some(due) };
        self.changes.insert(command.client_order_id, wanted);
    }

    /// An order of another life of the connector that was not answered.
    pub(super) fn remembers(&mut self, id: u64) {
        let sent = Sent { correlation: 0, instrument: 0, connection: 0, due: 0, is_unknown: true };
        self.sent.insert(id, sent);
    }

    /// The connection broke: the outcome of all that is not answered is unknown.
    pub(super) fn lose(&mut self, tell: &mut Tell) -> usize {
        let lost: Vec<u64> = self.sent.keys().copied().collect();
        lost.iter().for_each(|id| self.tell_unknown(*id, tell));
        for wanted in self.cancels.values_mut() {
            wanted.due = Some(0);
        }
        self.is_fetching = false;
        lost.len()
    }

    /// The orders to ask for now: they are due, or all after a new connection.
    pub(super) fn take_unanswered(&mut self, now: i64, answer_ns: i64, tell: &mut Tell) -> Vec<u64> {
        let due: Vec<u64> = self.sent.iter().filter(|(_, sent)| sent.due <= now).map(|(id, _)| *id).collect();
        for id in &due {
            self.tell_unknown(*id, tell);
            if let Some(sent) = self.sent.get_mut(id) {
                sent.due = now.saturating_add(answer_ns);
            }
        }
        let mut asked = due;
        for (id, wanted) in &mut self.changes {
            if wanted.due.is_some_and(|due| due <= now) {
                wanted.due = Some(now.saturating_add(answer_ns));
                if !asked.contains(id) {
                    asked.push(*id);
                }
            }
        }
        asked
    }

    /// The cancels to send now, perhaps again: twice does no harm.
    pub(super) fn take_cancels(&mut self, now: i64, answer_ns: i64) -> Vec<u64> {
        let mut ids = Vec::new();
        for (id, wanted) in &mut self.cancels {
            if wanted.due.is_some_and(|due| due <= now) {
                wanted.due = Some(now.saturating_add(answer_ns));
                ids.push(*id);
            }
        }
        ids
    }

    /// Makes everything due that waits for an answer: the connection is a new one.
    pub(super) fn ask_all(&mut self) {
        self.sent.values_mut().for_each(|sent| sent.due = 0);
        self.cancels.values_mut().for_each(|wanted| wanted.due = Some(0));
        self.changes.values_mut().for_each(|wanted| wanted.due = Some(0));
    }

    fn tell_unknown(&mut self, id: u64, tell: &mut Tell) {
        let Some(sent) = self.sent.get_mut(&id) else { return };
        if !std::mem::replace(&mut sent.is_unknown, true) {
            let correlation = sent.correlation;
            let status = OrderStatus::Unknown;
            tell.own(&abi::OrderEvent {
                correlation,
                ..self.plain(id, OrderEventKind::Received, status, Reason::Exchange)
            });
        }
    }

    /// The venue refused a new order: there is none.
    pub(super) fn refused(&mut self, id: u64, reason: Reason, tell: &mut Tell) {
        let Some(sent) = self.sent.remove(&id) else { return };
        self.ended(id);
        tell.own(&abi::OrderEvent {
            correlation: sent.correlation,
            ..self.plain(id, OrderEventKind::Rejected, OrderStatus::Rejected, reason)
        });
    }

    /// An order that was never sent.
    pub(super) fn not_sent(&self, command: &abi::OrderCommand, tell: &mut Tell) {
        let id = command.client_order_id;
        let status = OrderStatus::Rejected;
        let instrument = command.order.instrument;
        let correlation = command.correlation;
        let event = self.plain(id, OrderEventKind::Rejected, status, Reason::Exchange);
        tell.own(&abi::OrderEvent { instrument, correlation, ..event });
    }

    /// A cancel or change was refused; the order is as it was.
    pub(super) fn request_refused(&self, id: u64, correlation: u64, reason: Reason, tell: &mut Tell) {
        let event = self.plain(id, OrderEventKind::RequestRejected, OrderStatus::Unknown, reason);
        tell.own(&abi::OrderEvent { correlation, ..event });
    }

    /// The venue accepted a cancel: its report will say when the order ended.
    pub(super) fn cancel_accepted(&mut self, id: u64) {
        if let Some(wanted) = self.cancels.get_mut(&id) {
            wanted.due = None;
        }
    }

    /// The venue refused a cancel. Of an order that it may not have yet, that tells nothing: the cancel waits for it.
    pub(super) fn cancel_refused(&mut self, id: u64, reason: Reason, tell: &mut Tell) {
        if reason == Reason::UnknownOrder && self.sent.contains_key(&id) {
            self.cancel_accepted(id);
        } else if let Some(wanted) = self.cancels.remove(&id) {
            self.request_refused(id, wanted.correlation, reason, tell);
        }
    }

    pub(super) fn change_refused(&mut self, id: u64, reason: Reason, tell: &mut Tell) {
        if let Some(wanted) = self.changes.remove(&id) {
            self.request_refused(id, wanted.correlation, reason, tell);
        }
    }

    /// The venue does not know an order that it was asked for. `is_proof` = nor will it ever.
    pub(super) fn not_there(
        &mut self,
        id: u64,
        (connection, is_fenced): (u64, bool),
        tell: &mut Tell,
    ) -> bool {
        let now = self.host.now().get();
        let Some(sent) = self.sent.get_mut(&id) else {
            self.change_refused(id, Reason::UnknownOrder, tell);
            return true;
        };
        let is_proof = is_fenced || sent.connection == connection;
        if is_proof {
            self.refused(id, Reason::UnknownOrder, tell);
        } else {
            sent.due = now.saturating_add(ASK_AGAIN_NS);
        }
        is_proof
    }

    /// How an order stands, as the answer to a question says.
    pub(super) fn stands(&mut self, fields: &OrderFields<'_>, names: &Names, tell: &mut Tell) {
        let id = self.id_of(&fields.client_order_id);
        let status = wire::status(&fields.status);
        if let Some(sent) = self.sent.remove(&id)
            && status != OrderStatus::Rejected
        {
            let event = self.event(fields, OrderEventKind::Received, names);
            let status = OrderStatus::Open.code();
            tell.own(&abi::OrderEvent { status, correlation: sent.correlation, ..event });
            // a cancel that waited for the order to turn up
            if let Some(wanted) = self.cancels.get_mut(&id) {
                wanted.due.get_or_insert(0);
            }
        }
        if let Some(wanted) = self.changes.remove(&id) {
            let event = self.event(fields, OrderEventKind::Change, names);
            tell.own(&abi::OrderEvent { correlation: wanted.correlation, ..event });
        }
        let end = match status {
            OrderStatus::Rejected => OrderEventKind::Rejected,
            OrderStatus::Canceled | OrderStatus::Expired => OrderEventKind::Canceled,
            _ => return,
        };
        self.ended(id);
        tell.own(&self.event(fields, end, names));
    }

    /// A report. `None` = it was taken or is known; else the number of the last one before the gap.
    pub(super) fn report(&mut self, fields: &OrderFields<'_>, names: &Names, tell: &mut Tell) -> Option<u64> {
        let seq = fields.order_seq?;
        // what was before is not known, and cannot be missed
        let last = self.last.unwrap_or(seq.saturating_sub(1));
        if seq <= last {
            return None;
        }
        if seq > last + 1 {
            return Some(last);
        }
        self.last = Some(seq);
        let kind = match &*fields.kind {
            "RECEIVED" => OrderEventKind::Received,
            "REJECTED" => OrderEventKind::Rejected,
            "CANCELED" => OrderEventKind::Canceled,
            "CHANGED" => OrderEventKind::Change,
            "BOUGHT" => OrderEventKind::Bought,
            "SOLD" => OrderEventKind::Sold,
            // a kind of a later protocol
            _ => return None,
        };
        let event = self.event(fields, kind, names);
        let id = event.client_order_id;
        let mut correlation = self.sent.remove(&id).map_or(0, |sent| sent.correlation);
        if kind == OrderEventKind::Change
            && let Some(wanted) = self.changes.remove(&id)
        {
            correlation = wanted.correlation;
        }
        if OrderStatus::from_code(event.status).is_some_and(OrderStatus::is_final) {
            correlation = self.ended(id).unwrap_or(correlation);
        } else if let Some(wanted) = self.cancels.get_mut(&id) {
            // it waited for its order to turn up; if the venue has it already, that does no harm
            if kind == OrderEventKind::Received {
                wanted.due.get_or_insert(0);
            }
        }
        tell.own(&abi::OrderEvent { correlation, ..event });
        None
    }

    /// Nothing is wanted of an order any more; the correlation of its cancel.
    fn ended(&mut self, id: u64) -> Option<u64> {
        self.sent.remove(&id);
        self.changes.remove(&id);
        self.cancels.remove(&id).map(|wanted| wanted.correlation)
    }

    /// A report of the connector itself.
    fn plain(&self, id: u64, kind: OrderEventKind, status: OrderStatus, reason: Reason) -> abi::OrderEvent {
        abi::OrderEvent {
            ts: self.host.now().get(),
            client_order_id: id,
            instrument: self.sent.get(&id).map_or(0, |sent| sent.instrument),
            kind: kind.code(),
            status: status.code(),
            reason: reason.code(),
            ..abi::OrderEvent::default()
        }
    }

    /// What the venue says of an order, as an event.
    fn event(&self, fields: &OrderFields<'_>, kind: OrderEventKind, names: &Names) -> abi::OrderEvent {
        let record = self.record(fields, names);
        let instrument = names.named(&fields.instrument.name);
        let execution = self.fill(fields, names).filter(|_| {
            matches!(kind, OrderEventKind::Bought | OrderEventKind::Sold) && instrument.is_some()
        });
        let execution = execution.unwrap_or_default();
        let liquidity = LiquiditySide::from_code(execution.liquidity).map_or(0, LiquiditySide::event_flag);
        abi::OrderEvent {
            ts: record.updated,
            client_order_id: record.client_order_id,
            exchange_order_id: record.exchange_order_id,
            instrument: record.instrument,
            kind: kind.code(),
            status: record.status,
            side: record.side,
            price: record.price,
            quantity: record.quantity,
            last_price: execution.price,
            last_quantity: execution.quantity,
            cumulative_quantity: record.filled,
            fee: execution.fee,
            trade_id: execution.trade_id,
            reason: wire::reason(&fields.reason).code(),
            order_type: record.order_type,
            flags: record.flags | liquidity,
            ts_recv: self.host.now().get(),
            ..abi::OrderEvent::default()
        }
    }

    /// What the venue says of an order, as a record.
    pub(super) fn record(&self, fields: &OrderFields<'_>, names: &Names) -> abi::OrderRecord {
        let instrument = names.named(&fields.instrument.name);
        let price = |raw| {
            let number = wire::decimal(raw)?;
            instrument?.price(number).ok()
        };
        let quantity = |raw| {
            let number = wire::decimal(raw)?;
            instrument?.quantity(number).ok()
        };
        let at = wire::timestamp(fields.timestamp).unwrap_or_else(|| self.host.now());
        abi::OrderRecord {
            client_order_id: self.id_of(&fields.client_order_id),
            exchange_order_id: wire::handle(&self.host, fields.venue_id()),
            instrument: instrument.map_or(0, |instrument| instrument.id.0),
            side: wire::side(&fields.side).map_or(0, Side::code),
            order_type: order_type(&fields.order_type).code(),
            flags: flags(fields).bits(),
            status: wire::status(&fields.status).code(),
            quantity: quantity(fields.volume).unwrap_or_default().get(),
            filled: quantity(fields.filled).unwrap_or_default().get(),
            price: price(fields.price).unwrap_or_default().get(),
            stop_price: price(fields.stop_price).unwrap_or_default().get(),
            created: at.get(),
            updated: at.get(),
            reason: wire::reason(&fields.reason).code(),
            ..abi::OrderRecord::default()
        }
    }

    /// An execution; `None` if the report is about none, or its numbers are not on the grid.
    pub(super) fn fill(&self, fields: &OrderFields<'_>, names: &Names) -> Option<abi::FillRecord> {
        let instrument = names.named(&fields.instrument.name)?;
        let price = instrument.price(wire::decimal(fields.last_price)?).ok()?;
        let quantity = instrument.quantity(wire::decimal(fields.last_volume)?).ok()?;
        let liquidity = LiquiditySide::ALL.iter().find(|side| side.name() == fields.liquidity);
        Some(abi::FillRecord {
            ts: wire::timestamp(fields.timestamp).unwrap_or(Timestamp::new(0)).get(),
            client_order_id: self.id_of(&fields.client_order_id),
            exchange_order_id: wire::handle(&self.host, fields.venue_id()),
            trade_id: wire::handle(&self.host, &fields.trade_id),
            instrument: instrument.id.0,
            side: wire::side(&fields.side).map_or(0, Side::code),
            liquidity: liquidity.map_or(abi::liquidity::UNKNOWN, |side| side.code()),
            price: price.get(),
            quantity: quantity.get(),
            fee: wire::money(fields.fee).unwrap_or_default().into(),
            ..abi::FillRecord::default()
        })
    }
}

fn order_type(word: &str) -> OrderType {
    match word {
        "MARKET" => OrderType::Market,
        "STOP" => OrderType::StopMarket,
        "STOP_LIMIT" => OrderType::StopLimit,
        _ => OrderType::Limit,
    }
}

fn flags(fields: &OrderFields<'_>) -> OrderFlags {
    let flag = match &*fields.flag {
        "FILL_OR_KILL" => OrderFlags::FILL_OR_KILL,
        "ALL_OR_NONE" => OrderFlags::ALL_OR_NONE,
        "IMMEDIATE_OR_CANCEL" => OrderFlags::IMMEDIATE_OR_CANCEL,
        _ => OrderFlags::NONE,
    };
    let set = [(fields.post_only, OrderFlags::POST_ONLY), (fields.reduce_only, OrderFlags::REDUCE_ONLY)];
    set.into_iter().filter(|(is_set, _)| *is_set).fold(flag, |flags, (_, flag)| flags.with(flag))
}
