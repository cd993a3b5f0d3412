//! What came out of the engine, as rows that can be compared byte for byte: every field of every output has its column.
//!
//! A column means the same in every row that has it; the few whose meaning goes by the kind say so beside them. Texts, and
//! the reports of alarms, are bytes beside the row, and compared as well.
#![expect(clippy::cast_possible_truncation, reason = "parts are taken out of words")]

use stratd_engine::{
    BookGap, Denial, FillAmounts, FillReport, NewOrder, Order, OrderState, Output, TradingState,
};
use stratd_plugin_api::{ClientOrderId, Fault, Money, OrderStatus, OrderType, Reason, Side, Timestamp, abi};

use super::{
    columns::{Column, Form},
    records::order_event_words,
    row::{place, scope_words},
};

/// Words of a row.
pub(crate) const OUTPUT_WORDS: usize = 38;
/// Bytes of a row.
pub(crate) const OUTPUT_BYTES: usize = OUTPUT_WORDS * 8;

/// What an output is, in the order of the codes, from 1.
const KINDS: [&str; 21] = [
    "submit",
    "by hand",
    "cancel",
    "change",
    "filled",
    "order finished",
    "denied",
    "reduced",
    "trading",
    "session closed",
    "strategy stopped",
    "strategy faulted",
    "strategy rolled back",
    "probation passed",
    "shutdown",
    "metric",
    "unknown order",
    "overfilled",
    "exited",
    "book gap",
    "held",
];

/// A row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutputRow(pub(crate) [u64; OUTPUT_WORDS]);

/// A row in the making.
#[derive(Default)]
struct Fields {
    kind: u16,
    strategy: u16,
    order: u64,
    instrument: u32,
    exchange: u16,
    side: u8,
    status: u8,
    detail: u8,
    reason: u32,
    scope: u32,
    quantity: Option<i64>,
    filled: i64,
    exchange_order_id: u64,
    trade_id: u64,
    created: i64,
    updated: i64,
    order_seq: u64,
    price: Option<i64>,
    request: abi::OrderRequest,
    value: abi::MoneyBits,
    fee: abi::MoneyBits,
    slippage: abi::MoneyBits,
    cost: abi::MoneyBits,
    limit: abi::MoneyBits,
    run: [abi::MoneyBits; 3],
}

impl OutputRow {
    /// The row of an output: the `number`-th of the step that took the input `seq`. The bytes that belong to it are put
    /// into `said`, which is emptied before.
    pub(crate) fn new(
        (time, seq, number): (Timestamp, u64, usize),
        output: &Output,
        said: &mut Vec<u8>,
    ) -> Self {
        said.clear();
        let fields = fields(output, said);
        let request = &fields.request;
        let instrument = if request.instrument == 0 { fields.instrument } else { request.instrument };
        let exchange = if fields.exchange == 0 { request.exchange } else { fields.exchange };
        let side = if request.side == 0 { fields.side } else { request.side };
        let what = [
            number as u64 & 0xffff_ffff | u64::from(fields.kind) << 32 | u64::from(fields.strategy) << 48,
            fields.order,
            u64::from(instrument)
                | u64::from(exchange) << 32
                | u64::from(side) << 48
                | u64::from(request.order_type) << 56,
            u64::from(request.flags)
                | u64::from(request.lifetime) << 8
                | u64::from(fields.status) << 16
                | u64::from(fields.detail) << 24
                | u64::from(request.tag) << 32,
            u64::from(fields.reason) | u64::from(fields.scope) << 32,
        ];
        let quantity = fields.quantity.unwrap_or(request.quantity);
        let numbers = [
            fields.price.unwrap_or(request.price),
            request.stop_price,
            request.trail,
            quantity,
            fields.filled,
            request.expires,
        ];
        let Fields { exchange_order_id, trade_id, created, updated, order_seq, .. } = fields;
        let notional = [request.notional.lo, request.notional.hi.cast_unsigned(), request.group];
        let ids = [exchange_order_id, trade_id, created.cast_unsigned(), updated.cast_unsigned(), order_seq];
        let [fee, slippage, cost] = fields.run;
        let money =
            [fields.value, fields.fee, fields.slippage, fields.cost, fields.limit, fee, slippage, cost];
        let mut row = [0; OUTPUT_WORDS];
        let words = [time.get().cast_unsigned(), seq].into_iter().chain(what);
        let words = words.chain(numbers.map(i64::cast_unsigned)).chain(notional).chain(ids);
        let words = words.chain(money.into_iter().flat_map(|bits| [bits.lo, bits.hi.cast_unsigned()]));
        for (place, word) in row.iter_mut().zip(words.chain([said.len() as u64])) {
            *place = word;
        }
        Self(row)
    }

    /// The input that it came of.
    pub(crate) fn seq(&self) -> u64 {
        self.0[1]
    }

    /// How many bytes belong to it besides.
    pub(crate) fn said(&self) -> u64 {
        self.0[OUTPUT_WORDS - 1]
    }

