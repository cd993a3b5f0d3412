//! Instruments: what is traded, and on which grid.

use std::{fmt, str::FromStr};

use stratd_abi as abi;

use super::{
    Decimal, MONEY_DECIMALS, Money, NumberError, NumberErrorKind, Price, Quantity, Side, Timestamp,
    decimal::format_scaled,
    money::{div_half_even, narrow_half_even, narrow_power_of_ten, power_of_ten},
    order::coded,
};

/// The host's number of an instrument, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct InstrumentId(pub u32);

impl fmt::Display for InstrumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The host's number of an exchange, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct ExchangeId(pub u16);

coded! {
    /// Instrument types.
    InstrumentType: u8 {
        /// Anything else.
        Other = abi::instrument_type::OTHER, "other";
        /// A share.
        Equity = abi::instrument_type::EQUITY, "equity";
        /// A bond.
        Bond = abi::instrument_type::BOND, "bond";
        /// An option.
        Option = abi::instrument_type::OPTION, "option";
        /// A future.
        Future = abi::instrument_type::FUTURE, "future";
        /// Two currencies.
        Pair = abi::instrument_type::PAIR, "pair";
        /// Two legs with sides.
        Spread = abi::instrument_type::SPREAD, "spread";
        /// An option on a future.
        FutureOption = abi::instrument_type::FUTURE_OPTION, "future_option";
        /// A fund.
        MutualFund = abi::instrument_type::MUTUAL_FUND, "mutual_fund";
        /// A good.
        Commodity = abi::instrument_type::COMMODITY, "commodity";
        /// A currency.
        Currency = abi::instrument_type::CURRENCY, "currency";
        /// An index.
        Index = abi::instrument_type::INDEX, "index";
    }
}

impl InstrumentType {
    /// Whether orders are possible: not for currencies and indices themselves.
    #[must_use]
    pub const fn is_tradable(self) -> bool {
        !matches!(self, Self::Currency | Self::Index)
    }
}

/// A set of instrument types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InstrumentTypes(u32);

impl InstrumentTypes {
    /// The set of the listed ones.
    #[must_use]
    pub const fn of(types: &[InstrumentType]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < types.len() {
            bits |= 1 << types[i].code();
            i += 1;
        }
        Self(bits)
    }

    /// Every type.
    #[must_use]
    pub const fn all() -> Self {
        Self::of(InstrumentType::ALL)
    }

    /// From the bits of the ABI.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits of the ABI.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether `one` is in the set.
    #[must_use]
    pub const fn contains(self, one: InstrumentType) -> bool {
        self.0 & (1 << one.code()) != 0
    }
}

coded! {
    /// The right that an option gives.
    OptionType: u8 {
        /// To buy.
        Call = abi::option_type::CALL, "call";
        /// To sell.
        Put = abi::option_type::PUT, "put";
    }
}

/// One trading session of a day, in seconds after midnight; one that closes before it opens ends the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Opening second.
    pub open: u32,
    /// Closing second.
    pub close: u32,
}

impl FromStr for Session {
    type Err = NumberError;

    /// From `09:30-16:00`; `00:00-00:00` is the whole day.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let second = |text: &str| -> Option<u32> {
            let (hour, minute) = text.split_once(':')?;
            let is_form =
                [hour, minute].iter().all(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()));
            let (hour, minute) = (hour.parse::<u32>().ok()?, minute.parse::<u32>().ok()?);
            (is_form && hour < 24 && minute < 60).then_some(hour * 3_600 + minute * 60)
        };
        let times = text.split_once('-').and_then(|(open, close)| second(open).zip(second(close)));
        let (open, close) = times.ok_or_else(|| {
            NumberError::new(
                NumberErrorKind::Malformed,
                format!("`{text}`"),
                "HH:MM-HH:MM, such as 09:30-16:00",
            )
        })?;
        Ok(Self { open, close })
    }
}

/// When an instrument trades. Empty `sessions` = around the clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TradingHours {
    /// IANA name of the time zone; empty = UTC.
    pub timezone: String,
    /// At most four.
    pub sessions: Vec<Session>,
    /// Bit 0 = Monday … bit 6 = Sunday; 0 = every day.
    pub weekdays: u8,
}

