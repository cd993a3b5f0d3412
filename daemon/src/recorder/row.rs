//! What an input of the engine is in a recording: a row of nine words, and bytes where that is not enough.
//!
//! The row of a market event is the event itself with its time and its number. Every other kind counts from 1,000 on, keeps
//! the engine's own time in the place of the exchange's, says in the last word how many bytes belong to it besides, and what
//! the other four words mean stands beside each kind in `encode`.

use stratd_engine::{ByHand, ExitRoutine, Input, InputKind, Scope, StrategyId, TradingCommand, TradingState};
use stratd_plugin_api::{ClientOrderId, Fault, InstrumentId, Price, Quantity, Reason, Timestamp, abi};

use super::mark::{Mark, decode_mark};
use super::records::{
    account, account_words, order_event, order_event_words, order_request, order_request_words,
};
use super::restored_row;

/// Words of a row.
pub(crate) const WORDS: usize = 9;
/// Bytes of a row.
pub(crate) const ROW_BYTES: usize = WORDS * 8;
/// More bytes belong to no row: a state of the largest size, with the configuration of its strategy.
pub(crate) const PAYLOAD_BYTES_MAX: u64 = 96 * 1024 * 1024;

/// The kinds of rows that are no market events.
pub(crate) mod kind {
    /// From here on, rows are no market events.
    pub(crate) const FIRST: u16 = 1_000;
    pub(crate) const ORDER: u16 = 1_001;
    pub(crate) const TIMERS: u16 = 1_002;
    pub(crate) const START: u16 = 1_003;
    pub(crate) const EXIT: u16 = 1_004;
    pub(crate) const HALT: u16 = 1_005;
    pub(crate) const CONTINUE: u16 = 1_006;
    pub(crate) const TRADING: u16 = 1_007;
    pub(crate) const STOP_STRATEGY: u16 = 1_008;
    pub(crate) const START_STRATEGY: u16 = 1_009;
    pub(crate) const FAIL_STRATEGY: u16 = 1_010;
    pub(crate) const HAND_NEW: u16 = 1_011;
    pub(crate) const HAND_CANCEL: u16 = 1_012;
    pub(crate) const HAND_CHANGE: u16 = 1_013;
    pub(crate) const HAND_CANCEL_ALL: u16 = 1_014;
    pub(crate) const HISTORY: u16 = 1_015;
    pub(crate) const RESTORED: u16 = 1_016;
    pub(crate) const ACCOUNT: u16 = 1_017;
    pub(crate) const OWNER: u16 = 1_101;
    pub(crate) const HALTED_BEFORE: u16 = 1_102;
    pub(crate) const SAVED: u16 = 1_103;
    pub(crate) const CHANGED: u16 = 1_104;
    pub(crate) const JOINED: u16 = 1_105;
    pub(crate) const DID: u16 = 1_106;
    pub(crate) const CAME: u16 = 1_107;
    pub(crate) const GAP: u16 = 1_108;
    pub(crate) const END: u16 = 1_200;
    /// What came out; in the ring only, its rows have a file of their own.
    pub(crate) const OUTPUT: u16 = 1_300;
}

/// A row as it lies in the ring and in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row(pub(crate) [u64; WORDS]);

/// A row that was read.
#[derive(Clone, Debug)]
pub(crate) enum Recorded {
    Input(Input),
    /// After the input of this number.
    Mark(u64, Mark),
    /// The run was over; true if in good order.
    End(bool),
}

impl Row {
    /// A market event with its number.
    #[inline]
    pub(crate) fn market(seq: u64, at: Timestamp, event: &abi::Event) -> Self {
        let abi::Event { ts, instrument, kind, flags, data, .. } = *event;
        let [a, b, c, d, e] = data.map(i64::cast_unsigned);
        let what = u64::from(instrument) | u64::from(kind) << 32 | u64::from(flags) << 48;
        Self([at.get().cast_unsigned(), seq, what, ts.cast_unsigned(), a, b, c, d, e])
    }

