//! The stream of order operations that several matching engines agree on, to the last bit: a port of the generator
//! behind the known answers (seed 42), with the engine that picks the live ids.
//!
//! A stream is `PREFILL` adds that never cross, then the operations: 52 % adds, 32 % cancels (1 % of them of finished
//! orders), 10 % replacements (cancel and add under a new id), 6 % market orders.

use std::collections::{BTreeMap, HashMap, VecDeque};

use stratd_plugin_api::Side;

/// Orders in the book before the measured operations start.
pub(crate) const PREFILL: usize = 10_000;
/// Orders around which the size of the book settles.
const TARGET: usize = 10_000;
/// Start value and prime of the hashes (FNV-1a over 64-bit words).
pub(crate) const HASH_START: u64 = 0xcbf2_9ce4_8422_2325;
const HASH_PRIME: u64 = 0x0100_0000_01b3;

/// Mixes a word into a hash.
#[inline]
pub(crate) fn mix(hash: &mut u64, word: u64) {
    *hash = (*hash ^ word).wrapping_mul(HASH_PRIME);
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum GenOp {
    Add { side: Side, id: u64, price: u16, quantity: u32 },
    Cancel { id: u64 },
    Replace { side: Side, old: u64, id: u64, price: u16, quantity: u32 },
    Market { side: Side, id: u64, quantity: u32 },
}

/// What a run of the stream must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answers {
    pub(crate) trades: u64,
    pub(crate) volume: u64,
    pub(crate) notional: u64,
    pub(crate) trade_hash: u64,
    pub(crate) live: usize,
    pub(crate) bid_levels: usize,
    pub(crate) ask_levels: usize,
    pub(crate) l2: u64,
    pub(crate) l3: u64,
}

/// Prefill, operations and their answers.
pub(crate) struct Stream {
    pub(crate) operations: Vec<GenOp>,
    /// Hash over the records of the original's file format.
    pub(crate) operations_hash: u64,
    pub(crate) answers: Answers,
}

/// The known answers for 1,000,000 operations.
pub(crate) const ANSWERS_1M: Answers = Answers {
    trades: 258_901,
    volume: 9_580_047,
    notional: 9_265_668_445,
    trade_hash: 0x3b93_d68f_f24d_60c3,
    live: 9_979,
    bid_levels: 463,
    ask_levels: 482,
    l2: 0x5fe9_7703_c26d_c359,
    l3: 0xd49a_b35f_1723_c3af,
};
pub(crate) const OPERATIONS_HASH_1M: u64 = 0xa5c7_210b_dbdc_06e0;

