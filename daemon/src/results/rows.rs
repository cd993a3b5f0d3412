//! The rows of `orders.csv` and `fills.csv`.

use std::{collections::BTreeMap, sync::Arc};

use stratd_engine::{Order, StrategyId};
use stratd_plugin_api::{
    Instrument, Lifetime, LiquiditySide, Money, OrderFlags, OrderStatus, OrderType, Price, Quantity, Reason,
    Side, Timestamp, abi,
};

use super::{recorder::Labels, row::Row, row_text::Texts};

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

/// A row as a run notes it: plain values, of which text is made where the file is written.
pub(super) trait Noted: Send + 'static {
    /// The place of its names.
    fn names(&self) -> usize;
    /// Writes its cells.
    fn write(&self, row: &mut Row, texts: &mut Texts, cells: &mut Cells);
}

/// Who the rows are about, by place: what is written of it is quoted once and not in each row.
#[derive(Default)]
pub(super) struct Names {
    made: Vec<(Whose, Arc<Named>)>,
    // look-up only
    places: BTreeMap<Whose, u32>,
    /// The place of the last one: the next is mostly the same.
    last: u32,
}

/// Strategy, exchange and instrument.
pub(super) type Whose = (StrategyId, u16, u32);

/// Cells as they are written.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Strategy, exchange and symbol.
    names: Box<[u8]>,
    /// Of the instrument.
    currency: Box<[u8]>,
}

/// What rows have in common that are about the same.
pub(super) struct Cells {
    named: Arc<Named>,
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
    pub(super) fn new(named: Arc<Named>) -> Self {
        let fills = [Side::Buy, Side::Sell].map(|side| {
            let mut row = Row::default();
            row.cells(&named.names);
            row.word(side.name());
            row.into_cells()
        });
        Self { named, orders: [None, None], fills }
    }

    /// The cells of an order from the names to the lifetime.
    fn of_order(&mut self, side: Side, kind: Kind) -> &[u8] {
        let known = &mut self.orders[place_of(side)];
        if known.as_ref().is_none_or(|(known, _)| *known != kind) {
            *known = Some((kind, order_cells(&self.named.names, side, kind)));
        }
        known.as_ref().map_or(&[], |(_, cells)| cells)
    }
}

fn order_cells(names: &[u8], side: Side, (order_type, flags, lifetime): Kind) -> Box<[u8]> {
    let mut row = Row::default();
    row.cells(names);
    row.word(side.name());
    row.word(order_type.name());
    row.shown(format_args!("{flags}"));
    match lifetime {
        Lifetime::Gtc => row.word("gtc"),
        Lifetime::Day => row.word("day"),
        Lifetime::Gtd(end) => row.shown(format_args!("gtd {end}")),
    }
    row.into_cells()
}

impl Names {
    /// The place of those of a row. An instrument that is not known is shown by its number.
    #[inline]
    pub(super) fn place(&mut self, whose: Whose, known: Option<&Instrument>, labels: &Labels) -> u32 {
        let last = self.made.get(usize::try_from(self.last).unwrap_or(usize::MAX));
        if last.is_none_or(|(last, _)| *last != whose) {
            self.last = self.look_up(whose, known, labels);
        }
        self.last
    }

    fn look_up(&mut self, whose: Whose, known: Option<&Instrument>, labels: &Labels) -> u32 {
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
            let place = u32::try_from(made.len()).unwrap_or(u32::MAX);
            made.push((
                whose,
                Arc::new(Named { names: names.into_cells(), currency: currency.into_cells() }),
            ));
            place
        })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.made.len()
    }

    /// Those from a place on.
    pub(super) fn from(&self, place: usize) -> impl Iterator<Item = Arc<Named>> {
        self.made.iter().skip(place).map(|(_, named)| Arc::clone(named))
    }

    /// The cells of one row, apart from its file.
    pub(super) fn cells(&self, place: u32) -> Option<Cells> {
        self.from(usize::try_from(place).ok()?).next().map(Cells::new)
    }
}

/// An execution.
pub(super) struct NotedFill {
    at: Timestamp,
    order: u64,
    quantity: i64,
    price: i64,
    notional: Money,
    fee: Money,
    slippage: Money,
    transaction_cost: Money,
    cost: Money,
    names: u32,
    quantity_decimals: u8,
    price_decimals: u8,
    side: u8,
    liquidity: u8,
}

