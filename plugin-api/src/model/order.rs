//! Orders: what is asked for, what becomes of it.

use std::fmt;

use stratd_abi as abi;

use super::{ExchangeId, InstrumentId, Money, Price, Quantity, Timestamp};

/// Makes an enum whose variants carry the integer of the ABI.
/// Written once here because each of them needs the same four functions; the variants stay ordinary code.
macro_rules! coded {
    ($(#[$doc:meta])* $name:ident: $repr:ty { $($(#[$variant_doc:meta])* $variant:ident = $code:expr, $text:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The integer at the ABI.
            #[must_use]
            pub const fn code(self) -> $repr {
                match self { $($name::$variant => $code,)+ }
            }

            /// From the integer at the ABI; `None` for one that is not known.
            #[must_use]
            pub const fn from_code(code: $repr) -> Option<Self> {
                $(if code == $code { return Some($name::$variant); })+
                None
            }

            /// The word used in config, JSON, logs and tables.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    };
}
pub(crate) use coded;

coded! {
    /// Side of an order or trade.
    Side: u8 {
        /// Buy.
        Buy = abi::side::BUY, "buy";
        /// Sell.
        Sell = abi::side::SELL, "sell";
    }
}

coded! {
    /// How an own execution came about.
    LiquiditySide: u8 {
        /// The order rested and was met.
        Maker = abi::liquidity::MAKER, "maker";
        /// The order took what was there.
        Taker = abi::liquidity::TAKER, "taker";
    }
}

impl LiquiditySide {
    /// From the flags of an order event; `None` if the exchange does not tell.
    #[must_use]
    pub const fn from_event_flags(flags: u8) -> Option<Self> {
        if flags & abi::order_event_flag::MAKER != 0 {
            Some(Self::Maker)
        } else if flags & abi::order_event_flag::TAKER != 0 {
            Some(Self::Taker)
        } else {
            None
        }
    }

    /// The bit of an order event's flags.
    #[must_use]
    pub const fn event_flag(self) -> u8 {
        match self {
            Self::Maker => abi::order_event_flag::MAKER,
            Self::Taker => abi::order_event_flag::TAKER,
        }
    }
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }
}

coded! {
    /// Order types.
    OrderType: u8 {
        /// Executes at once at the best prices.
        Market = abi::order_type::MARKET, "market";
        /// Executes at its price or better, rests otherwise.
        Limit = abi::order_type::LIMIT, "limit";
        /// Becomes a market order once the last price reaches the stop price.
        StopMarket = abi::order_type::STOP_MARKET, "stop_market";
        /// Becomes a limit order once the last price reaches the stop price.
        StopLimit = abi::order_type::STOP_LIMIT, "stop_limit";
        /// Becomes a market order once the last price is at the stop price or better.
        MarketIfTouched = abi::order_type::MARKET_IF_TOUCHED, "market_if_touched";
        /// Becomes a limit order once the last price is at the stop price or better.
        LimitIfTouched = abi::order_type::LIMIT_IF_TOUCHED, "limit_if_touched";
        /// A stop whose price follows the best price.
        TrailingStop = abi::order_type::TRAILING_STOP, "trailing_stop";
    }
}

coded! {
    /// Order status.
    OrderStatus: u8 {
        /// Sent or about to be sent; the exchange has not answered.
        PendingNew = abi::order_status::PENDING_NEW, "pending_new";
        /// Working, nothing filled.
        Open = abi::order_status::OPEN, "open";
        /// Working, partly filled.
        PartiallyFilled = abi::order_status::PARTIALLY_FILLED, "partially_filled";
        /// Completely filled.
        Filled = abi::order_status::FILLED, "filled";
        /// A cancel was sent; fills may still come.
        PendingCancel = abi::order_status::PENDING_CANCEL, "pending_cancel";
        /// Canceled; may have fills.
        Canceled = abi::order_status::CANCELED, "canceled";
        /// Refused by the exchange.
        Rejected = abi::order_status::REJECTED, "rejected";
        /// Refused by our own risk.
        Denied = abi::order_status::DENIED, "denied";
        /// Its lifetime ended.
        Expired = abi::order_status::EXPIRED, "expired";
        /// The exchange did not answer in time; reconciliation decides.
        Unknown = abi::order_status::UNKNOWN, "unknown";
    }
}

impl OrderStatus {
    /// Whether nothing more can happen to the order (but a late fill after a cancel).
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::PendingNew | Self::Open | Self::PartiallyFilled | Self::PendingCancel | Self::Unknown => {
                false
            }
            Self::Filled | Self::Canceled | Self::Rejected | Self::Denied | Self::Expired => true,
        }
    }
}