    /// Anything else. `time` is that of the row, which never goes back; `at` is the engine's.
    pub(crate) fn other(
        (time, seq, at): (i64, u64, Timestamp),
        kind: u16,
        [a, b, c, d]: [u64; 4],
        payload: usize,
    ) -> Self {
        let at = at.get().cast_unsigned();
        Self([time.cast_unsigned(), seq, u64::from(kind) << 32, at, a, b, c, d, payload as u64])
    }

    pub(crate) fn time(&self) -> i64 {
        self.0[0].cast_signed()
    }

    pub(crate) fn seq(&self) -> u64 {
        self.0[1]
    }

    /// The kind of a market event, or one of [`kind`].
    pub(crate) fn kind(&self) -> u16 {
        (self.0[2] >> 32 & 0xffff) as u16
    }

    pub(crate) fn is_market(&self) -> bool {
        self.kind() < kind::FIRST
    }

    /// The engine's time.
    pub(crate) fn at(&self) -> Timestamp {
        Timestamp::new(if self.is_market() { self.0[0] } else { self.0[3] }.cast_signed())
    }

    /// How many bytes belong to it besides.
    pub(crate) fn payload(&self) -> u64 {
        if self.is_market() { 0 } else { self.0[8] }
    }

    /// The market event.
    #[inline]
    pub(crate) fn event(&self) -> abi::Event {
        let [_, seq, what, ts, a, b, c, d, e] = self.0;
        abi::Event {
            ts: ts.cast_signed(),
            seq,
            instrument: (what & 0xffff_ffff) as u32,
            kind: self.kind(),
            flags: (what >> 48) as u16,
            data: [a, b, c, d, e].map(u64::cast_signed),
        }
    }

    pub(crate) fn to_bytes(self) -> [u8; ROW_BYTES] {
        let mut bytes = [0; ROW_BYTES];
        for (place, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8; ROW_BYTES]) -> Self {
        let mut words = [0; WORDS];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        Self(words)
    }
}

/// The row of an input; the bytes that belong to it are put into `payload`, which is emptied before.
pub(crate) fn encode(input: &Input, time: i64, payload: &mut Vec<u8>) -> Row {
    payload.clear();
    let Input { seq, at, kind } = input;
    let (kind, words) = match kind {
        InputKind::Market(event) => return Row::market(*seq, *at, event),
        InputKind::History(strategy, event) => {
            put_words(payload, &event.data.map(i64::cast_unsigned));
            let what =
                u64::from(event.instrument) | u64::from(event.kind) << 32 | u64::from(event.flags) << 48;
            (
                kind::HISTORY,
                [
                    strategy.map_or(0, |strategy| u64::from(strategy.0) + 1),
                    what,
                    event.ts.cast_unsigned(),
                    event.seq,
                ],
            )
        }
        InputKind::Order(report) => {
            put_words(payload, &order_event_words(report));
            let kinds = u64::from(report.kind) | u64::from(report.status) << 16;
            let price = report.last_price.cast_unsigned();
            (kind::ORDER, [report.client_order_id, kinds, price, report.last_quantity.cast_unsigned()])
        }
        InputKind::Timers => (kind::TIMERS, [0; 4]),
        InputKind::Start => (kind::START, [0; 4]),
        InputKind::Exit(reason) => (kind::EXIT, [u64::from(reason.code()), 0, 0, 0]),
        InputKind::Halt(instrument, reason) => (kind::HALT, halt_words(*instrument, *reason)),
        InputKind::Continue(instrument, reason) => (kind::CONTINUE, halt_words(*instrument, *reason)),
        InputKind::Trading(TradingCommand { scope, state, exit, reason }) => {
            let [which, id] = scope_words(*scope);
            let how = place(&TradingState::ALL, *state) | place(&ExitRoutine::ALL, *exit) << 8;
            (kind::TRADING, [which, id, how, u64::from(reason.code())])
        }
        InputKind::StopStrategy(strategy, reason) => {
            (kind::STOP_STRATEGY, [u64::from(strategy.0), u64::from(reason.code()), 0, 0])
        }
        InputKind::StartStrategy(strategy) => (kind::START_STRATEGY, [u64::from(strategy.0), 0, 0, 0]),
        InputKind::FailStrategy(strategy, Fault { reason, message, index }) => {
            payload.extend_from_slice(message.as_bytes());
            let words = [u64::from(strategy.0), u64::from(reason.code()), *index as u64, 0];
            (kind::FAIL_STRATEGY, words)
        }
        InputKind::ByHand(asked) => hand(asked, payload),
        InputKind::Restored(restored) => {
            restored_row::put(restored, payload);
            (kind::RESTORED, [0; 4])
        }
        InputKind::Account(told) => {
            put_words(payload, &account_words(told));
            (kind::ACCOUNT, [u64::from(told.exchange), told.id, told.currency, 0])
        }
    };
    Row::other((time, *seq, *at), kind, words, payload.len())
}

