//! What executions cost: the exchange's fees, slippage, transaction costs. Integers only, rounded once, halves to even.

use std::fmt;

use stratd_plugin_api::{
    Decimal, FillCosts, Instrument, LiquiditySide, MONEY_DECIMALS, Money, Price, Quantity, abi,
};

/// The fees of the simulated exchange. A negative rate is a rebate.
///
/// ```
/// use stratd_plugin_api::{Instrument, InstrumentType, LiquiditySide, Price, Quantity};
/// use stratd_simulation::Fees;
/// let fees = Fees { taker: "0.0005".parse()?, per_unit: "0.01".parse()?, ..Fees::default() };
/// let aapl = Instrument::new("AAPL", InstrumentType::Equity);
/// // 10 @ 100.00: 0.50 of the notional, and 0.10
/// let fee = fees.of(&aapl, Price::new(10_000), Quantity::new(10), LiquiditySide::Taker);
/// assert_eq!(fee, Some("0.6".parse()?));
/// # Ok::<(), stratd_plugin_api::NumberError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fees {
    /// Fraction of the notional when a resting order is met.
    pub maker: Decimal,
    /// Fraction of the notional when an order takes what is there.
    pub taker: Decimal,
    /// Money per unit of quantity, in both cases.
    pub per_unit: Decimal,
}

impl Default for Fees {
    fn default() -> Self {
        Self { maker: Decimal::ZERO, taker: Decimal::ZERO, per_unit: Decimal::ZERO }
    }
}

impl Fees {
    /// The fee of an execution, rounded to 1e-8; `None` on overflow.
    #[must_use]
    pub fn of(
        &self,
        instrument: &Instrument,
        price: Price,
        quantity: Quantity,
        side: LiquiditySide,
    ) -> Option<Money> {
        let rate = match side {
            LiquiditySide::Maker => self.maker,
            LiquiditySide::Taker => self.taker,
        };
        let by_value = if rate.mantissa() == 0 {
            Money::ZERO
        } else {
            fraction_of(instrument.notional(price, quantity)?.checked_abs()?, rate)?
        };
        by_value.checked_add(per_unit(self.per_unit, instrument, quantity)?)
    }
}

impl fmt::Display for Fees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return f.write_str("none");
        }
        write!(f, "maker {} and taker {} of the notional", self.maker, self.taker)?;
        if self.per_unit.mantissa() == 0 { Ok(()) } else { write!(f, ", {} per unit", self.per_unit) }
    }
}

/// One kind of cost of an execution.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum CostModel {
    /// Nothing.
    #[default]
    None,
    /// The same amount for each execution.
    Fixed(Money),
    /// A fraction of the notional.
    Percentage(Decimal),
    /// Money per unit of quantity.
    PerShare(Decimal),
}

impl CostModel {
    /// The cost of an execution, rounded to 1e-8; `None` on overflow.
    #[must_use]
    pub fn of(&self, instrument: &Instrument, price: Price, quantity: Quantity) -> Option<Money> {
        match *self {
            Self::None => Some(Money::ZERO),
            Self::Fixed(amount) => Some(amount),
            Self::Percentage(rate) => fraction_of(instrument.notional(price, quantity)?.checked_abs()?, rate),
            Self::PerShare(amount) => per_unit(amount, instrument, quantity),
        }
    }
}

impl fmt::Display for CostModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Fixed(amount) => write!(f, "{amount} per fill"),
            Self::Percentage(rate) => write!(f, "{rate} of the notional"),
            Self::PerShare(amount) => write!(f, "{amount} per unit"),
        }
    }
}

/// The configured models: what counts where a strategy has no opinion.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CostModels {
    /// How much worse than its price an execution is taken to be.
    pub slippage: CostModel,
    /// Commission, taxes and the like.
    pub transaction_cost: CostModel,
}

impl FillCosts for CostModels {
    fn slippage(&self, instrument: &Instrument, fill: &abi::FillRecord) -> Option<Money> {
        self.slippage.of(instrument, Price::new(fill.price), Quantity::new(fill.quantity))
    }