coded! {
    /// What an order event tells.
    OrderEventKind: u16 {
        /// Feed, anyone's order: it rests in the book.
        Open = abi::order_event_kind::OPEN, "open";
        /// Feed, anyone's order: it left the book unfilled.
        Cancel = abi::order_event_kind::CANCEL, "cancel";
        /// Feed, anyone's order: partly filled or changed.
        Change = abi::order_event_kind::CHANGE, "change";
        /// Feed, anyone's order: completely filled.
        Fill = abi::order_event_kind::FILL, "fill";
        /// Own order: the exchange has it.
        Received = abi::order_event_kind::RECEIVED, "received";
        /// Own order: refused by our risk or by the exchange.
        Rejected = abi::order_event_kind::REJECTED, "rejected";
        /// Own order: canceled or expired.
        Canceled = abi::order_event_kind::CANCELED, "canceled";
        /// Own order: an execution, we bought.
        Bought = abi::order_event_kind::BOUGHT, "bought";
        /// Own order: an execution, we sold.
        Sold = abi::order_event_kind::SOLD, "sold";
        /// Own order: a cancel or change request was refused.
        RequestRejected = abi::order_event_kind::REQUEST_REJECTED, "request_rejected";
    }
}

coded! {
    /// Why something was refused, canceled or halted.
    Reason: u32 {
        /// No reason given.
        None = abi::reason::NONE, "none";
        /// The instrument is not known.
        UnknownInstrument = abi::reason::UNKNOWN_INSTRUMENT, "unknown_instrument";
        /// The price is not a multiple of the tick.
        OffTick = abi::reason::OFF_TICK, "off_tick";
        /// The quantity is not a multiple of the lot.
        OffLot = abi::reason::OFF_LOT, "off_lot";
        /// The quantity is not positive.
        BadQuantity = abi::reason::BAD_QUANTITY, "bad_quantity";
        /// The order type or one of its fields is not usable.
        BadOrder = abi::reason::BAD_ORDER, "bad_order";
        /// No such order, or it is finished.
        UnknownOrder = abi::reason::UNKNOWN_ORDER, "unknown_order";
        /// The limit of one order's quantity.
        MaxOrderQuantity = abi::reason::MAX_ORDER_QUANTITY, "max_order_quantity";
        /// The limit of one order's notional.
        MaxOrderNotional = abi::reason::MAX_ORDER_NOTIONAL, "max_order_notional";
        /// The limit of the position.
        MaxPosition = abi::reason::MAX_POSITION, "max_position";
        /// The limit of open orders.
        MaxOpenOrders = abi::reason::MAX_OPEN_ORDERS, "max_open_orders";
        /// The limit of orders in a time.
        OrderRate = abi::reason::ORDER_RATE, "order_rate";
        /// Too far from the last price.
        PriceCollar = abi::reason::PRICE_COLLAR, "price_collar";
        /// The limit of the day's loss.
        MaxDailyLoss = abi::reason::MAX_DAILY_LOSS, "max_daily_loss";
        /// The limit of the fall from the highest equity.
        MaxDrawdown = abi::reason::MAX_DRAWDOWN, "max_drawdown";
        /// Outside the trading hours.
        TradingHours = abi::reason::TRADING_HOURS, "trading_hours";
        /// Trading is halted.
        Halted = abi::reason::HALTED, "halted";
        /// Only reducing orders are accepted.
        Reducing = abi::reason::REDUCING, "reducing";
        /// The instrument cannot be traded.
        NotTradable = abi::reason::NOT_TRADABLE, "not_tradable";
        /// No price is known yet.
        NoPrice = abi::reason::NO_PRICE, "no_price";
        /// An amount exceeds what the numbers can hold.
        Overflow = abi::reason::OVERFLOW, "overflow";
        /// On request.
        Requested = abi::reason::REQUESTED, "requested";
        /// The rest could not be filled at once.
        Unfilled = abi::reason::UNFILLED, "unfilled";
        /// Would have executed on entry.
        WouldExecute = abi::reason::WOULD_EXECUTE, "would_execute";
        /// The strategy failed or was stopped.
        StrategyStopped = abi::reason::STRATEGY_STOPPED, "strategy_stopped";
        /// The run ended.
        RunEnded = abi::reason::RUN_ENDED, "run_ended";
        /// The data ended.
        DataEnded = abi::reason::DATA_ENDED, "data_ended";
        /// Self-trade prevention.
        SelfTrade = abi::reason::SELF_TRADE, "self_trade";
        /// The exchange's own reason.
        Exchange = abi::reason::EXCHANGE, "exchange";
        /// An id that was used before.
        DuplicateId = abi::reason::DUPLICATE_ID, "duplicate_id";
        /// A changed volume at or below what is filled.
        VolumeNotAboveFilled = abi::reason::VOLUME_NOT_ABOVE_FILLED, "volume_not_above_filled";
        /// A limit of the host was reached.
        HostLimit = abi::reason::HOST_LIMIT, "host_limit";
        /// The plugin panicked.
        Panic = abi::reason::PANIC, "panic";
        /// A handler returned an error.
        HandlerError = abi::reason::HANDLER_ERROR, "handler_error";
        /// The process of the isolated plugin ended.
        Crashed = abi::reason::CRASHED, "crashed";
        /// The isolated plugin did not answer in time.
        Deadline = abi::reason::DEADLINE, "deadline";
        /// The cash or margin of the account does not suffice.
        BuyingPower = abi::reason::BUYING_POWER, "buying_power";
        /// The account may not sell more than it holds.
        ShortSale = abi::reason::SHORT_SALE, "short_sale";
        /// The strategy is being warmed up with history: no order passes.
        WarmUp = abi::reason::WARM_UP, "warm_up";
        /// The instrument has expired.
        Expired = abi::reason::EXPIRED, "expired";
        /// Other orders of its group were filled.
        Group = abi::reason::GROUP, "group";
        /// What must be kept of an order could not be written, so that it was not sent.
        NotStored = abi::reason::NOT_STORED, "not_stored";
    }
}

