//! Numbers, times and order ids as text, each with the comma that ends its cell.

use stratd_plugin_api::Timestamp;

use super::row::Row;

const SECOND_NS: u64 = 1_000_000_000;
/// Two digits at a time.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0u8;
    while number < 100 {
        pairs[number as usize] = [b'0' + number / 10, b'0' + number % 10];
        number += 1;
    }
    pairs
};
/// Numbers with more decimals are rare, and take the way of `Display`.
pub(super) const DECIMALS_MAX: u8 = 18;

/// What the rows of a run show again and again: an order is shown with its execution, at the same time.
#[derive(Default)]
pub(super) struct Texts {
    pub(super) time: TimeText,
    pub(super) id: IdText,
}

/// The text of the last time: the next one is mostly of the same second, and often the same.
#[derive(Default)]
pub(super) struct TimeText {
    at: Option<Timestamp>,
    /// When its day began.
    day: i64,
    /// When its second began.
    second: i64,
    /// `2025-01-01T12:34:56.789Z` with the comma that ends its cell; what is beyond its length means nothing.
    bytes: [u8; Self::ROOM],
    len: usize,
}

impl TimeText {
    const ROOM: usize = 32;
    /// Where the fraction of the second begins.
    const FRACTION: usize = 19;

    /// Makes the text of a time; false if its year has not four digits, or its day is the first of all.
    #[inline]
    pub(super) fn set(&mut self, at: Timestamp) -> bool {
        self.at == Some(at) || self.make(at)
    }

    fn make(&mut self, at: Timestamp) -> bool {
        let since = self.at.and_then(|_| u64::try_from(at.get().checked_sub(self.second)?).ok());
        let of_second = since.filter(|since| *since < SECOND_NS).or_else(|| self.begin_second(at));
        let Some(fraction) = of_second else { return false };
        self.at = Some(at);
        self.len = Self::FRACTION;
        if fraction > 0 {
            self.push_fraction(fraction);
        }
        self.bytes[self.len..self.len + 2].copy_from_slice(b"Z,");
        self.len += 2;
        true
    }

    /// Makes the text up to the second; the nanoseconds since. `None`: as [`TimeText::set`].
    fn begin_second(&mut self, at: Timestamp) -> Option<u64> {
        let since = at.get().saturating_sub(self.day);
        let is_same_day = self.at.is_some() && (0..Timestamp::DAY_NS).contains(&since);
        if !is_same_day && !self.begin_day(at) {
            return None;
        }
        let of_day = at.get().saturating_sub(self.day).unsigned_abs();
        let (seconds, fraction) = (of_day / SECOND_NS, of_day % SECOND_NS);
        let [hours, minutes, seconds] = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map(pair);
        let clock = [hours[0], hours[1], b':', minutes[0], minutes[1], b':', seconds[0], seconds[1]];
        self.bytes[11..Self::FRACTION].copy_from_slice(&clock);
        self.second = at.get().wrapping_sub_unsigned(fraction);
        Some(fraction)
    }

    #[cold]
    fn begin_day(&mut self, at: Timestamp) -> bool {
        self.at = None;
        let text = at.to_string();
        let start = text.as_bytes().first_chunk::<11>().filter(|start| start[10] == b'T');
        // the first of all days began before the first time
        let Some((start, day)) = start.zip(at.get().checked_sub(at.time_of_day_ns())) else {
            return false;
        };
        self.bytes[..11].copy_from_slice(start);
        self.day = day;
        true
    }

    /// Nanoseconds, below a second and above 0, without the zeros at their end.
    fn push_fraction(&mut self, fraction: u64) {
        let [_, first] = pair(fraction / 100_000_000);
        let [a, b, c, d] = [fraction / 1_000_000, fraction / 10_000, fraction / 100, fraction].map(pair);
        let digits = [b'.', first, a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1]];
        self.bytes[Self::FRACTION..Self::FRACTION + digits.len()].copy_from_slice(&digits);
        let zeros = digits.iter().rev().take_while(|digit| **digit == b'0').count();
        self.len = Self::FRACTION + digits.len() - zeros;
    }

    #[inline]
    pub(super) fn push_to(&self, row: &mut Row) {
        row.block(&self.bytes, self.len);
    }
}

