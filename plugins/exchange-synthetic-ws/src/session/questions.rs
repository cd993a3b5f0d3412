//! What the host asks about: instruments, accounts, orders, fills.

use serde_json::json;
use stratd_plugin_api::{Decimal, Instrument, InstrumentType, Money, Price, Quantity, Reply, Timestamp, abi};

use super::{Asked, Session};
use crate::wire::{self, Fields, InstrumentFields};

/// Decimals of [`Instrument::multiplier`].
const MULTIPLIER_DECIMALS: u8 = 8;

/// A question of the host, with the way of its answer.
pub(super) enum Question {
    Instruments(Reply),
    Lookup(String, Reply),
    Account(Reply),
    OpenOrders(Reply),
    Fills(Timestamp, Reply),
    /// One order, whatever its status.
    Find(u64, Reply),
}

impl Question {
    pub(super) fn fail(self, why: &str) {
        match self {
            Self::Instruments(reply)
            | Self::Lookup(_, reply)
            | Self::Account(reply)
            | Self::OpenOrders(reply)
            | Self::Fills(_, reply)
            | Self::Find(_, reply) => reply.fail(why),
        }
    }
}

impl Session {
    pub(super) fn question(&mut self, question: Question) {
        if !self.is_online() {
            return question.fail(&format!("there is no connection to {}", self.settings.url));
        }
        let (kind, keys) = match &question {
            Question::Instruments(_) | Question::Lookup(..) => ("INSTRUMENTS", json!({})),
            Question::Account(_) => ("ACCOUNT", json!({})),
            Question::OpenOrders(_) => ("OPEN_ORDERS", json!({})),
            Question::Fills(since, _) => ("FILLS", json!({ "since": wire::seconds(*since) })),
            Question::Find(id, _) => ("ORDER", json!({ "client_order_id": self.orders.text_of(*id) })),
        };
        self.ask_keys(Asked::Question(question), kind, keys);
    }

    pub(super) fn answered(&mut self, question: Question, fields: &Fields<'_>) {
        match question {
            Question::Instruments(reply) => match self.register(fields, None, &reply) {
                Ok(_) => reply.done(),
                Err(why) => reply.fail(&why),
            },
            Question::Lookup(symbol, reply) => match self.register(fields, Some(&symbol), &reply) {
                Ok(0) => reply.fail(&format!("the venue has no instrument {symbol}")),
                Ok(_) => reply.done(),
                Err(why) => reply.fail(&why),
            },
            Question::Account(reply) => match self.account(fields) {
                Ok((account, positions)) => {
                    reply.account(&account);
                    positions.iter().for_each(|position| reply.position(position));
                    reply.done();
                }
                Err(why) => reply.fail(&why),
            },
            Question::OpenOrders(reply) => self.open_orders(fields, reply),
            Question::Fills(since, reply) => self.fills(fields, since, reply),
            Question::Find(_, reply) => match &fields.order {
                Some(order) => {
                    reply.open_order(&self.orders.record(order, &self.names));
                    reply.done();
                }
                None => reply.fail("the venue answered without the order"),
            },
        }
    }

    /// The venue cannot answer. That it does not know an order is an answer, if the order cannot be on its way any more:
    /// not on a connection of before, because the venue has closed those, nor on this one, because the question came
    /// after it.
    pub(super) fn unanswered(&self, question: Question, code: &str, message: &str) {
        match question {
            Question::Find(_, reply) if code == "unknown_order" && self.is_fenced => reply.done(),
            question => question.fail(&format!("the venue refused: {code}: {message}")),
        }
    }

    /// Registers all instruments, or the one of a name; how many.
    fn register(
        &mut self,
        fields: &Fields<'_>,
        symbol: Option<&str>,
        reply: &Reply,
    ) -> Result<usize, String> {
        let mut count = 0;
        for found in fields.instruments.iter().filter(|found| symbol.is_none_or(|name| found.name == name)) {
            let mut instrument =
                instrument(found).map_err(|why| format!("instrument {}: {why}", found.name))?;
            instrument.id = reply.instrument(&instrument).map_err(|error| error.to_string())?;
            self.names.insert(instrument);
            count += 1;
        }
        Ok(count)
    }