/// Flags of an order: a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct OrderFlags(u8);

impl OrderFlags {
    /// No flag.
    pub const NONE: OrderFlags = OrderFlags(0);
    /// All at once or nothing.
    pub const FILL_OR_KILL: OrderFlags = OrderFlags(abi::order_flag::FILL_OR_KILL);
    /// One counterparty fills all of it or nothing.
    pub const ALL_OR_NONE: OrderFlags = OrderFlags(abi::order_flag::ALL_OR_NONE);
    /// What is there now; the rest is canceled.
    pub const IMMEDIATE_OR_CANCEL: OrderFlags = OrderFlags(abi::order_flag::IMMEDIATE_OR_CANCEL);
    /// Refused rather than executed on entry.
    pub const POST_ONLY: OrderFlags = OrderFlags(abi::order_flag::POST_ONLY);
    /// Never opens or grows a position. Where positions are hedged, it says that the order closes: a buy the short
    /// position, a sell the long one; see [`OmsType::position_side`](super::OmsType::position_side).
    pub const REDUCE_ONLY: OrderFlags = OrderFlags(abi::order_flag::REDUCE_ONLY);
    /// Waits until another order of ours is filled, and trades no more than was: [`OrderRequest::attached_to`].
    pub const ATTACHED: OrderFlags = OrderFlags(abi::order_flag::ATTACHED);
    const KNOWN: u8 = 63;

