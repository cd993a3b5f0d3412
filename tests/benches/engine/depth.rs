//! Changes of a book by order, as a connector tells them: orders come, shrink and go on both sides of a price.

use stratd_plugin_api::{BookUpdate, InstrumentId, Price, Quantity, Side, Timestamp, abi};

use crate::ticks::next;

const SEED: u64 = 11;
/// Orders that rest at a time.
const RESTING: usize = 2_000;
/// Prices of a side.
const LEVELS: u64 = 100;
const MIDDLE: i64 = 10_000;

/// So many changes, the same each time: each number in turn is that of an order, which comes if it is not there, and
/// otherwise shrinks to half or goes.
pub(crate) fn changes(count: usize) -> Vec<abi::Event> {
    let mut random = SEED;
    let mut resting: Vec<Option<(Side, i64, i64)>> = vec![None; RESTING];
    let change = |at: usize| {
        let bits = next(&mut random);
        let slot = (bits % RESTING as u64) as usize;
        let (side, price, quantity) = match resting[slot] {
            Some((side, price, quantity)) if bits >> 63 == 0 => (side, price, quantity / 2),
            Some((side, price, _)) => (side, price, 0),
            None => {
                let side = if bits >> 62 & 1 == 0 { Side::Buy } else { Side::Sell };
                let away = 1 + (bits >> 16 & 0xffff) % LEVELS;
                let away = i64::from(away as u16);
                let price = if side == Side::Buy { MIDDLE - away } else { MIDDLE + away };
                (side, price, 1 + i64::from((bits >> 32) as u16 % 100))
            }
        };
        resting[slot] = (quantity > 0).then_some((side, price, quantity));
        let update = BookUpdate {
            ts: Timestamp::new(
                1_735_689_600_000_000_000 + i64::try_from(at).expect("a few million events") * 1_000,
            ),
            instrument: InstrumentId(1),
            side: Some(side),
            price: Price::new(price),
            quantity: Quantity::new(quantity),
            // a handle: 0 means the whole level
            order_id: slot as u64 + 1,
            ..BookUpdate::default()
        };
        (&update).into()
    };
    (0..count).map(change).collect()
}
