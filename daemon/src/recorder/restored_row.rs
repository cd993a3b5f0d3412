//! What was restored, as words that belong to a row: which thing, then its fields in the order of their declaration.

use stratd_engine::{
    BeforeCancel, Held, OrderState, Position, Restored, RestoredGroup, RestoredLosses, RestoredOrder,
    RestoredPosition, RestoredStandIn, Scope, StrategyId,
};
use stratd_plugin_api::{
    ClientOrderId, ExchangeId, InstrumentId, Money, PositionSide, Price, Quantity, Reason, Timestamp, abi,
};

use super::{
    records::{ORDER_REQUEST_WORDS, order_request, order_request_words},
    row::{scope, scope_words},
};

const BEGIN: u64 = 1;
const IDS: u64 = 2;
const PORTFOLIO: u64 = 3;
const POSITION: u64 = 4;
const BOOKS: u64 = 5;
const LOSSES: u64 = 6;
const ORDER: u64 = 7;
const FILL: u64 = 8;
const NUMBERS: u64 = 9;
const GROUP: u64 = 10;

/// Puts it behind what is in `payload`.
pub(super) fn put(restored: &Restored, payload: &mut Vec<u8>) {
    let mut out = Words(payload);
    match restored {
        Restored::Begin => out.word(BEGIN),
        Restored::Ids { strategy, number, counter } => {
            out.words([IDS, u64::from(strategy.0), u64::from(*number), *counter]);
        }
        Restored::Numbers(last) => out.words([NUMBERS, u64::from(*last)]),
        Restored::Portfolio { strategy, cash, realized, fees } => {
            out.words([PORTFOLIO, u64::from(strategy.0)]);
            [cash, realized, fees].into_iter().for_each(|money| out.money(*money));
        }
        Restored::Position(position) => put_position(&mut out, position),
        Restored::Books => out.word(BOOKS),
        Restored::Losses(of, losses) => {
            let [which, id] = scope_words(*of);
            out.words([LOSSES, which, id, losses.day.get().cast_unsigned()]);
            [losses.day_start, losses.peak, losses.last].into_iter().for_each(|money| out.money(money));
            out.word(u64::from(losses.is_since_command));
        }
        Restored::Order(order) => put_order(&mut out, order),
        Restored::Group(RestoredGroup { strategy, group, total, filled }) => {
            out.words([GROUP, u64::from(strategy.0), *group]);
            out.words([total, filled].map(|quantity| quantity.get().cast_unsigned()));
        }
        Restored::Fill(strategy, fill) => put_fill(&mut out, *strategy, fill),
    }
}

fn put_position(out: &mut Words<'_>, restored: &RestoredPosition) {
    let Position { side, size, cost, realized, fees, notional, cost_own } = restored.position;
    out.words([POSITION, u64::from(restored.strategy.0), u64::from(restored.instrument.0)]);
    out.words([u64::from(side.code()), size.get().cast_unsigned()]);
    [cost, realized, fees, notional, cost_own].into_iter().for_each(|money| out.money(money));
    out.price(restored.price_last);
    out.word(restored.lots.len() as u64);
    for (quantity, run, own) in &restored.lots {
        out.word(quantity.cast_unsigned());
        out.money(*run);
        out.money(*own);
    }
}

fn put_order(out: &mut Words<'_>, order: &RestoredOrder) {
    let (state, reason) = state_words(order.state);
    out.words([ORDER, order.id.0, u64::from(order.strategy.0), u64::from(order.exchange.0)]);
    out.words(order_request_words(&(&order.request).into()));
    out.words([order.exchange_order_id, state, reason, order.filled.get().cast_unsigned()]);
    out.wide(order.filled_value);
    out.words([order.created.get().cast_unsigned(), order.updated.get().cast_unsigned()]);
    out.words([u64::from(order.is_by_hand), u64::from(order.is_closing), order.trade_ids.len() as u64]);
    order.trade_ids.iter().for_each(|id| out.word(*id));
    // left out where there is none, as in recordings of before
    if let Some(stand_in) = &order.stand_in {
        put_stand_in(out, stand_in);
    }
}

fn put_stand_in(out: &mut Words<'_>, stand_in: &RestoredStandIn) {
    let RestoredStandIn { waits, has_trigger, level, asked, expires, has_expired } = *stand_in;
    let waits = match waits {
        None => 0,
        Some(Held::ForPrice) => 1,
        Some(Held::ForEntry) => 2,
        Some(Held::ForGroup) => 3,
    };
    out.words([waits, u64::from(has_trigger)]);
    out.price(level);
    out.words([asked.get().cast_unsigned(), u64::from(expires.is_some())]);
    out.words([expires.unwrap_or_default().get().cast_unsigned(), u64::from(has_expired)]);
}

