//! Positions, books, accounts, instruments.

use stratd_control::{
    Account, AccountList, Book, Instrument, InstrumentList, Portfolio, Position, PositionList,
};
use stratd_engine::AccountRules;
use stratd_plugin_api::{ExchangeId, InstrumentId, PositionSide, Price, Quantity, Timestamp, abi};

use super::{super::operations::ManagerOperations, orders::symbol, page, words};
use crate::{
    control::{ActionError, PageAsked},
    runtime::{Command, InstrumentRow, LookUp, Names, PortfolioLook, PositionQuery, PositionRow, Trading},
};

/// The account that the run keeps itself.
const RUN: &str = "run";

pub(super) fn positions(
    operations: &ManagerOperations,
    mut asked: PageAsked,
    has_flat: bool,
) -> Result<PositionList, ActionError> {
    let limit = page::limit(&asked)?;
    let after = match &asked.cursor {
        None => None,
        Some(cursor) => Some(place(cursor).ok_or_else(|| page::bad_cursor(cursor))?),
    };
    let query = PositionQuery { which: page::which(&mut asked), has_flat, after, limit };
    let found = operations.ask(|answer| Command::LookUp(LookUp::Positions(query, answer)))?;
    let found = found.map_err(|missing| page::missing(&missing, false))?;
    let positions = found.rows.iter().map(|row| position(row, &found.names)).collect();
    let next = found.next.map(|(strategy, instrument, side)| format!("p{strategy}-{instrument}-{side}"));
    Ok(PositionList { positions, next })
}

fn place(cursor: &str) -> Option<(u16, u32, u16)> {
    let [strategy, instrument, side] = page::numbers(cursor, "p")?;
    Some((u16::try_from(strategy).ok()?, u32::try_from(instrument).ok()?, u16::try_from(side).ok()?))
}

fn position(PositionRow { strategy, position }: &PositionRow, names: &Names) -> Position {
    let id = InstrumentId(position.instrument);
    let known = names.instrument(id);
    // 0 = there is none
    let price = |raw: i64| known.filter(|_| raw != 0).map(|i| i.price_text(Price::new(raw)).to_string());
    Position {
        strategy: names.strategy(*strategy).to_owned(),
        exchange: names.exchange(ExchangeId(position.exchange)).to_owned(),
        instrument: symbol(names, id),
        side: PositionSide::from_code(position.side).unwrap_or(PositionSide::Net).name().to_owned(),
        quantity: known
            .map_or_else(String::new, |i| i.quantity_text(Quantity::new(position.size)).to_string()),
        price_average: price(position.price_average),
        price_last: price(position.price_last),
        notional: words::bits(position.notional),
        realized_pnl: words::bits(position.realized),
        unrealized_pnl: words::bits(position.unrealized),
        fees: words::bits(position.fees),
    }
}

fn look(operations: &ManagerOperations) -> Result<PortfolioLook, ActionError> {
    operations.ask(|answer| Command::LookUp(LookUp::Portfolio(answer)))
}

pub(super) fn portfolio(operations: &ManagerOperations) -> Result<Portfolio, ActionError> {
    let look = look(operations)?;
    Ok(Portfolio {
        currency: operations.run.currency.clone(),
        equity: words::bits(look.run.equity_run),
        run: book(RUN, &look.run),
        strategies: look.strategies.iter().map(|(name, record)| book(name, record)).collect(),
    })
}

fn book(name: &str, record: &abi::PortfolioRecord) -> Book {
    Book {
        name: name.to_owned(),
        cash: words::bits(record.cash),
        notional: words::bits(record.notional),
        realized_pnl: words::bits(record.realized),
        unrealized_pnl: words::bits(record.unrealized),
        fees: words::bits(record.fees),
    }
}

pub(super) fn accounts(operations: &ManagerOperations) -> Result<AccountList, ActionError> {
    let PortfolioLook { account, rules, .. } = look(operations)?;
    let (kind, allow_short, margins) = match rules {
        AccountRules::Unlimited => ("unlimited", None, None),
        AccountRules::Cash { allow_short } => ("cash", Some(allow_short), None),
        AccountRules::Margin { initial, maintenance } => ("margin", None, Some((initial, maintenance))),
    };
    let mut accounts = told_accounts(operations);
    accounts.insert(
        0,
        Account {
            name: RUN.to_owned(),
            kind: kind.to_owned(),
            currency: operations.run.currency.clone(),
            cash: words::bits(account.cash),
            equity: words::bits(account.equity),
            used: words::bits(account.margin),
            allow_short,
            initial_margin: margins.map(|(initial, _)| initial.to_string()),
            maintenance_margin: margins.map(|(_, maintenance)| maintenance.to_string()),
        },
    );
    Ok(AccountList { accounts })
}

/// As the exchanges told them last; what cannot be read is told by the status of the store.
fn told_accounts(operations: &ManagerOperations) -> Vec<Account> {
    let store = operations.store.as_ref().and_then(|store| store.accounts().ok());
    let account =
        |([exchange, account, currency, cash, equity, used], _): ([String; 6], Timestamp)| Account {
            name: format!("{exchange}/{account}"),
            kind: "exchange".to_owned(),
            currency,
            cash,
            equity,
            used,
            allow_short: None,
            initial_margin: None,
            maintenance_margin: None,
        };
    store.unwrap_or_default().into_iter().map(account).collect()
}

pub(super) fn instruments(
    operations: &ManagerOperations,
    mut asked: PageAsked,
) -> Result<InstrumentList, ActionError> {
    let limit = page::limit(&asked)?;
    let after = match &asked.cursor {
        None => 0,
        Some(cursor) => {
            let number = page::numbers(cursor, "i").and_then(|[id]| u32::try_from(id).ok());
            number.ok_or_else(|| page::bad_cursor(cursor))?
        }
    };
    let which = page::which(&mut asked);
    let found =
        operations.ask(|answer| Command::LookUp(LookUp::Instruments(which, (after, limit), answer)))?;
    let found = found.map_err(|missing| page::missing(&missing, false))?;
    let instruments = found.rows.iter().map(|row| instrument(row, &found.names)).collect();
    Ok(InstrumentList { instruments, next: found.next.map(|id| format!("i{id}")) })
}

fn instrument(row: &InstrumentRow, names: &Names) -> Instrument {
    let InstrumentRow { instrument, price_last, book_gaps, is_halted, trading, halt } = row;
    let trading = Trading { state: trading.0, reason: trading.1, halt: halt.clone(), ..Trading::ACTIVE };
    Instrument {
        symbol: instrument.symbol.clone(),
        exchange: names.exchange(instrument.exchange).to_owned(),
        instrument_type: instrument.instrument_type.name().to_owned(),
        currency: instrument.currency.clone(),
        tick: instrument.price_text(instrument.tick).to_string(),
        lot: instrument.quantity_text(instrument.lot).to_string(),
        price_last: price_last.map(|price| instrument.price_text(price).to_string()),
        book_gaps: *book_gaps,
        halted: *is_halted,
        trading: words::trading(&trading),
    }
}