    pub(crate) fn to_bytes(self) -> [u8; OUTPUT_BYTES] {
        let mut bytes = [0; OUTPUT_BYTES];
        for (place, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8; OUTPUT_BYTES]) -> Self {
        let mut words = [0; OUTPUT_WORDS];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        Self(words)
    }

    /// What it is.
    pub(crate) fn kind(&self) -> &'static str {
        let code = self.0[2] >> 32 & 0xffff;
        let index = usize::try_from(code).ok().and_then(|code| code.checked_sub(1));
        index.and_then(|index| KINDS.get(index)).copied().unwrap_or("output of a later version")
    }

    /// The value of a column, in words where it has some.
    pub(crate) fn shown(&self, column: Column) -> String {
        let value = self.value(column);
        let (byte, code) = (value as u8, value as u32);
        let word = match column.name {
            "kind" => Some(self.kind()),
            "side" => Side::from_code(byte).map(Side::name),
            "order_type" if self.0[5] != 0 => OrderType::from_code(byte).map(OrderType::name),
            "status" => OrderStatus::from_code(byte).map(OrderStatus::name),
            "reason" => Reason::from_code(code).map(Reason::name),
            "time" | "created" | "updated" => {
                return Timestamp::new(value.cast_signed()).to_string();
            }
            _ => None,
        };
        match (word, column.form) {
            (Some(word), _) => word.to_owned(),
            (None, Form::I64) => value.cast_signed().to_string(),
            (None, _) => value.to_string(),
        }
    }

    /// The value of a column, as it is.
    pub(crate) fn value(&self, column: Column) -> u64 {
        let word = self.0.get(column.offset / 8).copied().unwrap_or_default();
        let shifted = word >> (column.offset % 8 * 8);
        match column.form.size() {
            8 => shifted,
            size => shifted & ((1 << (size * 8)) - 1),
        }
    }
}

fn fields(output: &Output, said: &mut Vec<u8>) -> Fields {
    match output {
        Output::Submit(order) => {
            let NewOrder { id, strategy, exchange, request } = *order.get();
            let (order, exchange, request) = (id.0, exchange.0, (&request).into());
            Fields { kind: 1, strategy: strategy.0, order, exchange, request, ..Fields::default() }
        }
        Output::ByHand { order, strategy } => {
            Fields { kind: 2, strategy: strategy.0, order: order.0, ..Fields::default() }
        }
        Output::Cancel(cancel) => {
            of_request(3, cancel.id, cancel.exchange.0, cancel.exchange_order_id, (&cancel.request).into())
        }
        Output::Change(change) => {
            let change = change.get();
            of_request(4, change.id, change.exchange.0, change.exchange_order_id, (&change.request).into())
        }
        Output::Filled(report) => filled(report),
        Output::OrderFinished(order) => finished(order),
        Output::Denied(denial) => denied(7, denial),
        Output::Reduced(denial) => denied(8, denial),
        Output::Trading { scope, state, reason } => {
            let [which, id] = scope_words(*scope);
            let state = place(&TradingState::ALL, *state) as u8;
            Fields {
                kind: 9,
                scope: which as u32,
                order: id,
                detail: state,
                reason: reason.code(),
                ..Fields::default()
            }
        }
        Output::SessionClosed { scope } => {
            let [which, id] = scope_words(*scope);
            Fields { kind: 10, scope: which as u32, order: id, ..Fields::default() }
        }
        Output::StrategyStopped { strategy, reason } => {
            said.extend_from_slice(reason.as_bytes());
            Fields { kind: 11, strategy: strategy.0, ..Fields::default() }
        }
        Output::StrategyFaulted { strategy, fault, .. } => faulted(12, strategy.0, fault, said),
        Output::StrategyRolledBack { strategy, fault } => faulted(13, strategy.0, fault, said),
        Output::ProbationPassed { strategy } => {
            Fields { kind: 14, strategy: strategy.0, ..Fields::default() }
        }
        Output::Shutdown { strategy, reason } => {
            said.extend_from_slice(reason.as_bytes());
            Fields { kind: 15, strategy: strategy.0, ..Fields::default() }
        }
        Output::Metric { strategy, name, value } => {
            said.extend_from_slice(name.as_bytes());
            Fields { kind: 16, strategy: strategy.0, value: (*value).into(), ..Fields::default() }
        }
        Output::UnknownOrder(report) => alarm(17, report, said),
        Output::Overfilled(report) => alarm(18, report, said),
        Output::Exited => Fields { kind: 19, ..Fields::default() },
        Output::BookGap(gap) => lost(gap),
        Output::Held(NewOrder { id, strategy, exchange, request }) => {
            Fields { strategy: strategy.0, ..of_request(21, *id, exchange.0, 0, request.into()) }
        }
    }
}

fn lost(gap: &BookGap) -> Fields {
    Fields {
        kind: 20,
        instrument: gap.instrument.0,
        order: gap.found,
        exchange_order_id: gap.expected,
        ..Fields::default()
    }
}