fn put_fill(out: &mut Words<'_>, strategy: StrategyId, fill: &abi::FillRecord) {
    out.words([FILL, u64::from(strategy.0), fill.ts.cast_unsigned(), fill.client_order_id]);
    out.words([fill.exchange_order_id, fill.trade_id, u64::from(fill.instrument), u64::from(fill.exchange)]);
    out.words([u64::from(fill.side), u64::from(fill.liquidity)]);
    out.words([fill.price.cast_unsigned(), fill.quantity.cast_unsigned()]);
    for money in [fill.fee, fill.slippage, fill.transaction_cost] {
        out.words([money.lo, money.hi.cast_unsigned()]);
    }
}

/// Reads it back.
///
/// # Errors
/// Nobody wrote it; what was found, in words.
pub(super) fn read(payload: &[u8]) -> Result<Restored, String> {
    let (words, rest) = payload.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(format!("{} bytes of something restored (accepted: whole words)", payload.len()));
    }
    let mut from = Reader(words);
    let restored = match from.word()? {
        BEGIN => Restored::Begin,
        IDS => Restored::Ids {
            strategy: StrategyId(from.narrow()?),
            number: from.narrow()?,
            counter: from.word()?,
        },
        PORTFOLIO => Restored::Portfolio {
            strategy: StrategyId(from.narrow()?),
            cash: from.money()?,
            realized: from.money()?,
            fees: from.money()?,
        },
        POSITION => Restored::Position(Box::new(read_position(&mut from)?)),
        NUMBERS => Restored::Numbers(from.narrow()?),
        BOOKS => Restored::Books,
        LOSSES => {
            let of: Scope = scope(from.word()?, from.word()?)?;
            Restored::Losses(
                of,
                RestoredLosses {
                    day: from.time()?,
                    day_start: from.money()?,
                    peak: from.money()?,
                    last: from.money()?,
                    is_since_command: from.word()? != 0,
                },
            )
        }
        GROUP => Restored::Group(RestoredGroup {
            strategy: StrategyId(from.narrow()?),
            group: from.word()?,
            total: Quantity::new(from.word()?.cast_signed()),
            filled: Quantity::new(from.word()?.cast_signed()),
        }),
        ORDER => Restored::Order(Box::new(read_order(&mut from)?)),
        FILL => Restored::Fill(StrategyId(from.narrow()?), read_fill(&mut from)?),
        other => return Err(format!("something restored of kind {other}, which this version does not know")),
    };
    if from.0.is_empty() { Ok(restored) } else { Err(format!("{} words too many", from.0.len())) }
}

fn read_position(from: &mut Reader<'_>) -> Result<RestoredPosition, String> {
    let (strategy, instrument) = (StrategyId(from.narrow()?), InstrumentId(from.narrow()?));
    let side = from.narrow()?;
    let position = Position {
        side: PositionSide::from_code(side).ok_or_else(|| format!("position side {side}"))?,
        size: Quantity::new(from.word()?.cast_signed()),
        cost: from.money()?,
        realized: from.money()?,
        fees: from.money()?,
        notional: from.money()?,
        cost_own: from.money()?,
    };
    let price_last = from.price()?;
    let count = from.word()?;
    let lots = (0..count).map(|_| Ok((from.word()?.cast_signed(), from.money()?, from.money()?)));
    let lots = lots.collect::<Result<_, String>>()?;
    Ok(RestoredPosition { strategy, instrument, position, price_last, lots })
}

fn read_order(from: &mut Reader<'_>) -> Result<RestoredOrder, String> {
    let (id, strategy) = (ClientOrderId(from.word()?), StrategyId(from.narrow()?));
    let exchange = ExchangeId(from.narrow()?);
    let mut words = [0; ORDER_REQUEST_WORDS];
    for word in &mut words {
        *word = from.word()?;
    }
    let request = order_request(&words);
    let request =
        (&request).try_into().map_err(|reason| format!("a restored order that is none: {reason}"))?;
    let exchange_order_id = from.word()?;
    let state = state_of(from.word()?, from.word()?)?;
    let (filled, filled_value) = (Quantity::new(from.word()?.cast_signed()), from.wide()?);
    let (created, updated) = (from.time()?, from.time()?);
    let (is_by_hand, is_closing) = (from.word()? != 0, from.word()? != 0);
    let count = from.word()?;
    let trade_ids = (0..count).map(|_| from.word()).collect::<Result<_, String>>()?;
    let stand_in = if from.0.is_empty() { None } else { Some(read_stand_in(from)?) };
    Ok(RestoredOrder {
        id,
        strategy,
        exchange,
        request,
        exchange_order_id,
        state,
        filled,
        filled_value,
        created,
        updated,
        is_by_hand,
        is_closing,
        trade_ids,
        stand_in,
    })
}

