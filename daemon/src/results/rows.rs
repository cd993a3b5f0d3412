//! The rows of `orders.csv` and `fills.csv`.

use std::collections::BTreeMap;

use stratd_engine::{Order, StrategyId};
use stratd_plugin_api::{
    Instrument, Lifetime, LiquiditySide, Money, OrderFlags, OrderRequest, OrderType, Price, Reason, Side,
    Timestamp, abi,
};

use super::{recorder::Labels, row_file::Row, row_text::Texts};

pub(super) const ORDER_COLUMNS: [&str; 17] = [
    "client_order_id",
    "strategy",
    "exchange",
    "symbol",
    "side",
    "type",
    "flags",
    "lifetime",
    "quantity",
    "price",
    "stop_price",
    "status",
    "filled",
    "price_average",
    "created",
    "updated",
    "reason",
];

pub(super) const FILL_COLUMNS: [&str; 15] = [
    "time",
    "strategy",
    "exchange",
    "symbol",
    "side",
    "quantity",
    "price",
    "notional",
    "fee",
    "slippage",
    "transaction_cost",
    "currency",
    "cost",
    "liquidity",
    "client_order_id",
];

/// The cells that tell whose row it is, as they are written: they are quoted once and not in each row.
#[derive(Default)]
pub(super) struct Names {
    made: Vec<(Whose, Cells)>,
    // look-up only
    places: BTreeMap<Whose, usize>,
    /// Where the last one is: the next is mostly the same.
    last: usize,
}

/// Strategy, exchange and instrument.
pub(super) type Whose = (StrategyId, u16, u32);

/// What rows have in common.
pub(super) struct Cells {
    /// Strategy, exchange and symbol.
    names: Box<[u8]>,
    /// Of the instrument.
    currency: Box<[u8]>,
    /// The names, and what rows have in common besides: of the last order of each side, most are alike.
    orders: [Option<(Kind, Box<[u8]>)>; 2],
    /// The names and the side of an execution.
    fills: [Box<[u8]>; 2],
}

/// What an order is besides its numbers.
type Kind = (OrderType, OrderFlags, Lifetime);

fn place_of(side: Side) -> usize {
    match side {
        Side::Buy => 0,
        Side::Sell => 1,
    }
}

impl Cells {
    fn new(names: Row, currency: Row) -> Self {
        let names = names.into_cells();
        let fills = [Side::Buy, Side::Sell].map(|side| {
            let mut row = Row::default();
            row.cells(&names);
            row.word(side.name());
            row.into_cells()
        });
        Self { names, currency: currency.into_cells(), orders: [None, None], fills }
    }

    /// The cells of an order from the names to the lifetime.
    fn of_order(&mut self, request: &OrderRequest) -> &[u8] {
        let kind = (request.order_type, request.flags, request.lifetime);
        let known = &mut self.orders[place_of(request.side)];
        if known.as_ref().is_none_or(|(known, _)| *known != kind) {
            *known = Some((kind, order_cells(&self.names, request)));
        }
        known.as_ref().map_or(&[], |(_, cells)| cells)
    }
}

fn order_cells(names: &[u8], request: &OrderRequest) -> Box<[u8]> {
    let mut row = Row::default();
    row.cells(names);
    row.word(request.side.name());
    row.word(request.order_type.name());
    row.shown(format_args!("{}", request.flags));
    match request.lifetime {
        Lifetime::Gtc => row.word("gtc"),
        Lifetime::Day => row.word("day"),
        Lifetime::Gtd(end) => row.shown(format_args!("gtd {end}")),
    }
    row.into_cells()
}

impl Names {
    /// Those of a row. An instrument that is not known is shown by its number.
    #[inline]
    pub(super) fn of(&mut self, whose: Whose, known: Option<&Instrument>, labels: &Labels) -> &mut Cells {
        if self.made.get(self.last).is_none_or(|(last, _)| *last != whose) {
            self.last = self.place(whose, known, labels);
        }
        &mut self.made[self.last].1
    }

    fn place(&mut self, whose: Whose, known: Option<&Instrument>, labels: &Labels) -> usize {
        let made = &mut self.made;
        *self.places.entry(whose).or_insert_with(|| {
            let (strategy, exchange, instrument) = whose;
            let (mut names, mut currency) = (Row::default(), Row::default());
            names.text(labels.strategy_name(strategy));
            names.text(labels.exchange_name(exchange));
            match known {
                Some(known) => names.text(&known.symbol),
                None => names.integer(u64::from(instrument)),
            }
            currency.text(known.map_or("", |known| &known.currency));
            made.push((whose, Cells::new(names, currency)));
            made.len() - 1
        })
    }
}

/// Writes the cells of an execution with its value in the currency of its instrument, and all that it cost in that of the
/// run.
pub(super) fn fill_row(
    row: &mut Row,
    texts: &mut Texts,
    (fill, instrument): (&abi::FillRecord, &Instrument),
    (notional, cost): (Money, Money),
    cells: &Cells,
) {
    row.time(&mut texts.time, Timestamp::new(fill.ts));
    match Side::from_code(fill.side) {
        Some(side) => row.cells(&cells.fills[place_of(side)]),
        None => {
            row.cells(&cells.names);
            row.nothing();
        }
    }
    row.scaled(fill.quantity, instrument.quantity_decimals);
    row.scaled(fill.price, instrument.price_decimals);
    row.cents(notional);
    row.money(fill.fee.into());
    row.money(fill.slippage.into());
    row.money(fill.transaction_cost.into());
    row.cells(&cells.currency);
    row.money(cost);
    row.word(LiquiditySide::from_code(fill.liquidity).map_or("", LiquiditySide::name));
    row.id(&mut texts.id, fill.client_order_id);
}

/// Writes the cells of an order as it is. Without its instrument, a number is shown as it is kept.
pub(super) fn order_row(
    row: &mut Row,
    texts: &mut Texts,
    (order, known): (&Order, Option<&Instrument>),
    cells: &mut Cells,
) {
    let request = &order.request;
    let (quantity_decimals, price_decimals) =
        known.map_or((0, 0), |known| (known.quantity_decimals, known.price_decimals));
    let price = |row: &mut Row, price: Option<Price>| match price {
        Some(price) => row.scaled(price.get(), price_decimals),
        None => row.nothing(),
    };
    row.id(&mut texts.id, order.id.0);
    row.cells(cells.of_order(request));
    row.scaled(request.quantity.get(), quantity_decimals);
    price(row, request.price);
    price(row, request.stop_price);
    row.word(order.status().name());
    row.scaled(order.filled.get(), quantity_decimals);
    price(row, order.price_average());
    row.time(&mut texts.time, order.created);
    row.time(&mut texts.time, order.updated);
    row.word(match order.reason() {
        Reason::None => "",
        reason => reason.name(),
    });
}