fn hand(asked: &ByHand, payload: &mut Vec<u8>) -> (u16, [u64; 4]) {
    match asked {
        ByHand::New(owner, request) => {
            put_words(payload, &order_request_words(request));
            (kind::HAND_NEW, [u64::from(owner.0), 0, 0, 0])
        }
        ByHand::Cancel(order) => (kind::HAND_CANCEL, [order.0, 0, 0, 0]),
        ByHand::Change(order, price, quantity) => {
            let (price, quantity) = (price.get().cast_unsigned(), quantity.get().cast_unsigned());
            (kind::HAND_CHANGE, [order.0, price, quantity, 0])
        }
        ByHand::CancelAll(strategy, instrument) => {
            let words = [
                u64::from(strategy.is_some()),
                strategy.map_or(0, |strategy| u64::from(strategy.0)),
                u64::from(instrument.is_some()),
                instrument.map_or(0, |instrument| u64::from(instrument.0)),
            ];
            (kind::HAND_CANCEL_ALL, words)
        }
    }
}

/// Reads a row back, with the bytes that belong to it.
///
/// # Errors
/// It is none that this program writes; what was found, in words.
pub(crate) fn decode(row: &Row, payload: &[u8]) -> Result<Recorded, String> {
    let (seq, at) = (row.seq(), row.at());
    if row.is_market() {
        return Ok(Recorded::Input(Input { seq, at, kind: InputKind::Market(row.event()) }));
    }
    let [_, _, _, _, a, b, c, d, _] = row.0;
    let kind = match row.kind() {
        kind::ORDER => InputKind::Order(order_event(&words_of(payload)?)),
        kind::HISTORY => {
            let event = abi::Event {
                ts: c.cast_signed(),
                seq: d,
                instrument: (b & 0xffff_ffff) as u32,
                kind: (b >> 32 & 0xffff) as u16,
                flags: (b >> 48) as u16,
                data: words_of(payload)?.map(u64::cast_signed),
            };
            let strategy = a.checked_sub(1).map(narrow).transpose()?;
            InputKind::History(strategy.map(StrategyId), event)
        }
        kind::TIMERS => InputKind::Timers,
        kind::START => InputKind::Start,
        kind::EXIT => InputKind::Exit(reason(a)?),
        kind::HALT => InputKind::Halt((a != 0).then_some(InstrumentId(narrow(b)?)), reason(c)?),
        kind::CONTINUE => InputKind::Continue((a != 0).then_some(InstrumentId(narrow(b)?)), reason(c)?),
        kind::TRADING => InputKind::Trading(TradingCommand {
            scope: scope(a, b)?,
            state: at_place(&TradingState::ALL, c & 0xff)?,
            exit: at_place(&ExitRoutine::ALL, c >> 8)?,
            reason: reason(d)?,
        }),
        kind::STOP_STRATEGY => InputKind::StopStrategy(StrategyId(narrow(a)?), reason(b)?),
        kind::START_STRATEGY => InputKind::StartStrategy(StrategyId(narrow(a)?)),
        kind::FAIL_STRATEGY => {
            let fault = Fault { reason: reason(b)?, message: text(payload)?, index: narrow(c)? };
            InputKind::FailStrategy(StrategyId(narrow(a)?), fault)
        }
        kind::HAND_NEW => {
            InputKind::ByHand(ByHand::New(StrategyId(narrow(a)?), order_request(&words_of(payload)?)))
        }
        kind::HAND_CANCEL => InputKind::ByHand(ByHand::Cancel(ClientOrderId(a))),
        kind::HAND_CHANGE => {
            let (price, quantity) = (Price::new(b.cast_signed()), Quantity::new(c.cast_signed()));
            InputKind::ByHand(ByHand::Change(ClientOrderId(a), price, quantity))
        }
        kind::HAND_CANCEL_ALL => InputKind::ByHand(ByHand::CancelAll(
            (a != 0).then_some(StrategyId(narrow(b)?)),
            (c != 0).then_some(InstrumentId(narrow(d)?)),
        )),
        kind::RESTORED => InputKind::Restored(restored_row::read(payload)?),
        kind::ACCOUNT => InputKind::Account(account(&words_of(payload)?)),
        kind::END => return Ok(Recorded::End(a != 0)),
        _ => return Ok(Recorded::Mark(seq, decode_mark(row, payload)?)),
    };
    Ok(Recorded::Input(Input { seq, at, kind }))
}