    /// From the bits of the ABI; `None` if one is not known.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits & !Self::KNOWN == 0 { Some(Self(bits)) } else { None }
    }

    /// The bits of the ABI.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether all flags of `other` are set.
    #[must_use]
    pub const fn contains(self, other: OrderFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub const fn without(self, other: OrderFlags) -> OrderFlags {
        OrderFlags(self.0 & !other.0)
    }

    /// Whether no flag is set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: OrderFlags) -> OrderFlags {
        OrderFlags(self.0 | other.0)
    }

    /// Whether the order may not rest: fill-or-kill, all-or-none or immediate-or-cancel.
    #[must_use]
    pub const fn is_immediate(self) -> bool {
        self.0
            & (abi::order_flag::FILL_OR_KILL
                | abi::order_flag::ALL_OR_NONE
                | abi::order_flag::IMMEDIATE_OR_CANCEL)
            != 0
    }
}

impl fmt::Display for OrderFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Self::FILL_OR_KILL, "fill_or_kill"),
            (Self::ALL_OR_NONE, "all_or_none"),
            (Self::IMMEDIATE_OR_CANCEL, "immediate_or_cancel"),
            (Self::POST_ONLY, "post_only"),
            (Self::REDUCE_ONLY, "reduce_only"),
            (Self::ATTACHED, "attached"),
        ];
        let set: Vec<_> =
            names.into_iter().filter(|(flag, _)| self.contains(*flag)).map(|(_, name)| name).collect();
        f.pad(&set.join("+"))
    }
}

/// How long an order lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lifetime {
    /// Good till canceled.
    #[default]
    Gtc,
    /// Until the end of the trading day.
    Day,
    /// Until a time.
    Gtd(Timestamp),
}

/// The host's number of an order; unique within a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct ClientOrderId(pub u64);

impl fmt::Display for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A request for a new order. It is only a request: the outcome comes through the handlers.
///
/// ```
/// use stratd_plugin_api::{InstrumentId, OrderFlags, OrderRequest, Price, Quantity, Side};
/// let request = OrderRequest::limit(InstrumentId(1), Quantity::new(10), Price::new(9_950))
///     .side(Side::Sell)
///     .flags(OrderFlags::POST_ONLY);
/// assert_eq!(request.side, Side::Sell);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderRequest {
    /// The instrument.
    pub instrument: InstrumentId,
    /// The exchange; `None` = the instrument's own.
    pub exchange: Option<ExchangeId>,
    /// Side; the constructors say Buy.
    pub side: Side,
    /// Type.
    pub order_type: OrderType,
    /// Flags.
    pub flags: OrderFlags,
    /// Lifetime.
    pub lifetime: Lifetime,
    /// Quantity.
    pub quantity: Quantity,
    /// Limit price. On a flagged market order a price is a protection limit.
    pub price: Option<Price>,
    /// Stop or touch price.
    pub stop_price: Option<Price>,
    /// Distance of a trailing stop.
    pub trail: Option<Price>,
    /// Market orders: spend or raise at most this much, instead of a quantity.
    pub notional: Option<Money>,
    /// Orders of one group exclude each other: [`OrderRequest::group`]; 0 = none. Of an attached order, the id of the
    /// one that it waits for.
    pub group: u64,
    /// A number of the author's choice, kept with the order.
    pub tag: u32,
}

impl OrderRequest {
    /// A market order.
    #[must_use]
    pub const fn market(instrument: InstrumentId, quantity: Quantity) -> Self {
        Self {
            instrument,
            exchange: None,
            side: Side::Buy,
            order_type: OrderType::Market,
            flags: OrderFlags::NONE,
            lifetime: Lifetime::Gtc,
            quantity,
            price: None,
            stop_price: None,
            trail: None,
            notional: None,
            group: 0,
            tag: 0,
        }
    }

