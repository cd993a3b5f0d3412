//! A CSV file that is written row by row without an allocation: `orders.csv` and `fills.csv` have a row for each order
//! and each execution, and a busy run has little else to do.
//!
//! What is written is what the `csv` crate writes and what `Display` of the values says, byte for byte; the tests compare
//! them. Integers within 64 bits and times within one UTC day of the last take a short way, everything else goes
//! through `Display`.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use stratd_plugin_api::{MONEY_DECIMALS, Money, Timestamp};

/// Rows are handed to the system in blocks of this size.
const BLOCK: usize = 64 * 1024;
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
const DECIMALS_MAX: u8 = 18;

/// The file. Dropped, it hands over what it can: the rows before a failure tell what led to it.
pub(super) struct RowFile {
    file: File,
    row: Row,
}

/// The row that is being written, behind those that wait for their block. A comma ends each cell; that of the last one
/// becomes the end of the line.
#[derive(Default)]
pub(super) struct Row {
    bytes: Vec<u8>,
    time: TimeText,
}

impl RowFile {
    /// Creates the file with its header.
    pub(super) fn create(path: &Path, header: &[&str]) -> io::Result<Self> {
        let mut file = Self { file: File::create(path)?, row: Row::default() };
        file.row.bytes.reserve(BLOCK + BLOCK / 8);
        for name in header {
            file.row.text(name);
        }
        file.end()?;
        Ok(file)
    }

    /// The row that comes next; [`RowFile::end`] ends it.
    pub(super) fn row(&mut self) -> &mut Row {
        &mut self.row
    }

    /// Ends the row.
    #[inline]
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.row.end();
        if self.row.bytes.len() >= BLOCK { self.flush() } else { Ok(()) }
    }

    /// Hands everything to the system.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.row.bytes)?;
        self.row.bytes.clear();
        Ok(())
    }
}

impl Drop for RowFile {
    fn drop(&mut self) {
        // whoever cares for an error has flushed
        let _ = self.flush();
    }
}

impl Row {
    /// The cells of a row that was not ended, to be written again and again with [`Row::cells`].
    pub(super) fn into_cells(self) -> Box<[u8]> {
        self.bytes.into()
    }

    /// Cells that were made before.
    #[inline]
    pub(super) fn cells(&mut self, cells: &[u8]) {
        self.bytes.extend_from_slice(cells);
    }

    /// A cell that needs no look at its bytes: no comma, quote or end of line can be in it.
    #[inline]
    pub(super) fn word(&mut self, word: &str) {
        self.bytes.extend_from_slice(word.as_bytes());
        self.bytes.push(b',');
    }

    /// A cell with any text, quoted where CSV asks for it.
    pub(super) fn text(&mut self, text: &str) {
        if !text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
            self.word(text);
            return;
        }
        self.bytes.push(b'"');
        for byte in text.bytes() {
            if byte == b'"' {
                self.bytes.push(b'"');
            }
            self.bytes.push(byte);
        }
        self.bytes.extend_from_slice(b"\",");
    }

    /// A whole number.
    pub(super) fn integer(&mut self, number: u64) {
        let mut digits = Digits::new();
        digits.number(number);
        digits.push_to(&mut self.bytes);
    }

    /// `value * 10^-decimals` with all its decimals.
    pub(super) fn scaled(&mut self, value: i64, decimals: u8) {
        if decimals > DECIMALS_MAX {
            let (sign, magnitude) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
            // a zero before the point
            let all = format!("{magnitude:0>width$}", width = usize::from(decimals) + 1);
            let (whole, fraction) = all.split_at(all.len() - usize::from(decimals));
            return self.shown(format_args!("{sign}{whole}.{fraction}"));
        }
        push_scaled(&mut self.bytes, value < 0, value.unsigned_abs(), decimals);
    }

    /// An amount with all its decimals.
    pub(super) fn money(&mut self, money: Money) {
        if money == Money::ZERO {
            // what most executions cost
            self.bytes.extend_from_slice(b"0.00000000,");
            return;
        }
        match u64::try_from(money.get().unsigned_abs()) {
            Ok(magnitude) => push_scaled(&mut self.bytes, money.get() < 0, magnitude, MONEY_DECIMALS),
            Err(_) => self.shown(format_args!("{money}")),
        }
    }

    /// An amount with two decimals, halves away from zero.
    pub(super) fn cents(&mut self, money: Money) {
        const UNITS: u64 = 1_000_000;
        match u64::try_from(money.get().unsigned_abs()) {
            Ok(magnitude) => {
                let cents = magnitude / UNITS + u64::from(magnitude % UNITS >= UNITS / 2);
                // what is rounded to nothing has no sign
                push_scaled(&mut self.bytes, money.get() < 0 && cents > 0, cents, 2);
            }
            Err(_) => self.shown(format_args!("{money:.2}")),
        }
    }

    /// A time, with as many decimals of its second as it has.
    pub(super) fn time(&mut self, at: Timestamp) {
        if self.time.set(at) {
            self.time.push_to(&mut self.bytes);
        } else {
            self.shown(format_args!("{at}"));
        }
    }

    /// The row with its end, as it would stand in a file.
    pub(super) fn into_line(mut self) -> Vec<u8> {
        self.end();
        self.bytes
    }

    /// An empty cell.
    #[inline]
    pub(super) fn nothing(&mut self) {
        self.bytes.push(b',');
    }

    /// A cell as it is shown.
    pub(super) fn shown(&mut self, what: std::fmt::Arguments<'_>) {
        // rare cells only: the way over a text of its own quotes what needs it
        self.text(&what.to_string());
    }

    fn end(&mut self) {
        if let Some(comma) = self.bytes.last_mut() {
            *comma = b'\n';
        }
    }
}

