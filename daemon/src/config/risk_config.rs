//! The keys of `[risk]`: limits of the run, of strategies and of instruments.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};
use stratd_engine::{
    ExitRoutine, Limit, LossLimit, OnBreach, OrderRate, PriceCollar, RiskLimits, TradingState,
};
use stratd_plugin_api::{Decimal, Money};

use super::Span;

/// Limits on what is traded: of all strategies together, and of single strategies and instruments.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// What the kill switch does besides halting.
    pub kill_switch: ExitRoutine,
    /// Those of all strategies together.
    pub run: Limits,
    /// Those of single strategies, by name.
    pub strategy: BTreeMap<String, Limits>,
    /// Those of single instruments, by symbol.
    pub instrument: BTreeMap<String, Limits>,
}

impl Default for Risk {
    fn default() -> Self {
        Self {
            kill_switch: ExitRoutine::CancelAll,
            run: Limits::default(),
            strategy: BTreeMap::new(),
            instrument: BTreeMap::new(),
        }
    }
}

/// The limits of one scope.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The largest quantity of one order.
    /// `{ limit = 100, on_breach = "reduce" }` cuts an order down to what the limit leaves instead of denying it.
    #[serde(deserialize_with = "quantity")]
    #[schemars(schema_with = "cutting_limit")]
    pub max_order_quantity: Option<Limit<Decimal>>,
    /// The largest notional of one order, in its currency, with at most 8 decimals.
    /// An order that fills at the market is judged by the last price.
    #[serde(deserialize_with = "notional")]
    #[schemars(schema_with = "cutting_limit")]
    pub max_order_notional: Option<Limit<Money>>,
    /// How far limit and stop prices may be from the last price, up or down.
    #[schemars(extend("x-accepted" = "{ percent = NUMBER } or { bps = NUMBER }"))]
    pub price_collar: Option<Collar>,
    /// The largest position in one instrument, long or short, with all working orders filled.
    /// In `[risk]` and of an instrument: of all strategies together; of a strategy: its own.
    #[serde(deserialize_with = "quantity")]
    #[schemars(schema_with = "cutting_limit")]
    pub max_position: Option<Limit<Decimal>>,
    /// How many orders may work at one time.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-accepted" = "an integer from 1 to 1000000"))]
    pub max_open_orders: Option<u32>,
    /// How many orders and changes may be sent within a time; cancels are never held back.
    #[schemars(extend("x-accepted" = "{ count = INTEGER, window = TIME } with 1 to 100000 and a time such as \"1s\""))]
    pub max_order_rate: Option<Rate>,
    /// The largest loss since the start of the UTC day, in the currency of the run, fees and open positions included.
    /// Beyond it trading is `halted` (only cancels) or `reducing` (only orders that make a position smaller), and `exit`
    /// may cancel the working orders (`cancel_all`) and close the positions (`close_all`); the next day it goes on.
    #[serde(deserialize_with = "loss")]
    #[schemars(schema_with = "loss_limit")]
    pub max_daily_loss: Option<LossLimit>,
    /// The largest fall of the profit from its highest value, as `max_daily_loss`; trading goes on by command only.
    #[serde(deserialize_with = "loss")]
    #[schemars(schema_with = "loss_limit")]
    pub max_drawdown: Option<LossLimit>,
    /// Orders are taken only within these hours, up to `before_close` before the end of a session; then `exit` is
    /// carried out. Without `hours`, those count that the exchange tells of each instrument; one of which it tells none
    /// trades around the clock.
    #[schemars(extend(
        "x-accepted" = "{ hours = NAME, before_close = TIME, exit = none, cancel_all or close_all } with the name of an [hours.NAME] table; or { holidays = NAME, … }, or neither, with the hours that the exchange tells"
    ))]
    pub trading_hours: Option<TradingHours>,
}

/// How far from the last price.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Collar {
    /// In hundredths of the last price.
    Percent(Decimal),
    /// In ten-thousandths of the last price.
    Bps(Decimal),
}

impl Collar {
    /// As the engine has it; `None` if it has too many decimals.
    #[must_use]
    pub fn engine(self) -> Option<PriceCollar> {
        match self {
            Self::Percent(percent) => PriceCollar::percent(percent),
            Self::Bps(points) => PriceCollar::basis_points(points),
        }
    }
}