    /// A market order for as many lots as `notional` pays for.
    #[must_use]
    pub const fn market_notional(instrument: InstrumentId, notional: Money) -> Self {
        let mut request = Self::market(instrument, Quantity::ZERO);
        request.notional = Some(notional);
        request
    }

    /// A limit order.
    #[must_use]
    pub const fn limit(instrument: InstrumentId, quantity: Quantity, price: Price) -> Self {
        let mut request = Self::market(instrument, quantity);
        request.order_type = OrderType::Limit;
        request.price = Some(price);
        request
    }

    /// A stop that becomes a market order.
    #[must_use]
    pub const fn stop_market(instrument: InstrumentId, quantity: Quantity, stop_price: Price) -> Self {
        let mut request = Self::market(instrument, quantity);
        request.order_type = OrderType::StopMarket;
        request.stop_price = Some(stop_price);
        request
    }

    /// A stop that becomes a limit order.
    #[must_use]
    pub const fn stop_limit(
        instrument: InstrumentId,
        quantity: Quantity,
        stop_price: Price,
        price: Price,
    ) -> Self {
        let mut request = Self::stop_market(instrument, quantity, stop_price);
        request.order_type = OrderType::StopLimit;
        request.price = Some(price);
        request
    }

    /// An order that becomes a market order once the price is at `touch_price` or better: a buy below the market, a sell
    /// above it.
    #[must_use]
    pub const fn market_if_touched(instrument: InstrumentId, quantity: Quantity, touch_price: Price) -> Self {
        let mut request = Self::stop_market(instrument, quantity, touch_price);
        request.order_type = OrderType::MarketIfTouched;
        request
    }

    /// An order that becomes a limit order at `price` once the price is at `touch_price` or better.
    #[must_use]
    pub const fn limit_if_touched(
        instrument: InstrumentId,
        quantity: Quantity,
        touch_price: Price,
        price: Price,
    ) -> Self {
        let mut request = Self::stop_limit(instrument, quantity, touch_price, price);
        request.order_type = OrderType::LimitIfTouched;
        request
    }

    /// A stop that follows the best price at the distance `trail`, and becomes a market order once the price comes back so far.
    ///
    /// ```
    /// use stratd_plugin_api::{InstrumentId, OrderRequest, OrderType, Price, Quantity, Side};
    /// // sells once the price has fallen by 1.50 from its highest since the order was taken (two decimals)
    /// let stop = OrderRequest::trailing_stop(InstrumentId(1), Quantity::new(10), Price::new(150)).side(Side::Sell);
    /// assert_eq!((stop.order_type, stop.trail), (OrderType::TrailingStop, Some(Price::new(150))));
    /// ```
    #[must_use]
    pub const fn trailing_stop(instrument: InstrumentId, quantity: Quantity, trail: Price) -> Self {
        let mut request = Self::market(instrument, quantity);
        request.order_type = OrderType::TrailingStop;
        request.trail = Some(trail);
        request
    }

    /// Of a group: all orders of a strategy that work with one number exclude each other (OCO). Together they trade no
    /// more than the largest of them; what one of them fills is taken off the others.
    ///
    /// ```
    /// use stratd_plugin_api::{InstrumentId, OrderRequest, Price, Quantity, Side};
    /// let (instrument, ten) = (InstrumentId(1), Quantity::new(10));
    /// // out of the range 95 to 105, whichever side it leaves
    /// let up = OrderRequest::stop_market(instrument, ten, Price::new(105)).group(1);
    /// let down = OrderRequest::stop_market(instrument, ten, Price::new(95)).side(Side::Sell).group(1);
    /// assert_eq!(up.group, down.group);
    /// ```
    #[must_use]
    pub const fn group(mut self, group: u32) -> Self {
        self.group = group as u64;
        self
    }

    /// Attached to another order of ours, which was requested before and still works: this one waits until that one is
    /// filled, and trades no more than was. Orders attached to the same one exclude each other.
    /// [`Context::bracket`](crate::Context::bracket) sends all of them in one call.
    #[must_use]
    pub const fn attached_to(mut self, entry: ClientOrderId) -> Self {
        self.group = entry.0;
        self.flags = self.flags.with(OrderFlags::ATTACHED);
        self
    }