/// splitmix64.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        ((self.next() >> 32) * n) >> 32
    }

    fn quantity(&mut self, max: u64) -> u32 {
        u32::try_from(1 + self.below(max)).unwrap_or(u32::MAX)
    }

    fn side(&mut self) -> Side {
        if self.next() >> 63 == 0 { Side::Buy } else { Side::Sell }
    }

    /// 80 % near the market, 15 % anywhere within 500 ticks, 5 % crossing it by up to 5.
    fn price(&mut self, mid: i64, side: Side) -> u16 {
        let kind = self.below(100);
        let distance = if kind < 80 {
            1 + signed((self.below(500) * self.below(500)) / 500)
        } else if kind < 95 {
            1 + signed(self.below(500))
        } else {
            -signed(self.below(6))
        };
        offset(mid, side, distance)
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// `distance` ticks on the passive side of `mid`, which keeps far enough from 0 and the maximum.
fn offset(mid: i64, side: Side, distance: i64) -> u16 {
    let price = match side {
        Side::Buy => mid - distance,
        Side::Sell => mid + distance,
    };
    u16::try_from(price).unwrap_or(u16::MAX)
}

/// The stream of `count` operations after the prefill.
pub(crate) fn generate(count: usize, seed: u64) -> Stream {
    let mut rng = Rng(seed);
    let mut engine = Engine::default();
    let mut operations = Vec::with_capacity(PREFILL + count);
    let mut next_id = 1;
    let mut mid = 1_000i64;
    let mut finished = vec![1];
    for i in 0..PREFILL {
        let side = if i % 2 == 0 { Side::Buy } else { Side::Sell };
        let price = offset(mid, side, 1 + signed(rng.below(500)));
        let add = GenOp::Add { side, id: next_id, price, quantity: rng.quantity(100) };
        operations.push(add);
        engine.apply(add);
        next_id += 1;
    }
    for i in 0..count {
        if i % 100 == 0 {
            mid = (mid + signed(rng.below(3)) - 1).clamp(700, 1300);
        }
        let operation = engine.pick(&mut rng, mid, next_id, &finished);
        if let GenOp::Add { .. } | GenOp::Replace { .. } | GenOp::Market { .. } = operation {
            next_id += 1;
        }
        operations.push(operation);
        if let Some(id) = engine.apply(operation) {
            finished.push(id);
        }
    }
    let mut operations_hash = HASH_START;
    for operation in &operations {
        for word in operation.record() {
            mix(&mut operations_hash, word);
        }
    }
    Stream { operations, operations_hash, answers: engine.answers() }
}

impl GenOp {
    /// The record of the original's file, as its two little-endian words.
    fn record(self) -> [u64; 2] {
        let word = |code: u64, side: Side, price: u16, quantity: u32| {
            let side = u64::from(side == Side::Sell);
            code | side << 8 | u64::from(price) << 16 | u64::from(quantity) << 32
        };
        match self {
            GenOp::Add { side, id, price, quantity } => [word(0, side, price, quantity), id],
            GenOp::Cancel { id } => [word(1, Side::Buy, 0, 0), id],
            GenOp::Replace { side, old, id, price, quantity } => {
                [word(2, side, price, quantity), old | id << 32]
            }
            GenOp::Market { side, id, quantity } => [word(3, side, 0, quantity), id],
        }
    }

    /// The same operation with its ids mapped.
    pub(crate) fn map_ids(self, map: impl Fn(u64) -> u64) -> Self {
        match self {
            GenOp::Add { side, id, price, quantity } => GenOp::Add { side, id: map(id), price, quantity },
            GenOp::Cancel { id } => GenOp::Cancel { id: map(id) },
            GenOp::Replace { side, old, id, price, quantity } => {
                GenOp::Replace { side, old: map(old), id: map(id), price, quantity }
            }
            GenOp::Market { side, id, quantity } => GenOp::Market { side, id: map(id), quantity },
        }
    }
}

#[derive(Clone, Copy)]
struct Resting {
    id: u64,
    quantity: u32,
}

/// The generator's own engine: no events, no checks, only what picks live ids and yields the answers.
#[derive(Default)]
struct Engine {
    bids: BTreeMap<u16, VecDeque<Resting>>,
    asks: BTreeMap<u16, VecDeque<Resting>>,
    places: HashMap<u64, (Side, u16)>,
    /// The live ids in an order that only the stream's rules determine, and where each is in it.
    live: Vec<u64>,
    positions: HashMap<u64, usize>,
    trade_hash: Option<u64>,
    trades: u64,
    volume: u64,
    notional: u64,
}

impl Engine {
    fn pick(&self, rng: &mut Rng, mid: i64, next_id: u64, finished: &[u64]) -> GenOp {
        let kind = rng.below(100);
        let side = rng.side();
        if kind < 6 {
            return GenOp::Market { side, id: next_id, quantity: rng.quantity(300) };
        }
        if kind < 16 && !self.live.is_empty() {
            let old = choose(rng, &self.live);
            let side = self.places[&old].0;
            let price = rng.price(mid, side);
            return GenOp::Replace { side, old, id: next_id, price, quantity: rng.quantity(100) };
        }
        let share_of_adds = if self.live.len() < TARGET { 65 } else { 45 };
        if rng.below(100) < share_of_adds || self.live.is_empty() {
            let price = rng.price(mid, side);
            return GenOp::Add { side, id: next_id, price, quantity: rng.quantity(100) };
        }
        let is_stale = rng.below(100) == 0;
        GenOp::Cancel { id: choose(rng, if is_stale { finished } else { &self.live }) }
    }

    /// Returns the id of an order that was canceled.
    fn apply(&mut self, operation: GenOp) -> Option<u64> {
        match operation {
            GenOp::Add { side, id, price, quantity } => self.add(side, id, price, quantity),
            GenOp::Cancel { id } => return self.cancel(id).then_some(id),
            GenOp::Replace { side, old, id, price, quantity } => {
                self.cancel(old);
                self.add(side, id, price, quantity);
                return Some(old);
            }
            GenOp::Market { side, id, quantity } => {
                self.take(side, id, quantity, None);
            }
        }
        None
    }

    fn add(&mut self, side: Side, id: u64, price: u16, quantity: u32) {
        let quantity = self.take(side, id, quantity, Some(price));
        if quantity > 0 {
            self.levels(side).entry(price).or_default().push_back(Resting { id, quantity });
            self.places.insert(id, (side, price));
            self.positions.insert(id, self.live.len());
            self.live.push(id);
        }
    }

    fn take(&mut self, side: Side, id: u64, mut quantity: u32, limit: Option<u16>) -> u32 {
        while quantity > 0 {
            let entry = match side {
                Side::Buy => self.asks.first_entry(),
                Side::Sell => self.bids.last_entry(),
            };
            let Some(mut level) = entry else { break };
            let price = *level.key();
            let is_beyond = limit.is_some_and(|limit| match side {
                Side::Buy => price > limit,
                Side::Sell => price < limit,
            });
            if is_beyond {
                break;
            }
            let queue = level.get_mut();
            let Some(maker) = queue.front_mut() else { break };
            let traded = maker.quantity.min(quantity);
            maker.quantity -= traded;
            quantity -= traded;
            let maker = *maker;
            if maker.quantity == 0 {
                queue.pop_front();
                if queue.is_empty() {
                    level.remove();
                }
                self.forget(maker.id);
            }
            let hash = self.trade_hash.get_or_insert(HASH_START);
            for word in [id, maker.id, u64::from(price), u64::from(traded)] {
                mix(hash, word);
            }
            self.trades += 1;
            self.volume += u64::from(traded);
            self.notional += u64::from(traded) * u64::from(price);
        }
        quantity
    }

    fn cancel(&mut self, id: u64) -> bool {
        let Some((side, price)) = self.places.get(&id).copied() else { return false };
        let levels = self.levels(side);
        if let Some(queue) = levels.get_mut(&price) {
            queue.retain(|order| order.id != id);
            if queue.is_empty() {
                levels.remove(&price);
            }
        }
        self.forget(id);
        true
    }

    fn forget(&mut self, id: u64) {
        self.places.remove(&id);
        if let Some(position) = self.positions.remove(&id)
            && let Some(last) = self.live.pop()
            && last != id
        {
            self.live[position] = last;
            self.positions.insert(last, position);
        }
    }

    fn levels(&mut self, side: Side) -> &mut BTreeMap<u16, VecDeque<Resting>> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    fn answers(&self) -> Answers {
        let (mut l2, mut l3) = (HASH_START, HASH_START);
        for (price, queue) in self.bids.iter().rev().chain(&self.asks) {
            let total: u64 = queue.iter().map(|order| u64::from(order.quantity)).sum();
            for word in [u64::from(*price), total, queue.len() as u64] {
                mix(&mut l2, word);
            }
            for order in queue {
                mix(&mut l3, order.id);
                mix(&mut l3, u64::from(order.quantity));
            }
        }
        Answers {
            trades: self.trades,
            volume: self.volume,
            notional: self.notional,
            trade_hash: self.trade_hash.unwrap_or(HASH_START),
            live: self.live.len(),
            bid_levels: self.bids.len(),
            ask_levels: self.asks.len(),
            l2,
            l3,
        }
    }
}

fn choose(rng: &mut Rng, ids: &[u64]) -> u64 {
    ids[usize::try_from(rng.below(ids.len() as u64)).unwrap_or(0)]
}
