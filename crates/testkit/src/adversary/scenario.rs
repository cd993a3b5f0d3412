//! What a run is made of: instruments, limits, account. Drawn from the seed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use stratd_engine::{
    AccountRules, Accounting, Engine, EngineConfig, ExitRoutine, Hours, HoursRule, Limit, LossLimit,
    OnBreach, OrderIds, OrderRate, PriceCollar, RateSource, RiskLimits, Scope, StrategyId, TradingState,
};
use stratd_plugin_api::{
    Decimal, ExchangeId, Instrument, InstrumentId, InstrumentType, Money, OmsType, OrderFlags, OrderRequest,
    OrderType, PositionSide, Quantity, Session, Side, Takes, TradingType, export::instrument_to_record,
};

use super::{costs, gambler::Temper, random::Random};
use crate::services::Services;

pub(super) const STRATEGIES: u16 = 3;
/// Monday, 2024-01-01 14:30 UTC: in a session.
pub(super) const START_NS: i64 = 1_704_119_400_000_000_000;
pub(super) const SECOND_NS: i64 = 1_000_000_000;
/// Seconds of the UTC day between which orders may be sent, where hours are limited.
pub(super) const SESSION: (u32, u32) = (9 * 3_600, 17 * 3_600);
/// Units of money in one of its currency.
const MONEY: i128 = 100_000_000;

/// X, a future Y, the index Z, E in euros with fractions and lots, and the pair that says what a euro is worth.
pub(super) const FUTURE: u32 = 2;
pub(super) const INDEX: u32 = 3;
pub(super) const IN_EUROS: u32 = 4;
pub(super) const EURO: u32 = 5;
pub(super) const INSTRUMENTS: [u32; 5] = [1, FUTURE, INDEX, IN_EUROS, EURO];
/// What a euro is worth before the first price, in hundredths.
pub(super) const EURO_RATE_START: i64 = 110;

/// Value of one unit of quantity at one unit of price, in units of money of the instrument's currency.
pub(super) fn point(instrument: u32) -> i128 {
    match instrument {
        FUTURE => 10 * MONEY,
        IN_EUROS | EURO => MONEY / 100,
        _ => MONEY,
    }
}

/// Units of quantity in a whole one.
pub(super) fn units(instrument: u32) -> i64 {
    if instrument == IN_EUROS { 10 } else { 1 }
}

pub(super) fn lot(instrument: u32) -> i64 {
    if instrument == IN_EUROS { 5 } else { 1 }
}

pub(super) fn exchange_of(instrument: u32) -> u16 {
    if instrument < IN_EUROS { 1 } else { 2 }
}

pub(super) fn price(random: &mut Random, instrument: u32) -> i64 {
    match instrument {
        IN_EUROS => random.range(900, 1_101),
        EURO => random.range(100, 131),
        _ => random.range(90, 111),
    }
}

/// The limits of a scope in plain numbers: quantities in whole units, money in units of 1e-8; `true` = reduce.
#[derive(Clone, Debug, Default)]
pub(super) struct PlainLimits {
    pub(super) order_quantity: Option<(u32, bool)>,
    pub(super) order_notional: Option<(i128, bool)>,
    pub(super) collar_points: Option<u32>,
    pub(super) position: Option<(u32, bool)>,
    pub(super) open_orders: Option<u32>,
    pub(super) rate: Option<(u32, i64)>,
    pub(super) daily_loss: Option<(i128, TradingState)>,
    pub(super) drawdown: Option<(i128, TradingState)>,
    pub(super) has_hours: bool,
}