/// So many within a time.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Rate {
    /// So many.
    #[schemars(range(min = 1, max = 100_000), extend("x-accepted" = "1 to 100000"))]
    pub count: u32,
    /// Within such a time.
    pub window: Span,
}

/// Which hours, and what happens at their end.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct TradingHours {
    /// The `[hours.NAME]` table; without it, the hours that the exchange tells of each instrument.
    #[serde(default)]
    pub hours: Option<String>,
    /// The `[hours.NAME]` table whose holidays and special days count where the hours are those that the exchange tells,
    /// which tells no holidays. Both are of the same time zone.
    #[serde(default)]
    pub holidays: Option<String>,
    /// How long before the end of a session.
    #[serde(default)]
    pub before_close: Span,
    /// What is done then.
    #[serde(default, deserialize_with = "exit")]
    #[schemars(schema_with = "exit_name")]
    pub exit: ExitRoutine,
}

impl Limits {
    /// All that the engine needs but the trading hours.
    #[must_use]
    pub fn engine(&self) -> RiskLimits {
        RiskLimits {
            max_order_quantity: self.max_order_quantity,
            max_order_notional: self.max_order_notional,
            price_collar: self.price_collar.and_then(Collar::engine),
            max_position: self.max_position,
            max_open_orders: self.max_open_orders,
            max_order_rate: self
                .max_order_rate
                .map(|rate| OrderRate { count: rate.count, window_ns: rate.window.nanoseconds() }),
            max_daily_loss: self.max_daily_loss,
            max_drawdown: self.max_drawdown,
            trading_hours: None,
        }
    }
}

impl Risk {
    /// All scopes with the place of their table.
    pub fn scopes(&self) -> impl Iterator<Item = (String, &Limits)> {
        let of =
            |kind: &'static str| move |(name, limits): (&String, _)| (format!("risk.{kind}.{name}"), limits);
        let strategies = self.strategy.iter().map(of("strategy"));
        let instruments = self.instrument.iter().map(of("instrument"));
        std::iter::once(("risk".to_owned(), &self.run)).chain(strategies).chain(instruments)
    }
}

impl<'de> Deserialize<'de> for Risk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = Map::deserialize(deserializer)?;
        let mut scopes = |name: &str| {
            let tables = table.remove(name).unwrap_or_else(|| Value::Object(Map::new()));
            BTreeMap::<String, Limits>::deserialize(tables).map_err(D::Error::custom)
        };
        let (strategy, instrument) = (scopes("strategy")?, scopes("instrument")?);
        let kill_switch = match table.remove("kill_switch") {
            Some(name) => exit(name).map_err(D::Error::custom)?,
            None => Self::default().kill_switch,
        };
        let run = Limits::deserialize(Value::Object(table)).map_err(D::Error::custom)?;
        Ok(Self { kill_switch, run, strategy, instrument })
    }
}

impl JsonSchema for Risk {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Risk".into()
    }

    /// The keys of [`Limits`], and tables of the same keys.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Limits::json_schema(generator);
        let limits = generator.subschema_for::<Limits>();
        let scopes = |what: &str, accepted: &str| {
            json_schema!({
                "description": what,
                "type": "object",
                "additionalProperties": limits,
                "x-accepted": accepted,
            })
        };
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            let strategies = "Limits of single strategies: a table `[risk.strategy.NAME]` for each, with the keys above. \
                              They apply besides those of the run.";
            let instruments = "Limits of single instruments, all strategies together: a table `[risk.instrument.SYMBOL]` \
                               for each, with the keys above. They apply besides those of the run, to the instrument \
                               on every exchange that has it.";
            let tables = "tables with the keys of [risk], each named after a strategy";
            let kill = json_schema!({
                "description": "What SIGUSR1, the kill switch, does besides halting all trading: nothing, cancel the \
                                working orders, or close all positions as well. SIGUSR2 lets trading go on.",
                "enum": ExitRoutine::ALL.map(ExitRoutine::name),
                "default": ExitRoutine::CancelAll.name(),
            });
            properties.insert("kill_switch".to_owned(), kill.to_value());
            properties.insert("strategy".to_owned(), scopes(strategies, tables).to_value());
            let tables = "tables with the keys of [risk], each named after the symbol of an instrument";
            properties.insert("instrument".to_owned(), scopes(instruments, tables).to_value());
        }
        schema
    }
}