    /// With another side.
    #[must_use]
    pub const fn side(mut self, side: Side) -> Self {
        self.side = side;
        self
    }

    /// With these flags besides.
    #[must_use]
    pub const fn flags(mut self, flags: OrderFlags) -> Self {
        self.flags = self.flags.with(flags);
        self
    }

    /// With another lifetime.
    #[must_use]
    pub const fn lifetime(mut self, lifetime: Lifetime) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// On a certain exchange.
    #[must_use]
    pub const fn exchange(mut self, exchange: ExchangeId) -> Self {
        self.exchange = Some(exchange);
        self
    }

    /// With the author's number.
    #[must_use]
    pub const fn tag(mut self, tag: u32) -> Self {
        self.tag = tag;
        self
    }
}

impl From<&OrderRequest> for abi::OrderRequest {
    fn from(request: &OrderRequest) -> Self {
        let (lifetime, expires) = match request.lifetime {
            Lifetime::Gtc => (abi::order_lifetime::GTC, 0),
            Lifetime::Day => (abi::order_lifetime::DAY, 0),
            Lifetime::Gtd(time) => (abi::order_lifetime::GTD, time.get()),
        };
        Self {
            instrument: request.instrument.0,
            exchange: request.exchange.map_or(0, |e| e.0),
            side: request.side.code(),
            order_type: request.order_type.code(),
            flags: request.flags.bits(),
            lifetime,
            reserved: 0,
            tag: request.tag,
            quantity: request.quantity.get(),
            price: request.price.unwrap_or_default().get(),
            stop_price: request.stop_price.unwrap_or_default().get(),
            trail: request.trail.unwrap_or_default().get(),
            expires,
            notional: request.notional.unwrap_or_default().into(),
            group: request.group,
        }
    }
}

impl TryFrom<&abi::OrderRequest> for OrderRequest {
    type Error = Reason;

    /// # Errors
    /// `BadOrder` if a code is not known, or what is reserved is not 0.
    fn try_from(raw: &abi::OrderRequest) -> Result<Self, Reason> {
        if raw.reserved != 0 {
            return Err(Reason::BadOrder);
        }
        let order_type = OrderType::from_code(raw.order_type).ok_or(Reason::BadOrder)?;
        let (has_price, has_stop, has_trail) = match order_type {
            // for a market order 0 means "no protection limit"
            OrderType::Market => (raw.price != 0, false, false),
            OrderType::Limit => (true, false, false),
            OrderType::StopMarket | OrderType::MarketIfTouched => (false, true, false),
            OrderType::StopLimit | OrderType::LimitIfTouched => (true, true, false),
            OrderType::TrailingStop => (false, raw.stop_price != 0, true),
        };
        let lifetime = match raw.lifetime {
            abi::order_lifetime::GTC => Lifetime::Gtc,
            abi::order_lifetime::DAY => Lifetime::Day,
            abi::order_lifetime::GTD => Lifetime::Gtd(Timestamp::new(raw.expires)),
            _ => return Err(Reason::BadOrder),
        };
        let notional = Money::from(raw.notional);
        Ok(Self {
            instrument: InstrumentId(raw.instrument),
            exchange: (raw.exchange != 0).then_some(ExchangeId(raw.exchange)),
            side: Side::from_code(raw.side).ok_or(Reason::BadOrder)?,
            order_type,
            flags: OrderFlags::from_bits(raw.flags).ok_or(Reason::BadOrder)?,
            lifetime,
            quantity: Quantity::new(raw.quantity),
            price: has_price.then_some(Price::new(raw.price)),
            stop_price: has_stop.then_some(Price::new(raw.stop_price)),
            trail: has_trail.then_some(Price::new(raw.trail)),
            notional: (notional != Money::ZERO).then_some(notional),
            group: raw.group,
            tag: raw.tag,
        })
    }
}

