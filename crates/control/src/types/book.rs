//! Positions, books, accounts, instruments, risk. Prices, quantities and amounts are decimal numbers.

use serde::{Deserialize, Serialize};

use super::{ScopeKind, Trading, is_false};

/// `GET /v1/positions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PositionList {
    /// By strategy and instrument.
    pub positions: Vec<Position>,
    /// Where the next page begins: to be sent as `cursor`. None on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A position of a strategy. Amounts are in the currency of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Position {
    /// Whose: a strategy, or `manual`.
    pub strategy: String,
    /// Where.
    pub exchange: String,
    /// The symbol.
    pub instrument: String,
    /// `net`; `long` or `short` where positions are hedged.
    pub side: String,
    /// Its size; negative = sold short.
    pub quantity: String,
    /// The average price of what is open.
    pub price_average: Option<String>,
    /// The last price of the instrument.
    pub price_last: Option<String>,
    /// Its value at the last price.
    pub notional: String,
    /// What closed quantities brought.
    pub realized_pnl: String,
    /// What the open quantity would bring.
    pub unrealized_pnl: String,
    /// Fees and costs.
    pub fees: String,
}

/// `GET /v1/portfolio`: the books of the run and of each strategy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Portfolio {
    /// The currency of all amounts.
    pub currency: String,
    /// Cash and the value of all positions.
    pub equity: String,
    /// All strategies together, with the cash at the start.
    pub run: Book,
    /// Each strategy, in the order in which they joined; their cash is what their fills moved.
    pub strategies: Vec<Book>,
}

/// One book: `cash + notional = cash at the start + realized + unrealized - fees`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Book {
    /// Whose: a strategy, `manual`, or `run`.
    pub name: String,
    /// Cash.
    pub cash: String,
    /// Value of the positions at the last prices.
    pub notional: String,
    /// What closed quantities brought.
    pub realized_pnl: String,
    /// What open positions would bring.
    pub unrealized_pnl: String,
    /// Fees and costs.
    pub fees: String,
}

/// `GET /v1/accounts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountList {
    /// All accounts.
    pub accounts: Vec<Account>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    /// `run`: the account that the run keeps itself; `EXCHANGE/ACCOUNT`: as an exchange told it last.
    pub name: String,
    /// `unlimited`, `cash` or `margin`; `exchange` for that of one.
    pub kind: String,
    /// The currency of its amounts.
    pub currency: String,
    /// Cash.
    pub cash: String,
    /// Cash and the value of all positions.
    pub equity: String,
    /// What working buys (cash), or positions and orders (margin) need of it.
    pub used: String,
    /// Whether more may be sold than is held (cash).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_short: Option<bool>,
    /// The part of their value that new positions need (margin).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_margin: Option<String>,
    /// The part below which only orders pass that make a position smaller (margin).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance_margin: Option<String>,
}

/// `GET /v1/instruments`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstrumentList {
    /// By number.
    pub instruments: Vec<Instrument>,
    /// Where the next page begins: to be sent as `cursor`. None on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An instrument, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Instrument {
    /// The symbol.
    pub symbol: String,
    /// Where.
    pub exchange: String,
    /// `equity`, `future`, …
    #[serde(rename = "type")]
    pub instrument_type: String,
    /// The currency of its prices.
    pub currency: String,
    /// The smallest step of its price.
    pub tick: String,
    /// The smallest step of its quantity.
    pub lot: String,
    /// The last price.
    pub price_last: Option<String>,
    /// How often its order book has lost something since the run began, by its sequence numbers or by the word of its source.
    #[serde(default)]
    pub book_gaps: u64,
    /// Whether its exchange has halted it, or its connector is away.
    pub halted: bool,
    /// What may be traded in it, by command and losses.
    pub trading: Trading,
}

/// `GET /v1/risk`: what may be traded, and the limits with what is used of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Risk {
    /// Whether trading was halted for the whole run by command: by the kill switch.
    pub killed: bool,
    /// What all strategies may trade.
    pub trading: Trading,
    /// Whether everything is halted by an exchange.
    pub halted: bool,
    /// The run, then each strategy and instrument that has limits or is not active.
    pub scopes: Vec<RiskScope>,
    /// Whether there are more scopes than are shown.
    #[serde(default, skip_serializing_if = "is_false")]
    pub truncated: bool,
    /// Its tag: what a change of it sends as `If-Match`.
    pub etag: String,
}

/// A scope of risk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RiskScope {
    /// Which sort.
    pub scope: ScopeKind,
    /// The strategy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// The instrument.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<String>,
    /// The exchange of the instrument.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<String>,
    /// What may be traded.
    pub trading: Trading,
    /// Orders that work.
    pub orders_working: u64,
    /// Its limits that have numbers.
    pub limits: Vec<RiskLimit>,
}

/// A limit. Counts and quantities are decimal numbers, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RiskLimit {
    /// Its key in the configuration.
    pub name: String,
    /// What is used; 0 for limits of one order.
    pub used: String,
    /// The largest value that passes.
    pub limit: String,
    /// What is left.
    pub headroom: String,
}