/// An instrument. Numbers are on its grid: a price is an integer in units of `10^-price_decimals`.
///
/// ```
/// use stratd_plugin_api::{Instrument, InstrumentType, Price, Quantity};
/// let aapl = Instrument::new("AAPL", InstrumentType::Equity).price_decimals(2).currency("USD");
/// let price = aapl.parse_price("118.56")?;
/// assert_eq!(price, Price::new(11_856));
/// assert_eq!(aapl.price_text(price).to_string(), "118.56");
/// assert!(aapl.parse_price("118.565").is_err()); // off the grid, never rounded
/// assert_eq!(aapl.notional(price, Quantity::new(10)).unwrap().to_string(), "1185.60000000");
/// # Ok::<(), stratd_plugin_api::NumberError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// The host's number; 0 until the host assigned one.
    pub id: InstrumentId,
    /// The exchange; 0 until the host assigned one.
    pub exchange: ExchangeId,
    /// Symbol.
    pub symbol: String,
    /// Type.
    pub instrument_type: InstrumentType,
    /// Currency of its prices.
    pub currency: String,
    /// The exchange's own id, if it differs from the symbol.
    pub broker_id: String,
    /// Decimals of its prices.
    pub price_decimals: u8,
    /// Decimals of its quantities.
    pub quantity_decimals: u8,
    /// Smallest step of the price.
    pub tick: Price,
    /// Smallest step of the quantity.
    pub lot: Quantity,
    /// Value of one point per unit of quantity, in units of 1e-8.
    pub multiplier: i64,
    /// Strike of an option.
    pub strike: Price,
    /// The right that an option gives.
    pub option_type: Option<OptionType>,
    /// Expiry.
    pub expiry: Option<Timestamp>,
    /// Underlying of an option or future.
    pub underlying: Option<InstrumentId>,
    /// Legs of a pair or spread, with their sides (spreads only).
    pub legs: [Option<(InstrumentId, Option<Side>)>; 2],
    /// When it trades.
    pub trading_hours: TradingHours,
}

/// A multiplier of one.
pub const MULTIPLIER_ONE: i64 = 100_000_000;
/// Scales that instruments may use; beyond them products would leave the range of money.
const DECIMALS_MAX: u8 = 12;

impl Instrument {
    /// An instrument with two price decimals, whole quantities, tick and lot 1, multiplier 1.
    #[must_use]
    pub fn new(symbol: impl Into<String>, instrument_type: InstrumentType) -> Self {
        Self {
            id: InstrumentId(0),
            exchange: ExchangeId(0),
            symbol: symbol.into(),
            instrument_type,
            currency: "USD".to_owned(),
            broker_id: String::new(),
            price_decimals: 2,
            quantity_decimals: 0,
            tick: Price::new(1),
            lot: Quantity::new(1),
            multiplier: MULTIPLIER_ONE,
            strike: Price::ZERO,
            option_type: None,
            expiry: None,
            underlying: None,
            legs: [None, None],
            trading_hours: TradingHours::default(),
        }
    }

    /// With other price decimals.
    #[must_use]
    pub fn price_decimals(mut self, decimals: u8) -> Self {
        self.price_decimals = decimals;
        self
    }

    /// With other quantity decimals.
    #[must_use]
    pub fn quantity_decimals(mut self, decimals: u8) -> Self {
        self.quantity_decimals = decimals;
        self
    }

    /// With another currency.
    #[must_use]
    pub fn currency(mut self, currency: impl Into<String>) -> Self {
        self.currency = currency.into();
        self
    }