impl NotedFill {
    /// One that is worth so much in the currency of its instrument, and cost so much in that of the run.
    pub(super) fn of(
        (fill, instrument): (&abi::FillRecord, &Instrument),
        (notional, cost): (Money, Money),
        names: u32,
    ) -> Self {
        Self {
            at: Timestamp::new(fill.ts),
            order: fill.client_order_id,
            quantity: fill.quantity,
            price: fill.price,
            notional,
            fee: fill.fee.into(),
            slippage: fill.slippage.into(),
            transaction_cost: fill.transaction_cost.into(),
            cost,
            names,
            quantity_decimals: instrument.quantity_decimals,
            price_decimals: instrument.price_decimals,
            side: fill.side,
            liquidity: fill.liquidity,
        }
    }
}

impl Noted for NotedFill {
    fn names(&self) -> usize {
        usize::try_from(self.names).unwrap_or(usize::MAX)
    }

    fn write(&self, row: &mut Row, texts: &mut Texts, cells: &mut Cells) {
        row.time(&mut texts.time, self.at);
        match Side::from_code(self.side) {
            Some(side) => row.cells(&cells.fills[place_of(side)]),
            None => {
                row.cells(&cells.named.names);
                row.nothing();
            }
        }
        row.scaled(self.quantity, self.quantity_decimals);
        row.scaled(self.price, self.price_decimals);
        row.cents(self.notional);
        row.money(self.fee);
        row.money(self.slippage);
        row.money(self.transaction_cost);
        row.cells(&cells.named.currency);
        row.money(self.cost);
        row.word(LiquiditySide::from_code(self.liquidity).map_or("", LiquiditySide::name));
        row.id(&mut texts.id, self.order);
    }
}

/// An order as it is.
pub(super) struct NotedOrder {
    id: u64,
    kind: Kind,
    quantity: Quantity,
    filled: Quantity,
    price: Option<Price>,
    stop_price: Option<Price>,
    average: Option<Price>,
    created: Timestamp,
    updated: Timestamp,
    names: u32,
    quantity_decimals: u8,
    price_decimals: u8,
    side: Side,
    status: OrderStatus,
    reason: Reason,
}

impl NotedOrder {
    /// Without its instrument, a number is shown as it is kept.
    pub(super) fn of((order, known): (&Order, Option<&Instrument>), names: u32) -> Self {
        let request = &order.request;
        let (quantity_decimals, price_decimals) =
            known.map_or((0, 0), |known| (known.quantity_decimals, known.price_decimals));
        Self {
            id: order.id.0,
            kind: (request.order_type, request.flags, request.lifetime),
            quantity: request.quantity,
            filled: order.filled,
            price: request.price,
            stop_price: request.stop_price,
            average: order.price_average(),
            created: order.created,
            updated: order.updated,
            names,
            quantity_decimals,
            price_decimals,
            side: request.side,
            status: order.status(),
            reason: order.reason(),
        }
    }
}

impl Noted for NotedOrder {
    fn names(&self) -> usize {
        usize::try_from(self.names).unwrap_or(usize::MAX)
    }

    fn write(&self, row: &mut Row, texts: &mut Texts, cells: &mut Cells) {
        let price = |row: &mut Row, price: Option<Price>| match price {
            Some(price) => row.scaled(price.get(), self.price_decimals),
            None => row.nothing(),
        };
        row.id(&mut texts.id, self.id);
        row.cells(cells.of_order(self.side, self.kind));
        row.scaled(self.quantity.get(), self.quantity_decimals);
        price(row, self.price);
        price(row, self.stop_price);
        row.word(self.status.name());
        row.scaled(self.filled.get(), self.quantity_decimals);
        price(row, self.average);
        row.time(&mut texts.time, self.created);
        row.time(&mut texts.time, self.updated);
        row.word(match self.reason {
            Reason::None => "",
            reason => reason.name(),
        });
    }
}

// three blocks of each are in memory at most
const _: () = assert!(size_of::<NotedFill>() <= 128 && size_of::<NotedOrder>() <= 128);