fn read_stand_in(from: &mut Reader<'_>) -> Result<RestoredStandIn, String> {
    let waits = match from.word()? {
        0 => None,
        1 => Some(Held::ForPrice),
        2 => Some(Held::ForEntry),
        3 => Some(Held::ForGroup),
        other => return Err(format!("an order that is held for {other} (accepted: 0 to 3)")),
    };
    let (has_trigger, level) = (from.word()? != 0, from.price()?);
    let asked = Quantity::new(from.word()?.cast_signed());
    let (has_end, end, has_expired) = (from.word()? != 0, from.time()?, from.word()? != 0);
    Ok(RestoredStandIn { waits, has_trigger, level, asked, expires: has_end.then_some(end), has_expired })
}

fn read_fill(from: &mut Reader<'_>) -> Result<abi::FillRecord, String> {
    Ok(abi::FillRecord {
        ts: from.word()?.cast_signed(),
        client_order_id: from.word()?,
        exchange_order_id: from.word()?,
        trade_id: from.word()?,
        instrument: from.narrow()?,
        exchange: from.narrow()?,
        side: from.narrow()?,
        liquidity: from.narrow()?,
        price: from.word()?.cast_signed(),
        quantity: from.word()?.cast_signed(),
        fee: from.bits()?,
        slippage: from.bits()?,
        transaction_cost: from.bits()?,
    })
}

fn state_words(state: OrderState) -> (u64, u64) {
    let code = |reason: Reason| u64::from(reason.code());
    match state {
        OrderState::PendingNew => (1, 0),
        OrderState::Working => (2, 0),
        OrderState::PendingCancel(BeforeCancel::PendingNew) => (3, 1),
        OrderState::PendingCancel(BeforeCancel::Working) => (3, 2),
        OrderState::PendingCancel(BeforeCancel::Unknown) => (3, 3),
        OrderState::Unknown => (4, 0),
        OrderState::Filled => (5, 0),
        OrderState::Canceled(reason) => (6, code(reason)),
        OrderState::Expired => (7, 0),
        OrderState::Rejected(reason) => (8, code(reason)),
        OrderState::Denied(reason) => (9, code(reason)),
    }
}

fn state_of(state: u64, more: u64) -> Result<OrderState, String> {
    let reason = || {
        let known = u32::try_from(more).ok().and_then(Reason::from_code);
        known.ok_or_else(|| format!("reason {more}, which this version does not know"))
    };
    Ok(match (state, more) {
        (1, _) => OrderState::PendingNew,
        (2, _) => OrderState::Working,
        (3, 1) => OrderState::PendingCancel(BeforeCancel::PendingNew),
        (3, 2) => OrderState::PendingCancel(BeforeCancel::Working),
        (3, 3) => OrderState::PendingCancel(BeforeCancel::Unknown),
        (4, _) => OrderState::Unknown,
        (5, _) => OrderState::Filled,
        (6, _) => OrderState::Canceled(reason()?),
        (7, _) => OrderState::Expired,
        (8, _) => OrderState::Rejected(reason()?),
        (9, _) => OrderState::Denied(reason()?),
        (other, _) => return Err(format!("order state {other}, {more} (accepted: 1 to 9)")),
    })
}

struct Words<'a>(&'a mut Vec<u8>);

impl Words<'_> {
    fn word(&mut self, word: u64) {
        self.0.extend_from_slice(&word.to_le_bytes());
    }

    fn words<const N: usize>(&mut self, words: [u64; N]) {
        words.into_iter().for_each(|word| self.word(word));
    }

    fn wide(&mut self, number: i128) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn money(&mut self, money: Money) {
        self.wide(money.get());
    }

    fn price(&mut self, price: Option<Price>) {
        self.words([u64::from(price.is_some()), price.unwrap_or_default().get().cast_unsigned()]);
    }
}

struct Reader<'a>(&'a [[u8; 8]]);