    /// Whether all numbers are usable.
    ///
    /// # Errors
    /// Says which field is not, and what would be.
    pub fn validate(&self) -> Result<(), NumberError> {
        let bad =
            |found: String, accepted: &str| Err(NumberError::new(NumberErrorKind::Overflow, found, accepted));
        if self.symbol.is_empty() || self.symbol.len() > abi::TEXT_BYTES_MAX {
            return bad(format!("symbol `{}`", self.symbol), "1 to 64 bytes");
        }
        if self.price_decimals > DECIMALS_MAX || self.quantity_decimals > DECIMALS_MAX {
            return bad(
                format!(
                    "{} price and {} quantity decimals of {}",
                    self.price_decimals, self.quantity_decimals, self.symbol
                ),
                "at most 12 each",
            );
        }
        if !self.tick.is_positive() || !self.lot.is_positive() || self.multiplier <= 0 {
            return bad(
                format!(
                    "tick {}, lot {}, multiplier {} of {}",
                    self.tick, self.lot, self.multiplier, self.symbol
                ),
                "positive numbers",
            );
        }
        if self.trading_hours.sessions.len() > 4 {
            return bad(
                format!("{} sessions of {}", self.trading_hours.sessions.len(), self.symbol),
                "at most 4",
            );
        }
        Ok(())
    }

    /// A price from text.
    ///
    /// # Errors
    /// Not a number, or off the tick grid.
    pub fn parse_price(&self, text: &str) -> Result<Price, NumberError> {
        self.price(text.parse()?)
    }

    /// A quantity from text.
    ///
    /// # Errors
    /// Not a number, or off the lot grid.
    pub fn parse_quantity(&self, text: &str) -> Result<Quantity, NumberError> {
        self.quantity(text.parse()?)
    }

    /// A price from a decimal.
    ///
    /// # Errors
    /// `OffGrid` if it is no multiple of the tick.
    pub fn price(&self, decimal: Decimal) -> Result<Price, NumberError> {
        let price = Price::new(decimal.scaled(self.price_decimals)?);
        if self.is_on_tick(price) {
            return Ok(price);
        }
        Err(NumberError::new(
            NumberErrorKind::OffGrid,
            format!("price {decimal} of {}", self.symbol),
            format!("a multiple of the tick {}", self.price_text(self.tick)),
        ))
    }

    /// A quantity from a decimal.
    ///
    /// # Errors
    /// `OffGrid` if it is no multiple of the lot.
    pub fn quantity(&self, decimal: Decimal) -> Result<Quantity, NumberError> {
        let quantity = Quantity::new(decimal.scaled(self.quantity_decimals)?);
        if self.is_on_lot(quantity) {
            return Ok(quantity);
        }
        Err(NumberError::new(
            NumberErrorKind::OffGrid,
            format!("quantity {decimal} of {}", self.symbol),
            format!("a multiple of the lot {}", self.quantity_text(self.lot)),
        ))
    }

    /// Whether a price is a multiple of the tick.
    #[must_use]
    pub fn is_on_tick(&self, price: Price) -> bool {
        price.get().checked_rem(self.tick.get()) == Some(0)
    }

    /// Whether a quantity is a multiple of the lot.
    #[must_use]
    pub fn is_on_lot(&self, quantity: Quantity) -> bool {
        quantity.get().checked_rem(self.lot.get()) == Some(0)
    }

    /// The price as people write it; honours the precision (`{:.2}`).
    #[must_use]
    pub fn price_text(&self, price: Price) -> impl fmt::Display + use<> {
        Scaled { value: price.get(), decimals: self.price_decimals }
    }

    /// The quantity as people write it; honours the precision.
    #[must_use]
    pub fn quantity_text(&self, quantity: Quantity) -> impl fmt::Display + use<> {
        Scaled { value: quantity.get(), decimals: self.quantity_decimals }
    }

    /// `price * quantity * multiplier`, rounded once to 1e-8 (halves to even); `None` on overflow.
    #[must_use]
    pub fn notional(&self, price: Price, quantity: Quantity) -> Option<Money> {
        self.narrow_notional(price, quantity).or_else(|| self.wide_notional(price, quantity))
    }

    /// As [`Instrument::notional`] in 64 bits, where all but the largest values fit; every event asks.
    #[inline]
    fn narrow_notional(&self, price: Price, quantity: Quantity) -> Option<Money> {
        let value = price.get().checked_mul(quantity.get())?.checked_mul(self.multiplier)?;
        // the eight decimals of the multiplier are those of money
        let scale = narrow_power_of_ten(u32::from(self.price_decimals) + u32::from(self.quantity_decimals))?;
        narrow_half_even(value, scale).map(|units| Money::new(i128::from(units)))
    }