/// The text of the last time: the next one is mostly of the same second, and often the same.
#[derive(Default)]
struct TimeText {
    at: Option<Timestamp>,
    /// When its day began.
    day: i64,
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
    fn set(&mut self, at: Timestamp) -> bool {
        self.at == Some(at) || self.make(at)
    }

    fn make(&mut self, at: Timestamp) -> bool {
        let since = at.get().saturating_sub(self.day);
        let is_same_day = self.at.is_some() && (0..Timestamp::DAY_NS).contains(&since);
        if !is_same_day && !self.begin_day(at) {
            return false;
        }
        self.at = Some(at);
        let of_day = at.get().saturating_sub(self.day).unsigned_abs();
        let (seconds, fraction) = (of_day / SECOND_NS, of_day % SECOND_NS);
        let [hours, minutes, seconds] = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map(pair);
        let clock = [hours[0], hours[1], b':', minutes[0], minutes[1], b':', seconds[0], seconds[1]];
        self.bytes[11..Self::FRACTION].copy_from_slice(&clock);
        self.len = Self::FRACTION;
        if fraction > 0 {
            self.push_fraction(fraction);
        }
        self.bytes[self.len..self.len + 2].copy_from_slice(b"Z,");
        self.len += 2;
        true
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

    fn push_to(&self, bytes: &mut Vec<u8>) {
        let len = bytes.len() + self.len;
        // a whole block is two stores, its beginning a call
        bytes.extend_from_slice(&self.bytes);
        bytes.truncate(len);
    }
}

/// At most [`DECIMALS_MAX`] decimals.
fn push_scaled(bytes: &mut Vec<u8>, is_negative: bool, magnitude: u64, decimals: u8) {
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
    digits.push_to(bytes);
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

    /// Appends the digits and their comma.
    #[inline]
    fn push_to(&self, bytes: &mut Vec<u8>) {
        let len = bytes.len() + Self::ROOM + 1 - self.start;
        // a whole block is two stores, its beginning a call
        if let Some(block) = self.bytes[self.start..].first_chunk::<{ Self::ROOM }>() {
            bytes.extend_from_slice(block);
        }
        bytes.truncate(len);
    }
}

/// The two digits of a number below 100.
#[inline]
fn pair(number: u64) -> [u8; 2] {
    PAIRS[usize::try_from(number % 100).unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stratd_plugin_api::{Instrument, InstrumentType, Quantity};

    use super::*;

    /// A row of these cells, as we write it.
    fn written(cells: impl FnOnce(&mut Row)) -> String {
        let mut row = Row::default();
        cells(&mut row);
        row.end();
        String::from_utf8(row.bytes).unwrap()
    }

    /// The same row, as the `csv` crate writes it.
    fn expected(cells: &[String]) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(cells).unwrap();
        String::from_utf8(writer.into_inner().unwrap()).unwrap()
    }

    #[test]
    fn rows_are_those_of_the_csv_crate() {
        let texts = ["plain", "", "a,b", "say \"x\"", "two\nlines", "back\rwards", "ä; b"];
        let row = written(|row| texts.iter().for_each(|text| row.text(text)));
        assert_eq!(row, expected(&texts.map(str::to_owned)));
    }

    #[test]
    fn every_limit_of_a_number_is_as_it_is_shown() {
        for value in [i128::MIN, i128::from(i64::MIN), -1, 0, 499_999, 500_000, 999_999_999, i128::MAX] {
            for money in [Money::new(value), Money::new(value.checked_neg().unwrap_or(7))] {
                let row = written(|row| {
                    row.money(money);
                    row.cents(money);
                });
                assert_eq!(row, expected(&[money.to_string(), format!("{money:.2}")]));
            }
        }
        for at in [i64::MIN, -1, 0, 1, 86_400_000_000_000 - 1, 951_782_400_000_000_000, i64::MAX] {
            let at = Timestamp::new(at);
            assert_eq!(written(|row| row.time(at)), expected(&[at.to_string()]));
        }
    }

    proptest! {
        #[test]
        fn cells_are_as_they_are_shown(
            number in any::<u64>(),
            shift in 0u32..64,
            value in any::<i64>(),
            units in any::<i128>(),
            units_shift in 0u32..128,
            decimals in 0u8..=30,
            // within a day of each other, and with short decimals, too
            times in prop::collection::vec((any::<i64>(), 0u32..40, 0u32..10), 1..4),
        ) {
            let (number, value, units) = (number >> shift, value >> shift, Money::new(units >> units_shift));
            let instrument = Instrument::new("X", InstrumentType::Equity).quantity_decimals(decimals);
            let times: Vec<_> = times
                .into_iter()
                .map(|(at, shift, digits)| (at >> shift) / 10i64.pow(digits) * 10i64.pow(digits))
                .map(Timestamp::new)
                .collect();
            let row = written(|row| {
                row.integer(number);
                row.scaled(value, decimals);
                row.money(units);
                row.cents(units);
                row.nothing();
                times.iter().for_each(|at| row.time(*at));
                row.word("end");
            });
            let mut cells = vec![
                number.to_string(),
                instrument.quantity_text(Quantity::new(value)).to_string(),
                units.to_string(),
                format!("{units:.2}"),
                String::new(),
            ];
            cells.extend(times.iter().map(Timestamp::to_string));
            cells.push("end".to_owned());
            prop_assert_eq!(row, expected(&cells));
        }
    }
}