fn halt_words(instrument: Option<InstrumentId>, reason: Reason) -> [u64; 4] {
    let id = instrument.map_or(0, |id| u64::from(id.0));
    [u64::from(instrument.is_some()), id, u64::from(reason.code()), 0]
}

pub(super) fn scope_words(scope: Scope) -> [u64; 2] {
    match scope {
        Scope::Run => [0, 0],
        Scope::Strategy(id) => [1, u64::from(id.0)],
        Scope::Instrument(id) => [2, u64::from(id.0)],
    }
}

pub(crate) fn scope(which: u64, id: u64) -> Result<Scope, String> {
    match which {
        0 => Ok(Scope::Run),
        1 => Ok(Scope::Strategy(StrategyId(narrow(id)?))),
        2 => Ok(Scope::Instrument(InstrumentId(narrow(id)?))),
        other => Err(format!("scope {other} (accepted: 0 to 2)")),
    }
}

fn put_words(payload: &mut Vec<u8>, words: &[u64]) {
    for word in words {
        payload.extend_from_slice(&word.to_le_bytes());
    }
}

fn words_of<const N: usize>(payload: &[u8]) -> Result<[u64; N], String> {
    let (chunks, rest) = payload.as_chunks::<8>();
    if chunks.len() != N || !rest.is_empty() {
        return Err(format!("{} bytes beside a row (accepted: {})", payload.len(), N * 8));
    }
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(chunks) {
        *word = u64::from_le_bytes(*bytes);
    }
    Ok(words)
}

/// Where in its list a value stands.
pub(super) fn place<T: PartialEq>(all: &[T], value: T) -> u64 {
    all.iter().position(|known| *known == value).unwrap_or(all.len()) as u64
}

pub(super) fn at_place<T: Copy>(all: &[T], place: u64) -> Result<T, String> {
    let known = usize::try_from(place).ok().and_then(|place| all.get(place));
    known.copied().ok_or_else(|| format!("code {place} (accepted: below {})", all.len()))
}

pub(super) fn reason(code: u64) -> Result<Reason, String> {
    let known = u32::try_from(code).ok().and_then(Reason::from_code);
    known.ok_or_else(|| format!("reason {code}, which this version does not know"))
}

pub(super) fn narrow<T: TryFrom<u64>>(word: u64) -> Result<T, String> {
    T::try_from(word).map_err(|_| format!("number {word}, which is too large for its place"))
}