impl PlainLimits {
    pub(super) fn draw(random: &mut Random) -> Self {
        let mut limits = Self::default();
        let reduces = random.chance(40);
        if random.chance(40) {
            limits.order_quantity = Some((random.small(6, 14).into(), reduces));
        }
        if random.chance(40) {
            limits.order_notional = Some((i128::from(random.range(600, 9_000)) * MONEY, random.chance(40)));
        }
        if random.chance(25) {
            limits.collar_points = Some(random.small(300, 1_500).into());
        }
        if random.chance(60) {
            limits.position = Some((random.small(10, 40).into(), random.chance(40)));
        }
        if random.chance(40) {
            limits.open_orders = Some(u32::from(random.small(2, 16)));
        }
        if random.chance(30) {
            limits.rate = Some((u32::from(random.small(2, 20)), random.range(1, 60) * SECOND_NS));
        }
        let states = [TradingState::Reducing, TradingState::Halted];
        let state = |random: &mut Random| *random.pick(&states).unwrap_or(&TradingState::Halted);
        if random.chance(10) {
            limits.daily_loss = Some((i128::from(random.range(100, 3_000)) * MONEY, state(random)));
        }
        if random.chance(10) {
            limits.drawdown = Some((i128::from(random.range(100, 3_000)) * MONEY, state(random)));
        }
        limits.has_hours = random.chance(15);
        limits
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account {
    Unlimited,
    Cash {
        allow_short: bool,
    },
    /// Parts in percent.
    Margin {
        initial: i64,
        maintenance: i64,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) cash: i128,
    pub(super) limits: BTreeMap<Scope, PlainLimits>,
    exits: [ExitRoutine; 3],
    pub(super) account: Account,
    pub(super) is_fifo: bool,
    pub(super) oms_type: OmsType,
    /// Strategies listen to instruments of their own, and take several events in one call.
    pub(super) has_slices: bool,
    takes_up_events: bool,
    /// What the two exchanges take; `None`: everything, and no order excludes another one.
    pub(super) takes: Option<[Takes; 2]>,
    /// Instruments that are quoted and never trade.
    pub(super) quoted_only: BTreeSet<u32>,
}

impl Scenario {
    pub(super) fn draw(random: &mut Random) -> Self {
        let mut scopes = vec![Scope::Run];
        scopes.extend((0..STRATEGIES).map(|id| Scope::Strategy(StrategyId(id))));
        scopes.extend(INSTRUMENTS.map(|id| Scope::Instrument(InstrumentId(id))));
        let has_slices = random.chance(40);
        let takes = random.chance(60).then(|| [(); 2].map(|()| Self::draw_takes(random)));
        let mut limits = BTreeMap::new();
        for scope in scopes {
            if scope != Scope::Run && !random.chance(35) {
                continue;
            }
            let mut drawn = PlainLimits::draw(random);
            if takes.is_some() {
                drawn.rate = None;
            }
            if has_slices {
                // a loss must stop orders from the event on that brought it, so events come one by one
                (drawn.daily_loss, drawn.drawdown) = (None, None);
            }
            limits.insert(scope, drawn);
        }
        let account = match random.range(0, 10) {
            0 => Account::Cash { allow_short: true },
            1 => Account::Cash { allow_short: false },
            2 | 3 => Account::Margin { initial: 50, maintenance: 25 },
            _ => Account::Unlimited,
        };
        let cash = if account == Account::Unlimited { 100_000 } else { random.range(2_000, 30_000) };
        let exits = [(); 3].map(|()| *random.pick(&ExitRoutine::ALL).unwrap_or(&ExitRoutine::None));
        let is_fifo = random.chance(50);
        let oms_type = *random.pick(OmsType::ALL).unwrap_or(&OmsType::Netting);
        let quoted_only = INSTRUMENTS.into_iter().filter(|_| random.chance(10)).collect();
        let (cash, takes_up_events) = (i128::from(cash) * MONEY, random.chance(50));
        Self {
            cash,
            limits,
            exits,
            account,
            is_fifo,
            oms_type,
            has_slices,
            takes_up_events,
            takes,
            quoted_only,
        }
    }

    /// What an exchange takes: all, or little enough that the engine must stand in.
    fn draw_takes(random: &mut Random) -> Takes {
        let simple = Takes::of(&[OrderType::Market, OrderType::Limit]);
        match random.range(0, 4) {
            0 => Takes::ALL,
            1 => simple.flags(OrderFlags::REDUCE_ONLY).gtd(),
            _ => simple,
        }
    }

    /// The limits of a scope as they are set later. What the engine sends of its own accord counts for no rate, and the
    /// outputs do not tell it from what a strategy changes: where orders are held there is no rate.
    pub(super) fn draw_limits(&self, random: &mut Random) -> PlainLimits {
        let mut drawn = PlainLimits::draw(random);
        if self.takes.is_some() {
            drawn.rate = None;
        }
        drawn
    }

    /// What the exchange of an instrument takes.
    pub(super) fn takes_of(&self, instrument: u32) -> Takes {
        let [first, second] = self.takes.unwrap_or([Takes::ALL; 2]);
        if exchange_of(instrument) == 1 { first } else { second }
    }

    /// What the strategy of a number is like.
    pub(super) fn temper(&self, strategy: u16) -> Temper {
        let is_hedged = self.oms_type == OmsType::Hedging;
        let instruments: &[u32] = match strategy {
            _ if !self.has_slices => &[],
            0 => &[1, IN_EUROS],
            1 => &[FUTURE, INDEX],
            _ => &[EURO],
        };
        Temper {
            is_hedged,
            instruments,
            takes_up_events: self.takes_up_events,
            has_groups: self.takes.is_some(),
            eagerness: if self.has_slices { 25 } else { 45 },
        }
    }

    /// The position that an order is about.
    pub(super) fn position(&self, request: &OrderRequest) -> PositionSide {
        let closes = request.flags.contains(OrderFlags::REDUCE_ONLY);
        match (self.oms_type, (request.side == Side::Buy) != closes) {
            (OmsType::Netting, _) => PositionSide::Net,
            (OmsType::Hedging, true) => PositionSide::Long,
            (OmsType::Hedging, false) => PositionSide::Short,
        }
    }

    /// The engine, with instruments and limits and without strategies.
    pub(super) fn engine(&self, services: &Arc<Services>) -> Result<Engine, String> {
        let percent = |part: i64| Decimal::new(part, 2).map_err(|error| error.to_string());
        let account = match self.account {
            Account::Unlimited => AccountRules::Unlimited,
            Account::Cash { allow_short } => AccountRules::Cash { allow_short },
            Account::Margin { initial, maintenance } => {
                AccountRules::Margin { initial: percent(initial)?, maintenance: percent(maintenance)? }
            }
        };
        let limits =
            |scope| self.limits.get(&scope).map_or(Ok(RiskLimits::default()), |l| self.real_limits(l));
        let config = EngineConfig {
            trading_type: TradingType::Backtest,
            cash: Money::new(self.cash),
            currency: 0,
            limits: limits(Scope::Run)?,
            order_ids: OrderIds::of_run(7),
            account,
            oms_type: self.oms_type,
            accounting: if self.is_fifo { Accounting::Fifo } else { Accounting::Average },
            costs: Box::new(costs::Model),
        };
        let mut engine = Engine::new(config, services.clone());
        for (exchange, takes) in (1..).zip(self.takes.into_iter().flatten()) {
            engine.set_takes(ExchangeId(exchange), takes);
        }
        for instrument in instruments() {
            let record = instrument_to_record(&instrument, |text| services.texts.intern_cut(text));
            engine.add_instrument(instrument, record).map_err(|error| error.to_string())?;
        }
        let initial = Decimal::new(EURO_RATE_START, 2).map_err(|error| error.to_string())?;
        let quoted = RateSource::Quoted { instrument: InstrumentId(EURO), is_inverse: false, initial };
        engine.set_rate("EUR", quoted).map_err(|error| error.to_string())?;
        for scope in self.limits.keys().filter(|scope| **scope != Scope::Run) {
            engine.set_limits(*scope, limits(*scope)?);
        }
        Ok(engine)
    }

    pub(super) fn real_limits(&self, plain: &PlainLimits) -> Result<RiskLimits, String> {
        let [exit_daily, exit_drawdown, exit_hours] = self.exits;
        let on_breach = |reduces: bool| if reduces { OnBreach::Reduce } else { OnBreach::Deny };
        let whole = |(limit, reduces): (u32, bool)| Limit {
            limit: Decimal::from(limit),
            on_breach: on_breach(reduces),
        };
        let loss = |exit| {
            move |(limit, state): (i128, TradingState)| LossLimit { limit: Money::new(limit), state, exit }
        };
        let collar = plain.collar_points.map(|points| {
            PriceCollar::basis_points(Decimal::from(points)).ok_or("a collar of too many decimals")
        });
        let hours = Hours {
            timezone: jiff::tz::TimeZone::UTC,
            weekdays: 0x7f,
            sessions: vec![Session { open: SESSION.0, close: SESSION.1 }],
            holidays: BTreeSet::new(),
            special: BTreeMap::new(),
        };
        Ok(RiskLimits {
            max_order_quantity: plain.order_quantity.map(whole),
            max_order_notional: plain
                .order_notional
                .map(|(limit, reduces)| Limit { limit: Money::new(limit), on_breach: on_breach(reduces) }),
            price_collar: collar.transpose()?,
            max_position: plain.position.map(whole),
            max_open_orders: plain.open_orders,
            max_order_rate: plain.rate.map(|(count, window_ns)| OrderRate { count, window_ns }),
            max_daily_loss: plain.daily_loss.map(loss(exit_daily)),
            max_drawdown: plain.drawdown.map(loss(exit_drawdown)),
            trading_hours: plain.has_hours.then(|| HoursRule {
                hours: Arc::new(hours),
                before_close_ns: 0,
                exit: exit_hours,
            }),
        })
    }
}

fn instruments() -> [Instrument; 5] {
    let whole = |symbol: &str, kind| Instrument::new(symbol, kind).price_decimals(0);
    let mut future = whole("Y", InstrumentType::Future);
    future.multiplier *= 10;
    let mut in_euros = Instrument::new("E", InstrumentType::Equity).price_decimals(1).quantity_decimals(1);
    in_euros.lot = Quantity::new(5);
    in_euros.currency = "EUR".to_owned();
    let mut all = [
        whole("X", InstrumentType::Equity),
        future,
        whole("Z", InstrumentType::Index),
        in_euros,
        Instrument::new("EURUSD", InstrumentType::Pair),
    ];
    for (id, instrument) in (1..).zip(&mut all) {
        instrument.exchange = ExchangeId(exchange_of(id));
    }
    all
}