    fn transaction_cost(&self, instrument: &Instrument, fill: &abi::FillRecord) -> Option<Money> {
        self.transaction_cost.of(instrument, Price::new(fill.price), Quantity::new(fill.quantity))
    }
}

fn fraction_of(amount: Money, rate: Decimal) -> Option<Money> {
    amount.checked_mul_div(i128::from(rate.mantissa()), 10i128.checked_pow(u32::from(rate.scale()))?)
}

/// `amount` for each whole unit of quantity.
fn per_unit(amount: Decimal, instrument: &Instrument, quantity: Quantity) -> Option<Money> {
    if amount.mantissa() == 0 {
        return Some(Money::ZERO);
    }
    let units = i128::from(quantity.get()).checked_mul(10i128.pow(u32::from(MONEY_DECIMALS)))?;
    let decimals = u32::from(amount.scale()).checked_add(u32::from(instrument.quantity_decimals))?;
    Money::new(i128::from(amount.mantissa())).checked_mul_div(units, 10i128.checked_pow(decimals)?)
}

#[cfg(test)]
mod tests {
    use stratd_plugin_api::InstrumentType;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    /// The cost of a fill of 150 @ 118.56 (17,784.00), and of 0.00000003 @ 118.56.
    fn check(model: CostModel, of_shares: &str, of_dust: &str) {
        let shares = Instrument::new("AAPL", InstrumentType::Equity);
        let dust = shares.clone().quantity_decimals(8);
        assert_eq!(
            model.of(&shares, Price::new(11_856), Quantity::new(150)),
            Some(money(of_shares)),
            "{model}"
        );
        assert_eq!(model.of(&dust, Price::new(11_856), Quantity::new(3)), Some(money(of_dust)), "{model}");
    }

    #[test]
    fn cost_models() {
        check(CostModel::None, "0", "0");
        check(CostModel::Fixed(money("1.25")), "1.25", "1.25");
        check(CostModel::Percentage(decimal("0.0005")), "8.892", "0");
        check(CostModel::PerShare(decimal("0.005")), "0.75", "0");
        check(CostModel::PerShare(decimal("0.5")), "75", "0.00000002");
        check(CostModel::PerShare(decimal("-0.0035")), "-0.525", "0");
    }

    #[test]
    fn fees_depend_on_who_rested() {
        let fees = Fees { maker: decimal("-0.0001"), taker: decimal("0.0003"), per_unit: decimal("0.001") };
        let shares = Instrument::new("AAPL", InstrumentType::Equity);
        let fee = |side| fees.of(&shares, Price::new(11_856), Quantity::new(150), side);
        assert_eq!(fee(LiquiditySide::Maker), Some(money("-1.6284")));
        assert_eq!(fee(LiquiditySide::Taker), Some(money("5.4852")));
        assert_eq!(
            Fees::default().of(&shares, Price::new(1), Quantity::new(1), LiquiditySide::Taker),
            Some(Money::ZERO)
        );
    }

    #[test]
    fn a_negative_price_costs_too() {
        let spread = Instrument::new("CL spread", InstrumentType::Spread);
        let cost = CostModel::Percentage(decimal("0.01")).of(&spread, Price::new(-500), Quantity::new(2));
        assert_eq!(cost, Some(money("0.1")));
    }

    #[test]
    fn halves_round_to_even() {
        let dust = Instrument::new("BTC", InstrumentType::Pair).quantity_decimals(8);
        let cost =
            |quantity| CostModel::PerShare(decimal("0.5")).of(&dust, Price::new(1), Quantity::new(quantity));
        assert_eq!([1, 3, 5].map(|q| cost(q).map(Money::get)), [Some(0), Some(2), Some(2)]);
    }

    #[test]
    fn what_does_not_fit_is_none() {
        let coin = Instrument::new("BTC", InstrumentType::Pair);
        let (price, quantity) = (Price::new(i64::MAX), Quantity::new(i64::MAX));
        assert_eq!(CostModel::Percentage(decimal("0.1")).of(&coin, price, quantity), None);
        assert_eq!(CostModel::PerShare(decimal("922337203685477580.7")).of(&coin, price, quantity), None);
    }
}
