//! Positions, books, accounts, instruments.

use stratd_control::{AccountList, Book, InstrumentList, Portfolio, PositionList};

use super::{orders::more, table::Grid};

pub(crate) fn positions(list: &PositionList) -> String {
    if list.positions.is_empty() {
        return format!("no positions\n{}", more(list.next.as_deref()));
    }
    let header = [
        "strategy",
        "instrument",
        "exchange",
        "side",
        "quantity",
        "average",
        "last",
        "value",
        "realized",
        "unrealized",
        "fees",
    ];
    let mut grid = Grid::new(&header, 4);
    for position in &list.positions {
        grid.add([
            position.strategy.clone(),
            position.instrument.clone(),
            position.exchange.clone(),
            position.side.clone(),
            position.quantity.clone(),
            position.price_average.clone().unwrap_or_default(),
            position.price_last.clone().unwrap_or_default(),
            position.notional.clone(),
            position.realized_pnl.clone(),
            position.unrealized_pnl.clone(),
            position.fees.clone(),
        ]);
    }
    format!("{}{}", grid.text(), more(list.next.as_deref()))
}

pub(crate) fn portfolio(portfolio: &Portfolio) -> String {
    let mut grid = Grid::new(&["book", "cash", "positions", "realized", "unrealized", "fees"], 1);
    for book in std::iter::once(&portfolio.run).chain(&portfolio.strategies) {
        let Book { name, cash, notional, realized_pnl, unrealized_pnl, fees } = book;
        grid.add([name, cash, notional, realized_pnl, unrealized_pnl, fees].map(Clone::clone));
    }
    format!("equity {} {}\n\n{}", portfolio.equity, portfolio.currency, grid.text())
}

pub(crate) fn accounts(list: &AccountList) -> String {
    let mut grid = Grid::new(&["account", "kind", "currency", "cash", "equity", "used"], 3);
    for account in &list.accounts {
        grid.add([
            account.name.clone(),
            account.kind.clone(),
            account.currency.clone(),
            account.cash.clone(),
            account.equity.clone(),
            account.used.clone(),
        ]);
    }
    grid.text()
}

pub(crate) fn instruments(list: &InstrumentList) -> String {
    if list.instruments.is_empty() {
        return format!("no instruments\n{}", more(list.next.as_deref()));
    }
    let header = ["instrument", "exchange", "type", "currency", "trading", "tick", "lot", "last", "gaps"];
    let mut grid = Grid::new(&header, 5);
    for instrument in &list.instruments {
        let trading =
            if instrument.halted { "halted by its exchange" } else { instrument.trading.state.name() };
        grid.add([
            instrument.symbol.clone(),
            instrument.exchange.clone(),
            instrument.instrument_type.clone(),
            instrument.currency.clone(),
            trading.to_owned(),
            instrument.tick.clone(),
            instrument.lot.clone(),
            instrument.price_last.clone().unwrap_or_default(),
            if instrument.book_gaps == 0 { String::new() } else { instrument.book_gaps.to_string() },
        ]);
    }
    format!("{}{}", grid.text(), more(list.next.as_deref()))
}
