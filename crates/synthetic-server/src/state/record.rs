//! Records of the state file, from what they keep and back to it.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use stratd_orderbook::OrderId;
use stratd_plugin_api::{
    InstrumentId, Lifetime, LiquiditySide, Money, OrderEventKind, OrderFlags, OrderRequest, OrderStatus,
    OrderType, Price, Quantity, Reason, Side, Timestamp,
};

use crate::{
    account::Base,
    order::Order,
    report::{Fill, Report},
};

/// One thing that is kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Record {
    Venue(Head),
    Account(AccountRecord),
    Order(OrderRecord),
    Report(ReportRecord),
    Mark(Mark),
}

/// The first record: which venue it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    pub(crate) version: u32,
    pub(crate) run: String,
    pub(crate) seed: u64,
    pub(crate) instruments: u32,
}

/// An account before the first of its reports that follow.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountRecord {
    pub(crate) name: String,
    /// In units of money; a text, because it may have more than 64 bits.
    cash: String,
    positions: Vec<(u32, i64)>,
    /// Number of its last report that is not kept.
    pub(crate) before: u64,
    /// Number and time of its last execution that is not kept.
    pub(crate) fills_forgotten: Option<(u64, i64)>,
}

impl AccountRecord {
    pub(crate) fn base(&self) -> Result<Base> {
        let cash = self
            .cash
            .parse()
            .with_context(|| format!("cash is {:?} (accepted: a whole number)", self.cash))?;
        let positions = self.positions.iter().map(|(id, quantity)| (InstrumentId(*id), *quantity)).collect();
        Ok(Base { cash: Money::new(cash), positions })
    }
}

/// An order as it was when the record was written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderRecord {
    number: u64,
    pub(crate) account: String,
    client_order_id: String,
    instrument: u32,
    side: u8,
    order_type: u8,
    flags: u8,
    quantity: i64,
    price: Option<i64>,
    stop_price: Option<i64>,
    is_day: bool,
    expires: Option<i64>,
    created: i64,
    updated: i64,
    status: u8,
    reason: u32,
    filled: i64,
    exchange_order_id: u64,
    public_id: Option<u64>,
}

impl OrderRecord {
    /// The order; `None` for a code that is not known.
    pub(crate) fn order(&self, account: usize) -> Option<Order> {
        let quantity = Quantity::new(self.quantity);
        let request = OrderRequest::market(InstrumentId(self.instrument), quantity);
        let request = OrderRequest {
            side: Side::from_code(self.side)?,
            order_type: OrderType::from_code(self.order_type)?,
            flags: OrderFlags::from_bits(self.flags)?,
            price: self.price.map(Price::new),
            stop_price: self.stop_price.map(Price::new),
            lifetime: match self.expires {
                Some(end) => Lifetime::Gtd(Timestamp::new(end)),
                None if self.is_day => Lifetime::Day,
                None => Lifetime::Gtc,
            },
            ..request
        };
        Some(Order {
            number: self.number,
            account,
            client_order_id: self.client_order_id.clone(),
            request,
            status: OrderStatus::from_code(self.status)?,
            reason: Reason::from_code(self.reason)?,
            filled: self.filled,
            exchange_order_id: OrderId(self.exchange_order_id),
            public_id: self.public_id.map(OrderId),
            created: Timestamp::new(self.created),
            updated: Timestamp::new(self.updated),
            is_silent: false,
            connection: 0,
        })
    }
}

/// A report.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportRecord {
    /// Its number in the account.
    pub(crate) number: u64,
    pub(crate) order: u64,
    /// The venue's id of the order, once it has one.
    pub(crate) exchange_order_id: u64,
    ts: i64,
    kind: u16,
    status: u8,
    reason: u32,
    price: Option<i64>,
    stop_price: Option<i64>,
    quantity: i64,
    filled: i64,
    fill: Option<FillRecord>,
    triggered: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FillRecord {
    trade: u64,
    price: i64,
    quantity: i64,
    /// In units of money; a text, as cash.
    fee: String,
    liquidity: Option<u8>,
}

impl ReportRecord {
    /// The report; `None` for a code that is not known.
    pub(crate) fn report(&self) -> Option<Report> {
        let fill = match &self.fill {
            None => None,
            Some(fill) => Some(Fill {
                trade: fill.trade,
                price: Price::new(fill.price),
                quantity: fill.quantity,
                fee: Money::new(fill.fee.parse().ok()?),
                liquidity: match fill.liquidity {
                    None => None,
                    Some(code) => Some(LiquiditySide::from_code(code)?),
                },
            }),
        };
        Some(Report {
            order: self.order,
            ts: Timestamp::new(self.ts),
            kind: OrderEventKind::from_code(self.kind)?,
            status: OrderStatus::from_code(self.status)?,
            reason: Reason::from_code(self.reason)?,
            price: self.price.map(Price::new),
            stop_price: self.stop_price.map(Price::new),
            quantity: self.quantity,
            filled: self.filled,
            fill,
            triggered: self.triggered.map(OrderId),
        })
    }
}

/// Numbers that may be in use, so that a later run goes on above them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mark {
    pub(crate) at: i64,
    pub(crate) seq: u64,
    pub(crate) ids: u64,
    pub(crate) trades: u64,
    pub(crate) prices: Vec<i64>,
}

impl Record {
    pub(crate) fn account(
        name: &str,
        base: &Base,
        before: u64,
        fills_forgotten: Option<(u64, Timestamp)>,
    ) -> Self {
        Self::Account(AccountRecord {
            name: name.to_owned(),
            cash: base.cash.get().to_string(),
            positions: base.positions.iter().map(|(id, quantity)| (id.0, *quantity)).collect(),
            before,
            fills_forgotten: fills_forgotten.map(|(number, ts)| (number, ts.get())),
        })
    }

    pub(crate) fn order(account: &str, order: &Order) -> Self {
        let request = &order.request;
        Self::Order(OrderRecord {
            number: order.number,
            account: account.to_owned(),
            client_order_id: order.client_order_id.clone(),
            instrument: request.instrument.0,
            side: request.side.code(),
            order_type: request.order_type.code(),
            flags: request.flags.bits(),
            quantity: request.quantity.get(),
            price: request.price.map(Price::get),
            stop_price: request.stop_price.map(Price::get),
            is_day: request.lifetime == Lifetime::Day,
            expires: match request.lifetime {
                Lifetime::Gtd(end) => Some(end.get()),
                Lifetime::Gtc | Lifetime::Day => None,
            },
            created: order.created.get(),
            updated: order.updated.get(),
            status: order.status.code(),
            reason: order.reason.code(),
            filled: order.filled,
            exchange_order_id: order.exchange_order_id.0,
            public_id: order.public_id.map(|id| id.0),
        })
    }

    pub(crate) fn report(number: u64, exchange_order_id: OrderId, report: &Report) -> Self {
        Self::Report(ReportRecord {
            number,
            order: report.order,
            exchange_order_id: exchange_order_id.0,
            ts: report.ts.get(),
            kind: report.kind.code(),
            status: report.status.code(),
            reason: report.reason.code(),
            price: report.price.map(Price::get),
            stop_price: report.stop_price.map(Price::get),
            quantity: report.quantity,
            filled: report.filled,
            fill: report.fill.map(|fill| FillRecord {
                trade: fill.trade,
                price: fill.price.get(),
                quantity: fill.quantity,
                fee: fill.fee.get().to_string(),
                liquidity: fill.liquidity.map(LiquiditySide::code),
            }),
            triggered: report.triggered.map(|id| id.0),
        })
    }
}