/// What happened to an order: of anyone (the feed) or one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderEvent {
    /// What happened.
    pub kind: OrderEventKind,
    /// Time at the exchange.
    pub ts: Timestamp,
    /// Position in the engine's order of all inputs.
    pub seq: u64,
    /// Our id; 0 for orders of others.
    pub client_order_id: ClientOrderId,
    /// The instrument.
    pub instrument: InstrumentId,
    /// The exchange.
    pub exchange: ExchangeId,
    /// Side; `None` if the feed does not tell.
    pub side: Option<Side>,
    /// Status after the event.
    pub status: OrderStatus,
    /// Price of the order.
    pub price: Price,
    /// Total quantity of the order.
    pub quantity: Quantity,
    /// Price of this execution; 0 without one.
    pub last_price: Price,
    /// Quantity of this execution; 0 without one.
    pub last_quantity: Quantity,
    /// Quantity executed so far.
    pub cumulative_quantity: Quantity,
    /// The exchange's fee of this execution.
    pub fee: Money,
    /// How this execution came about; `None` without one, or if the exchange does not tell.
    pub liquidity: Option<LiquiditySide>,
    /// Why.
    pub reason: Reason,
    /// The record as it came, with ids as text handles.
    pub raw: abi::OrderEvent,
}

impl OrderEvent {
    /// From the ABI's record; `None` if its kind or status is not known.
    #[must_use]
    pub fn from_raw(raw: &abi::OrderEvent) -> Option<Self> {
        Some(Self {
            kind: OrderEventKind::from_code(raw.kind)?,
            ts: Timestamp::new(raw.ts),
            seq: raw.seq,
            client_order_id: ClientOrderId(raw.client_order_id),
            instrument: InstrumentId(raw.instrument),
            exchange: ExchangeId(raw.exchange),
            side: Side::from_code(raw.side),
            status: OrderStatus::from_code(raw.status)?,
            price: Price::new(raw.price),
            quantity: Quantity::new(raw.quantity),
            last_price: Price::new(raw.last_price),
            last_quantity: Quantity::new(raw.last_quantity),
            cumulative_quantity: Quantity::new(raw.cumulative_quantity),
            fee: raw.fee.into(),
            liquidity: LiquiditySide::from_event_flags(raw.flags),
            reason: Reason::from_code(raw.reason).unwrap_or(Reason::Exchange),
            raw: *raw,
        })
    }

    /// What is not filled yet.
    #[must_use]
    pub fn remaining(&self) -> Quantity {
        self.quantity.checked_sub(self.cumulative_quantity).unwrap_or(Quantity::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip_and_unknown_ones_are_none() {
        for status in OrderStatus::ALL {
            assert_eq!(OrderStatus::from_code(status.code()), Some(*status));
        }
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(*reason));
        }
        assert_eq!(OrderStatus::from_code(0), None);
        assert_eq!(OrderFlags::from_bits(64), None);
        for liquidity in LiquiditySide::ALL {
            assert_eq!(LiquiditySide::from_event_flags(liquidity.event_flag() | 63), Some(*liquidity));
            assert_eq!(OrderFlags::from_bits(liquidity.event_flag()), None, "an event's bit is no order's");
        }
        assert_eq!(LiquiditySide::from_event_flags(63), None);
    }

    #[test]
    fn requests_round_trip_through_the_abi() {
        let request =
            OrderRequest::stop_limit(InstrumentId(3), Quantity::new(5), Price::new(101), Price::ZERO)
                .side(Side::Sell)
                .flags(OrderFlags::REDUCE_ONLY)
                .lifetime(Lifetime::Gtd(Timestamp::new(7)))
                .tag(9);
        assert_eq!(OrderRequest::try_from(&abi::OrderRequest::from(&request)), Ok(request));
        let mut raw = abi::OrderRequest::from(&request);
        raw.order_type = 99;
        assert_eq!(OrderRequest::try_from(&raw), Err(Reason::BadOrder));
    }
}