/// The text of the last order id: the next one mostly ends otherwise only.
pub(super) struct IdText {
    id: u64,
    /// The digits with the comma that ends the cell; what is beyond its length means nothing.
    bytes: [u8; Self::ROOM],
    len: usize,
}

impl Default for IdText {
    fn default() -> Self {
        let mut text = Self { id: 0, bytes: [b','; Self::ROOM], len: 2 };
        text.bytes[0] = b'0';
        text
    }
}

impl IdText {
    const ROOM: usize = 32;
    /// So many digits at the end are written anew where those before them are the same.
    const TAIL: usize = 4;
    const TAILS: u64 = 10u64.pow(4);

    #[inline]
    pub(super) fn set(&mut self, id: u64) {
        if id == self.id {
            return;
        }
        let is_alike = id / Self::TAILS == self.id / Self::TAILS && id >= Self::TAILS;
        self.id = id;
        if is_alike {
            let at = self.len - 1 - Self::TAIL;
            let [high, low] = [pair(id / 100), pair(id)];
            self.bytes[at..at + Self::TAIL].copy_from_slice(&[high[0], high[1], low[0], low[1]]);
            return;
        }
        let mut digits = Digits::new();
        digits.number(id);
        self.len = digits.len();
        if let Some(block) = digits.block() {
            self.bytes = *block;
        }
    }

    #[inline]
    pub(super) fn push_to(&self, row: &mut Row) {
        row.block(&self.bytes, self.len);
    }
}

/// `magnitude * 10^-decimals`, with at most [`DECIMALS_MAX`] decimals.
pub(super) fn push_scaled(row: &mut Row, is_negative: bool, magnitude: u64, decimals: u8) {
    let mut digits = Digits::new();
    let mut left = magnitude;
    let mut decimals = decimals;
    if decimals > 0 {
        while decimals >= 2 {
            digits.pair(left % 100);
            left /= 100;
            decimals -= 2;
        }
        if decimals == 1 {
            digits.byte(pair(left % 10)[1]);
            left /= 10;
        }
        digits.byte(b'.');
    }
    digits.number(left);
    if is_negative {
        digits.byte(b'-');
    }
    if let Some(block) = digits.block() {
        row.block(block, digits.len());
    }
}

/// Digits, written from the last to the first, before a comma.
struct Digits {
    bytes: [u8; 2 * Self::ROOM],
    start: usize,
}

impl Digits {
    /// A sign, a point, and the digits of a number of 64 bits or of [`DECIMALS_MAX`] decimals and one more: 22 at most.
    const ROOM: usize = 32;

    #[inline]
    fn new() -> Self {
        Self { bytes: [b','; 2 * Self::ROOM], start: Self::ROOM }
    }

    #[inline]
    fn byte(&mut self, byte: u8) {
        self.start -= 1;
        self.bytes[self.start] = byte;
    }

    /// The last two digits of a number.
    #[inline]
    fn pair(&mut self, number: u64) {
        self.start -= 2;
        self.bytes[self.start..self.start + 2].copy_from_slice(&pair(number));
    }

    /// All digits of a number.
    #[inline]
    fn number(&mut self, mut number: u64) {
        while number >= 100 {
            self.pair(number);
            number /= 100;
        }
        if number >= 10 { self.pair(number) } else { self.byte(pair(number)[1]) }
    }

    /// How many bytes the digits and their comma are.
    #[inline]
    fn len(&self) -> usize {
        Self::ROOM + 1 - self.start
    }

    /// The digits, their comma, and what means nothing.
    #[inline]
    fn block(&self) -> Option<&[u8; Self::ROOM]> {
        self.bytes[self.start..].first_chunk()
    }
}

/// The two digits of a number below 100; of a larger one, the last two.
#[inline]
pub(super) fn pair(number: u64) -> [u8; 2] {
    PAIRS[usize::try_from(number % 100).unwrap_or(0)]
}