    /// The account, and what it holds. The host may not know all instruments of the venue, and asks for no position of
    /// one that it does not know.
    fn account(&self, fields: &Fields<'_>) -> Result<(abi::AccountRecord, Vec<abi::PositionRecord>), String> {
        let amount = |name: &str, raw: Option<_>| -> Result<Money, String> {
            wire::money(raw).ok_or_else(|| format!("the account's {name} is no amount"))
        };
        let text = |text: &str| self.host.intern(text).map_err(|error| error.to_string());
        let mut positions = Vec::new();
        for held in &fields.positions {
            let Some(instrument) = self.names.named(&held.instrument) else { continue };
            let size = wire::decimal(held.volume).and_then(|volume| instrument.quantity(volume).ok());
            let size = size.ok_or_else(|| format!("what it holds of {} is no quantity", held.instrument))?;
            positions.push(abi::PositionRecord {
                instrument: instrument.id.0,
                size: size.get(),
                ..abi::PositionRecord::default()
            });
        }
        let account = abi::AccountRecord {
            id: text(&fields.account)?,
            currency: text(&fields.currency)?,
            cash: amount("cash", fields.cash)?.into(),
            equity: amount("equity", fields.equity)?.into(),
            has_positions: 1,
            ..abi::AccountRecord::default()
        };
        Ok((account, positions))
    }

    fn open_orders(&mut self, fields: &Fields<'_>, reply: Reply) {
        self.last_report_is(fields.order_seq);
        let orders: Vec<wire::OrderFields<'_>> =
            match fields.orders.map(|list| serde_json::from_str(list.get())) {
                Some(Ok(orders)) => orders,
                Some(Err(error)) => return reply.fail(&format!("the open orders cannot be read: {error}")),
                None => Vec::new(),
            };
        for order in &orders {
            reply.open_order(&self.orders.record(order, &self.names));
        }
        match orders.last().filter(|_| fields.more) {
            Some(last) => {
                let keys = json!({ "after": last.client_order_id });
                self.ask_keys(Asked::Question(Question::OpenOrders(reply)), "OPEN_ORDERS", keys);
            }
            None => reply.done(),
        }
    }

    fn fills(&mut self, fields: &Fields<'_>, since: Timestamp, reply: Reply) {
        for fill in &fields.fills {
            if let Some(fill) = self.orders.fill(fill, &self.names) {
                reply.fill(&fill);
            }
        }
        match fields.fills.last().and_then(|last| last.order_seq).filter(|_| fields.more) {
            Some(last) => {
                let keys = json!({ "after_order_seq": last });
                self.ask_keys(Asked::Question(Question::Fills(since, reply)), "FILLS", keys);
            }
            None => reply.done(),
        }
    }
}

/// An instrument of the venue; what is unset has its default.
fn instrument(fields: &InstrumentFields<'_>) -> Result<Instrument, String> {
    let kind = InstrumentType::ALL.iter().find(|kind| kind.name().eq_ignore_ascii_case(&fields.kind));
    let mut instrument = Instrument::new(fields.name.clone(), kind.copied().unwrap_or(InstrumentType::Other));
    let digits =
        |raw| wire::decimal(raw).and_then(|number| number.scaled(0).ok()).and_then(|n| u8::try_from(n).ok());
    if let Some(decimals) = digits(fields.price_decimals) {
        instrument.price_decimals = decimals;
    }
    if let Some(decimals) = digits(fields.quantity_decimals) {
        instrument.quantity_decimals = decimals;
    }
    let scaled = |what: &str, number: Decimal, decimals: u8| {
        number.scaled(decimals).map_err(|error| format!("{what}: {error}"))
    };
    if let Some(tick) = wire::decimal(fields.price_increment) {
        instrument.tick = Price::new(scaled("price_increment", tick, instrument.price_decimals)?);
    }
    if let Some(lot) = wire::decimal(fields.lot) {
        instrument.lot = Quantity::new(scaled("lot", lot, instrument.quantity_decimals)?);
    }
    if let Some(value) = wire::decimal(fields.unit_value) {
        instrument.multiplier = scaled("unit_value", value, MULTIPLIER_DECIMALS)?;
    }
    if !fields.currency.is_empty() {
        instrument.currency = fields.currency.clone().into_owned();
    }
    Ok(instrument)
}
