//! The keys of `[portfolio]` and `[account]`: how the books are kept, and what the account allows.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};
use stratd_engine::{AccountRules, Accounting};
use stratd_plugin_api::{Decimal, OmsType};

/// How the books are kept.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PortfolioConfig {
    /// How executions make positions: one for each strategy and instrument (`netting`), or a long and a short one side
    /// by side (`hedging`), of which an order opens its own side, or with the flag `reduce_only` closes the other.
    #[serde(deserialize_with = "oms_type")]
    #[schemars(schema_with = "oms_type_name")]
    pub oms_type: OmsType,
    /// How the cost of what is closed is found: by the `average` cost of the position, or first in, first out (`fifo`).
    #[serde(deserialize_with = "accounting")]
    #[schemars(schema_with = "accounting_name")]
    pub accounting: Accounting,
    /// What one unit of a currency is worth in the currency of the run, for each other currency that instruments have:
    /// a number, or `{ instrument = "EURUSD", initial = 1.08 }` for the last price of an instrument, with the rate until
    /// its first price. `inverse = true` says that the price is what one unit of the run's currency costs.
    #[schemars(extend("x-accepted" = "a table of currencies, each with a number above 0 or { instrument, initial, inverse }"))]
    pub rates: BTreeMap<String, RateConfig>,
}

/// The rate of a currency.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum RateConfig {
    /// It never changes.
    Fixed(Decimal),
    /// The last price of an instrument.
    Quoted(QuotedRate),
}

/// The last price of an instrument.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct QuotedRate {
    /// Its symbol.
    pub instrument: String,
    /// The rate until the first price.
    pub initial: Decimal,
    /// Whether the price is what one unit of the run's currency costs.
    #[serde(default)]
    pub inverse: bool,
}

/// What the account of the run allows.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AccountConfig {
    /// `unlimited` (cash may become negative), `cash` (what is bought is paid for), or `margin` (positions need a part of
    /// their value as equity).
    #[schemars(schema_with = "account_kind")]
    pub kind: AccountKind,
    /// Whether a cash account may sell more than it holds.
    pub allow_short: bool,
    /// The part of its value that a new position needs in a margin account.
    #[schemars(extend("default" = 0.5, "x-accepted" = "a fraction above 0 and at most 1"))]
    pub initial_margin: Decimal,
    /// The part below which a margin account only takes orders that make a position smaller.
    #[schemars(extend("default" = 0.25, "x-accepted" = "a fraction above 0 and at most 1"))]
    pub maintenance_margin: Decimal,
}

/// The kind of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// It is not asked.
    #[default]
    Unlimited,
    /// What is bought is paid for.
    Cash,
    /// Positions need equity.
    Margin,
}

impl Default for AccountConfig {
    fn default() -> Self {
        let part = |mantissa| Decimal::new(mantissa, 2).unwrap_or(Decimal::ZERO);
        Self {
            kind: AccountKind::Unlimited,
            allow_short: false,
            initial_margin: part(50),
            maintenance_margin: part(25),
        }
    }
}

impl AccountConfig {
    /// As the engine has it.
    #[must_use]
    pub fn rules(&self) -> AccountRules {
        match self.kind {
            AccountKind::Unlimited => AccountRules::Unlimited,
            AccountKind::Cash => AccountRules::Cash { allow_short: self.allow_short },
            AccountKind::Margin => {
                AccountRules::Margin { initial: self.initial_margin, maintenance: self.maintenance_margin }
            }
        }
    }
}

fn oms_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OmsType, D::Error> {
    let name = String::deserialize(deserializer)?;
    let found = OmsType::ALL.iter().find(|known| known.name() == name);
    found.copied().ok_or_else(|| D::Error::custom(format!("{name} is no way to keep positions")))
}

fn oms_type_name(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<_> = OmsType::ALL.iter().map(|known| known.name()).collect();
    json_schema!({ "type": "string", "enum": names, "default": "netting" })
}

fn accounting<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Accounting, D::Error> {
    let name = String::deserialize(deserializer)?;
    let found = Accounting::ALL.into_iter().find(|known| known.name() == name);
    found.ok_or_else(|| D::Error::custom(format!("{name} is no way to find a cost")))
}

fn accounting_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": Accounting::ALL.map(Accounting::name), "default": "average" })
}

fn account_kind(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["unlimited", "cash", "margin"], "default": "unlimited" })
}