    #[inline(never)]
    fn wide_notional(&self, price: Price, quantity: Quantity) -> Option<Money> {
        let product = i128::from(price.get()).checked_mul(i128::from(quantity.get()))?;
        let value = product.checked_mul(i128::from(self.multiplier))?;
        // the product carries the decimals of price and quantity and the eight of the multiplier
        let decimals = u32::from(self.price_decimals) + u32::from(self.quantity_decimals) + 8;
        let surplus = decimals.checked_sub(u32::from(MONEY_DECIMALS))?;
        div_half_even(value, power_of_ten(surplus)?).map(Money::new)
    }

    /// The price at which `quantity` is worth `notional`, rounded to the price scale (halves to even): for display of
    /// averages. `None` on overflow or for quantity 0.
    #[must_use]
    pub fn average_price(&self, notional: Money, quantity: Quantity) -> Option<Price> {
        let decimals = u32::from(self.price_decimals) + u32::from(self.quantity_decimals) + 8;
        let scale = 10i128.checked_pow(decimals.checked_sub(u32::from(MONEY_DECIMALS))?)?;
        let denominator = i128::from(quantity.get()).checked_mul(i128::from(self.multiplier))?;
        let price = div_half_even(notional.get().checked_mul(scale)?, denominator)?;
        i64::try_from(price).ok().map(Price::new)
    }
}

/// A scaled integer with its decimals.
struct Scaled {
    value: i64,
    decimals: u8,
}

impl fmt::Display for Scaled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        format_scaled(i128::from(self.value), self.decimals, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notional_counts_multiplier_and_decimals() {
        let mut option = Instrument::new("AAPL 230317C150", InstrumentType::Option).price_decimals(2);
        option.multiplier = 100 * MULTIPLIER_ONE;
        assert_eq!(option.notional(Price::new(525), Quantity::new(-3)), Some("-1575".parse().unwrap()));
        let coin = Instrument::new("BTC", InstrumentType::Pair).price_decimals(4).quantity_decimals(8);
        // 0.0001 * 0.00000001 is below one unit of money: rounded to even
        assert_eq!(coin.notional(Price::new(1), Quantity::new(1)), Some(Money::ZERO));
        assert_eq!(coin.notional(Price::new(i64::MAX), Quantity::new(i64::MAX)), None);
    }

    #[test]
    fn values_are_the_same_within_and_beyond_64_bits() {
        for decimals in [0, 2, 4, 9] {
            let mut coin = Instrument::new("X", InstrumentType::Pair)
                .price_decimals(decimals)
                .quantity_decimals(decimals);
            coin.multiplier = 1_234_567;
            for (price, quantity) in [(11_855, 7), (-11_855, 7), (5, -5), (999_999_999, 999), (1, 1), (0, 3)]
            {
                let (price, quantity) = (Price::new(price), Quantity::new(quantity));
                if let Some(narrow) = coin.narrow_notional(price, quantity) {
                    assert_eq!(
                        Some(narrow),
                        coin.wide_notional(price, quantity),
                        "{decimals} {price} {quantity}"
                    );
                }
            }
        }
    }

    #[test]
    fn average_price_inverts_notional() {
        let aapl = Instrument::new("AAPL", InstrumentType::Equity);
        let notional = aapl.notional(Price::new(11_856), Quantity::new(7)).unwrap();
        assert_eq!(aapl.average_price(notional, Quantity::new(7)), Some(Price::new(11_856)));
        assert_eq!(aapl.average_price(notional, Quantity::ZERO), None);
    }

    #[test]
    fn tick_and_lot_are_grids() {
        let mut future = Instrument::new("ES", InstrumentType::Future);
        future.tick = Price::new(25);
        future.lot = Quantity::new(10);
        assert!(future.parse_price("4000.25").is_ok());
        assert_eq!(future.parse_price("4000.26").map_err(|e| e.kind()), Err(NumberErrorKind::OffGrid));
        assert_eq!(future.parse_quantity("15").map_err(|e| e.kind()), Err(NumberErrorKind::OffGrid));
    }
}