fn of_request(
    kind: u16,
    order: ClientOrderId,
    exchange: u16,
    exchange_order_id: u64,
    request: abi::OrderRequest,
) -> Fields {
    Fields { kind, order: order.0, exchange, exchange_order_id, request, ..Fields::default() }
}

fn filled(report: &FillReport) -> Fields {
    // whether it came late follows from the inputs
    let FillReport { strategy, side, fill, amounts, is_late: _ } = report;
    let FillAmounts { notional, fee, slippage, transaction_cost } = *amounts;
    Fields {
        kind: 5,
        strategy: strategy.0,
        order: fill.client_order_id,
        instrument: fill.instrument,
        exchange: fill.exchange,
        side: fill.side,
        detail: side.code() as u8,
        scope: u32::from(fill.liquidity),
        quantity: Some(fill.quantity),
        exchange_order_id: fill.exchange_order_id,
        trade_id: fill.trade_id,
        updated: fill.ts,
        price: Some(fill.price),
        value: notional.into(),
        fee: fill.fee,
        slippage: fill.slippage,
        cost: fill.transaction_cost,
        run: [fee.into(), slippage.into(), transaction_cost.into()],
        ..Fields::default()
    }
}

fn finished(order: &Order) -> Fields {
    let reason = match order.state {
        OrderState::Canceled(reason) | OrderState::Rejected(reason) | OrderState::Denied(reason) => reason,
        OrderState::PendingNew
        | OrderState::Working
        | OrderState::PendingCancel(_)
        | OrderState::Unknown
        | OrderState::Filled
        | OrderState::Expired => Reason::None,
    };
    Fields {
        kind: 6,
        strategy: order.strategy.0,
        order: order.id.0,
        exchange: order.exchange.0,
        status: order.status().code(),
        detail: u8::from(order.is_by_hand),
        reason: reason.code(),
        filled: order.filled.get(),
        exchange_order_id: order.exchange_order_id,
        created: order.created.get(),
        updated: order.updated.get(),
        order_seq: order.seq,
        request: (&order.request).into(),
        value: Money::new(order.filled_value).into(),
        ..Fields::default()
    }
}

fn denied(kind: u16, denial: &Denial) -> Fields {
    let breach = denial.breach;
    let [which, _] = breach.map_or([0; 2], |breach| scope_words(breach.scope));
    Fields {
        kind,
        strategy: denial.strategy.0,
        order: denial.order.0,
        instrument: denial.instrument.0,
        side: denial.side.code(),
        detail: u8::from(denial.is_change),
        reason: denial.reason.code(),
        scope: which as u32,
        quantity: Some(denial.asked.get()),
        filled: denial.allowed.get(),
        updated: denial.at.get(),
        request: (&denial.request).into(),
        value: breach.map(|breach| breach.used).unwrap_or_default().into(),
        limit: breach.map(|breach| breach.limit).unwrap_or_default().into(),
        ..Fields::default()
    }
}

fn faulted(kind: u16, strategy: u16, fault: &Fault, said: &mut Vec<u8>) -> Fields {
    said.extend_from_slice(fault.message.as_bytes());
    let order = fault.index as u64;
    Fields { kind, strategy, order, reason: fault.reason.code(), ..Fields::default() }
}

fn alarm(kind: u16, report: &abi::OrderEvent, said: &mut Vec<u8>) -> Fields {
    for word in order_event_words(report) {
        said.extend_from_slice(&word.to_le_bytes());
    }
    Fields {
        kind,
        order: report.client_order_id,
        instrument: report.instrument,
        exchange: report.exchange,
        side: report.side,
        status: report.status,
        reason: report.reason,
        ..Fields::default()
    }
}

#[cfg(test)]
mod tests {
    use stratd_engine::StrategyId;

    use super::{super::columns::COLUMNS, *};

    #[test]
    fn the_columns_lie_one_after_the_other_and_fill_the_row() {
        let mut end = 0;
        for column in COLUMNS {
            assert_eq!(column.offset, end, "{}", column.name);
            end += column.form.size();
        }
        assert_eq!(end, OUTPUT_BYTES);
    }

    #[test]
    fn a_row_says_what_it_is_and_comes_back() {
        let mut said = vec![1];
        let fault = Fault { reason: Reason::Panic, message: "divided by 0".to_owned(), index: 3 };
        let output = Output::StrategyFaulted { strategy: StrategyId(2), fault, at: None };
        let row = OutputRow::new((Timestamp::new(5), 8, 1), &output, &mut said);
        assert_eq!(OutputRow::from_bytes(&row.to_bytes()), row);
        assert_eq!((row.kind(), row.seq(), row.said()), ("strategy faulted", 8, 12));
        assert_eq!(said, b"divided by 0");
        let shown = |name: &str| {
            let column = COLUMNS.iter().find(|column| column.name == name).unwrap();
            row.shown(*column)
        };
        assert_eq!([shown("strategy"), shown("reason"), shown("number")], ["2", "panic", "1"]);
        let row = OutputRow::new((Timestamp::new(5), 8, 1), &Output::Exited, &mut said);
        assert_eq!((row.kind(), row.said()), ("exited", 0));
    }
}