/// A value alone, or in a table with what a breach does.
#[derive(Deserialize)]
#[serde(untagged)]
enum Cutting {
    Plain(Decimal),
    Table {
        limit: Decimal,
        #[serde(default)]
        on_breach: Option<String>,
    },
}

impl Cutting {
    fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Limit<Decimal>, D::Error> {
        match Self::deserialize(deserializer)? {
            Self::Plain(limit) => Ok(limit.into()),
            Self::Table { limit, on_breach } => {
                let on_breach = named(on_breach.as_deref(), &OnBreach::ALL.map(|one| (one.name(), one)));
                Ok(Limit { limit, on_breach: on_breach.map_err(D::Error::custom)? })
            }
        }
    }
}

fn quantity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Limit<Decimal>>, D::Error> {
    Cutting::limit(deserializer).map(Some)
}

fn notional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Limit<Money>>, D::Error> {
    let Limit { limit, on_breach } = Cutting::limit(deserializer)?;
    Ok(Some(Limit { limit: Money::try_from(limit).map_err(D::Error::custom)?, on_breach }))
}

/// An amount alone, or in a table with what happens beyond it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Loss {
    Plain(Decimal),
    Table {
        limit: Decimal,
        #[serde(default)]
        state: Option<String>,
        #[serde(default)]
        exit: Option<String>,
    },
}

fn loss<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<LossLimit>, D::Error> {
    let (limit, state, exit) = match Loss::deserialize(deserializer)? {
        Loss::Plain(limit) => (limit, None, None),
        Loss::Table { limit, state, exit } => (limit, state, exit),
    };
    let plain = LossLimit::from(Money::try_from(limit).map_err(D::Error::custom)?);
    let state = match state {
        None => plain.state,
        Some(state) => named(Some(&state), &STATES.map(|one| (one.name(), one))).map_err(D::Error::custom)?,
    };
    let exit = named(exit.as_deref(), &ExitRoutine::ALL.map(|one| (one.name(), one)));
    Ok(Some(LossLimit { state, exit: exit.map_err(D::Error::custom)?, ..plain }))
}

/// What a loss may lead to.
const STATES: [TradingState; 2] = [TradingState::Reducing, TradingState::Halted];

fn exit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ExitRoutine, D::Error> {
    let name = String::deserialize(deserializer)?;
    named(Some(&name), &ExitRoutine::ALL.map(|one| (one.name(), one))).map_err(D::Error::custom)
}

/// The value of a word; its default without one.
fn named<T: Copy + Default>(name: Option<&str>, all: &[(&str, T)]) -> Result<T, String> {
    let Some(name) = name else { return Ok(T::default()) };
    let found = all.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    found.ok_or_else(|| {
        format!("{name} is none of {:?}", all.iter().map(|(known, _)| known).collect::<Vec<_>>())
    })
}

fn cutting_limit(generator: &mut SchemaGenerator) -> Schema {
    let number = generator.subschema_for::<Decimal>();
    json_schema!({
        "anyOf": [
            number,
            {
                "type": "object",
                "properties": { "limit": number, "on_breach": { "enum": OnBreach::ALL.map(OnBreach::name) } },
                "required": ["limit"],
                "additionalProperties": false,
            },
        ],
        "x-accepted": "a decimal number above 0, or { limit = NUMBER, on_breach = deny or reduce }",
    })
}

fn loss_limit(generator: &mut SchemaGenerator) -> Schema {
    let number = generator.subschema_for::<Decimal>();
    json_schema!({
        "anyOf": [
            number,
            {
                "type": "object",
                "properties": {
                    "limit": number,
                    "state": { "enum": STATES.map(TradingState::name) },
                    "exit": { "enum": ExitRoutine::ALL.map(ExitRoutine::name) },
                },
                "required": ["limit"],
                "additionalProperties": false,
            },
        ],
        "x-accepted": "an amount above 0, or { limit = AMOUNT, state = halted or reducing, exit = none, cancel_all or close_all }",
    })
}

fn exit_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ExitRoutine::ALL.map(ExitRoutine::name), "default": "none" })
}
