//! Orders, fills, and orders by hand.

use serde::{Deserialize, Serialize};

use super::is_false;

/// `GET /v1/orders`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderList {
    /// Working orders by id, then those that have ended, the last one first.
    pub orders: Vec<Order>,
    /// Where the next page begins: to be sent as `cursor`. None on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `GET /v1/orders/ID`. Prices, quantities and amounts are decimal numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Order {
    /// Our id. A text, because not every reader of JSON keeps 63 bits.
    pub client_order_id: String,
    /// The exchange's id, once it has told one.
    pub exchange_order_id: Option<String>,
    /// Whose: a strategy, or `manual`.
    pub strategy: String,
    /// Where.
    pub exchange: String,
    /// The symbol.
    pub instrument: String,
    /// `buy` or `sell`.
    pub side: String,
    /// `market`, `limit`, …
    #[serde(rename = "type")]
    pub order_type: String,
    /// `post_only`, `reduce_only`, …
    pub flags: Vec<String>,
    /// `gtc`, `day`, or the time until which it works.
    pub lifetime: String,
    /// The total quantity; 0 for an order by amount that is not filled yet.
    pub quantity: String,
    /// The amount of an order by amount.
    pub notional: Option<String>,
    /// The limit price.
    pub price: Option<String>,
    /// The stop price.
    pub stop_price: Option<String>,
    /// The distance of a trailing stop.
    pub trail: Option<String>,
    /// `pending_new`, `open`, `partially_filled`, `filled`, `pending_cancel`, `canceled`, `rejected`, `denied`,
    /// `expired` or `unknown`.
    pub status: String,
    /// `price`, `entry` or `group`: stratd holds the order until its price comes, the order that it is attached to is filled, or
    /// the orders that it excludes have left the exchange. Absent: the exchange has it, or it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// Its group: the number that its author chose, or the id of the order that it is attached to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The order that it is attached to, which it waits for and trades no more than.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attached_to: Option<String>,
    /// Executed so far.
    pub filled: String,
    /// The average price of its executions.
    pub price_average: Option<String>,
    /// When it was asked for.
    pub created: String,
    /// When something last happened to it.
    pub updated: String,
    /// Why it was denied, rejected or canceled.
    pub reason: Option<String>,
    /// Whether a person asked for it.
    pub by_hand: bool,
    /// Its tag: what a change of it sends as `If-Match`.
    pub etag: String,
}

/// `GET /v1/fills`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FillList {
    /// Own executions, the last one first.
    pub fills: Vec<Fill>,
    /// Where the next page begins: to be sent as `cursor`. None on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An own execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fill {
    /// The number of the event that told it.
    pub sequence: u64,
    /// When, by the exchange.
    pub time: String,
    /// Whose: a strategy, or `manual`.
    pub strategy: String,
    /// Where.
    pub exchange: String,
    /// The symbol.
    pub instrument: String,
    /// `buy` or `sell`.
    pub side: String,
    /// The quantity.
    pub quantity: String,
    /// The price.
    pub price: String,
    /// The exchange's fee, in the currency of the instrument.
    pub fee: String,
    /// Slippage by the model.
    pub slippage: String,
    /// Transaction cost by the model.
    pub transaction_cost: String,
    /// `maker` or `taker`, if the exchange tells.
    pub liquidity: Option<String>,
    /// Our id of the order.
    pub client_order_id: String,
    /// The exchange's id of the trade.
    pub trade_id: Option<String>,
}

/// The body of `POST /v1/orders`: an order by hand. It passes the same limits as those of strategies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewOrderRequest {
    /// The symbol.
    pub instrument: String,
    /// The exchange of the instrument, if several have the symbol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<String>,
    /// The strategy that it is made for, which hears of it as of its own; `manual` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// `buy` or `sell`.
    pub side: String,
    /// `market`, `limit`, …; if absent `limit` with a price, else `market`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub order_type: Option<String>,
    /// The quantity, as a decimal number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<String>,
    /// In the place of a quantity: a market order spends or raises at most this much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notional: Option<String>,
    /// The limit price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// The stop price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_price: Option<String>,
    /// The distance of a trailing stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail: Option<String>,
    /// `fill_or_kill`, `all_or_none`, `immediate_or_cancel`, `post_only`, `reduce_only`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// `gtc`, `day`, or a time in RFC 3339; `gtc` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<String>,
    /// A number from 1 on that its author chooses: orders of one owner, instrument and number exclude each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<u32>,
    /// The id of the order that it is attached to: it waits until that one is filled, and trades no more than was. Its owner
    /// is that of the order, if no strategy is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attached_to: Option<String>,
    /// A limit order at this price is attached to it, which closes what it opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take_profit: Option<String>,
    /// A stop at this price is attached to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_loss: Option<String>,
    /// In the place of `stop_loss`: a stop that follows the best price at this distance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_loss_trail: Option<String>,
}

/// The body of `PATCH /v1/orders/ID`: what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeOrderRequest {
    /// The new total quantity, what is filled included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<String>,
    /// The new limit price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
}

/// The body of `POST /v1/orders/cancel-all`; what is absent means all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CancelAllRequest {
    /// Of one strategy, or of `manual`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// In one instrument, by symbol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<String>,
    /// The exchange of the instrument, if several have the symbol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<String>,
}

/// The answer to an order, change or cancel by hand: it left before the answer was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderDone {
    /// What was done, in a sentence.
    pub report: String,
    /// The order now; after a dry run as it would be, without an id if it is a new one.
    pub order: Order,
    /// The ways out that were attached to a new order. One that was denied is among them: then nothing ends its position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attached: Vec<Order>,
    /// The quantity that was asked for, if a limit cut it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduced_from: Option<String>,
    /// The limit that cut it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduced_by: Option<String>,
    /// Whether it was only looked at (`?dry_run=true`): nothing was changed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dry_run: bool,
}

/// The answer to `POST /v1/orders/cancel-all`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CancelAllDone {
    /// What was done, in a sentence.
    pub report: String,
    /// How many cancels were sent.
    pub canceled: u64,
    /// Whether it was only looked at (`?dry_run=true`): nothing was changed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dry_run: bool,
}