pub(super) fn text(payload: &[u8]) -> Result<String, String> {
    String::from_utf8(payload.to_vec()).map_err(|error| format!("a text that is not UTF-8: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(kind: InputKind) -> InputKind {
        let input = Input { seq: 7, at: Timestamp::new(9), kind };
        let mut payload = vec![1];
        let row = encode(&input, 10, &mut payload);
        let row = Row::from_bytes(&row.to_bytes());
        match decode(&row, &payload) {
            Ok(Recorded::Input(Input { seq: 7, at, kind })) if at.get() == 9 => kind,
            other => panic!("{input:?}: {other:?}"),
        }
    }

    #[test]
    fn every_input_comes_back_as_it_was() {
        let strategy = StrategyId(3);
        let fault = Fault { reason: Reason::Crashed, message: "died in a call".to_owned(), index: 2 };
        let event = abi::OrderEvent {
            client_order_id: 5,
            fee: abi::MoneyBits { lo: 1, hi: -1 },
            ..Default::default()
        };
        let request = abi::OrderRequest { tag: u32::MAX, flags: 9, group: 4, ..Default::default() };
        let market = abi::Event {
            ts: -4,
            kind: abi::event_kind::QUOTE,
            flags: 0xffff,
            data: [-1, 2, 3, 4, i64::MIN],
            ..Default::default()
        };
        let command = TradingCommand {
            scope: Scope::Instrument(InstrumentId(8)),
            state: TradingState::Reducing,
            exit: ExitRoutine::CloseAll,
            reason: Reason::Requested,
        };
        for kind in [
            InputKind::Market(abi::Event { seq: 7, ..market }),
            InputKind::History(Some(strategy), market),
            InputKind::History(None, market),
            InputKind::Order(event),
            InputKind::Timers,
            InputKind::Start,
            InputKind::Exit(Reason::RunEnded),
            InputKind::Halt(None, Reason::Exchange),
            InputKind::Halt(Some(InstrumentId(1)), Reason::Exchange),
            InputKind::Continue(Some(InstrumentId(2)), Reason::None),
            InputKind::Trading(command),
            InputKind::StopStrategy(strategy, Reason::StrategyStopped),
            InputKind::StartStrategy(strategy),
            InputKind::FailStrategy(strategy, fault),
            InputKind::ByHand(ByHand::New(strategy, request)),
            InputKind::ByHand(ByHand::Cancel(ClientOrderId(11))),
            InputKind::ByHand(ByHand::Change(ClientOrderId(1), Price::new(-2), Quantity::new(3))),
            InputKind::ByHand(ByHand::CancelAll(None, Some(InstrumentId(2)))),
            InputKind::ByHand(ByHand::CancelAll(Some(strategy), None)),
            InputKind::Restored(stratd_engine::Restored::Begin),
            InputKind::Account(abi::AccountRecord {
                id: 5,
                currency: 6,
                exchange: 7,
                oms_type: 1,
                cash: abi::MoneyBits { lo: 1, hi: -1 },
                equity: abi::MoneyBits { lo: 2, hi: -2 },
                margin: abi::MoneyBits { lo: 3, hi: i64::MIN },
                ..Default::default()
            }),
        ] {
            // the time of a market row is the engine's
            if !matches!(kind, InputKind::Market(_)) {
                assert_eq!(format!("{:?}", back(kind.clone())), format!("{kind:?}"));
            }
        }
        let row = Row::market(7, Timestamp::new(9), &market);
        assert_eq!(Row::from_bytes(&row.to_bytes()).event(), abi::Event { seq: 7, ..market });
    }

    #[test]
    fn what_nobody_wrote_is_refused_in_words() {
        let row = |kind, words| Row::other((0, 1, Timestamp::new(0)), kind, words, 0);
        for (row, payload, expected) in [
            (row(1_999, [0; 4]), &[][..], "a row of kind 1999, which this version does not know"),
            (row(kind::ORDER, [0; 4]), b"short", "5 bytes beside a row (accepted: 128)"),
            (
                row(kind::EXIT, [u64::MAX; 4]),
                b"",
                "reason 18446744073709551615, which this version does not know",
            ),
            (row(kind::TRADING, [9, 0, 0, 0]), b"", "scope 9 (accepted: 0 to 2)"),
            (
                row(kind::START_STRATEGY, [70_000, 0, 0, 0]),
                b"",
                "number 70000, which is too large for its place",
            ),
        ] {
            assert_eq!(decode(&row, payload).unwrap_err(), expected);
        }
    }
}