impl Reader<'_> {
    fn word(&mut self) -> Result<u64, String> {
        let (first, rest) = self.0.split_first().ok_or("something restored that is cut off")?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*first))
    }

    fn narrow<T: TryFrom<u64>>(&mut self) -> Result<T, String> {
        let word = self.word()?;
        T::try_from(word).map_err(|_| format!("number {word}, which is too large for its place"))
    }

    fn wide(&mut self) -> Result<i128, String> {
        let (low, high) = (self.word()?, self.word()?);
        Ok((u128::from(high) << 64 | u128::from(low)).cast_signed())
    }

    fn money(&mut self) -> Result<Money, String> {
        self.wide().map(Money::new)
    }

    fn bits(&mut self) -> Result<abi::MoneyBits, String> {
        Ok(abi::MoneyBits { lo: self.word()?, hi: self.word()?.cast_signed() })
    }

    fn time(&mut self) -> Result<Timestamp, String> {
        Ok(Timestamp::new(self.word()?.cast_signed()))
    }

    fn price(&mut self) -> Result<Option<Price>, String> {
        let (is_some, price) = (self.word()? != 0, self.word()?);
        Ok(is_some.then_some(Price::new(price.cast_signed())))
    }
}

#[cfg(test)]
mod tests {
    use stratd_plugin_api::OrderRequest;

    use super::*;

    /// An order in this state, with no field left as it is by default.
    fn order(state: OrderState) -> RestoredOrder {
        RestoredOrder {
            id: ClientOrderId(7),
            strategy: StrategyId(2),
            exchange: ExchangeId(1),
            request: OrderRequest::limit(InstrumentId(3), Quantity::new(4), Price::new(-2)).tag(9),
            exchange_order_id: 11,
            state,
            filled: Quantity::new(1),
            filled_value: -(1 << 100),
            created: Timestamp::new(1),
            updated: Timestamp::new(2),
            is_by_hand: true,
            is_closing: false,
            trade_ids: vec![5, 6],
            stand_in: None,
        }
    }

    /// An order that the engine holds, by what it waits for.
    fn held(waits: Option<Held>) -> Restored {
        let stand_in = Some(RestoredStandIn {
            waits,
            has_trigger: true,
            level: Some(Price::new(-3)),
            asked: Quantity::new(9),
            expires: Some(Timestamp::new(77)),
            has_expired: true,
        });
        Restored::Order(Box::new(RestoredOrder { stand_in, ..order(OrderState::Working) }))
    }

    #[test]
    fn everything_that_is_restored_comes_back_as_it_was() {
        let strategy = StrategyId(2);
        let money = Money::new(-(1 << 90));
        let position =
            Position { size: Quantity::new(-5), cost: money, cost_own: money, ..Position::default() };
        let states = (1..=9).flat_map(|state| (1..=3).filter_map(move |more| state_of(state, more).ok()));
        let fill = abi::FillRecord {
            ts: -1,
            fee: abi::MoneyBits { lo: 1, hi: -1 },
            side: 1,
            ..abi::FillRecord::default()
        };
        let losses = RestoredLosses { peak: money, is_since_command: true, ..RestoredLosses::default() };
        let lots = vec![(-5, money, money)];
        let instrument = InstrumentId(3);
        let mut all = vec![
            Restored::Begin,
            Restored::Ids { strategy, number: 4, counter: 1 << 38 },
            Restored::Portfolio { strategy, cash: money, realized: Money::ZERO, fees: Money::new(1) },
            Restored::Position(Box::new(RestoredPosition {
                strategy,
                instrument,
                position,
                price_last: Some(Price::new(-4)),
                lots,
            })),
            Restored::Books,
            Restored::Numbers(4_095),
            Restored::Losses(Scope::Instrument(instrument), losses),
            Restored::Fill(strategy, fill),
            Restored::Group(RestoredGroup {
                strategy,
                group: 1 << 60,
                total: Quantity::new(5),
                filled: Quantity::new(4),
            }),
        ];
        all.extend([None, Some(Held::ForPrice), Some(Held::ForEntry), Some(Held::ForGroup)].map(held));
        all.extend(states.map(|state| Restored::Order(Box::new(order(state)))));
        assert!(all.len() > 15);
        for restored in all {
            let mut payload = Vec::new();
            put(&restored, &mut payload);
            assert_eq!(read(&payload).as_ref(), Ok(&restored));
            assert!(read(&payload[..payload.len() - 8]).is_err());
            payload.extend_from_slice(&[0; 8]);
            assert!(read(&payload).is_err());
        }
        assert!(read(&[1]).is_err());
    }
}
