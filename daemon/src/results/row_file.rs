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
const PAIRS: &[u8; 200] = b"\
0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/// The file. Dropped, it hands over what it can: the rows before a failure tell what led to it.
pub(super) struct RowFile {
    file: File,
    row: Row,
}

/// The row that is being written, behind those that wait for their block.
#[derive(Default)]
pub(super) struct Row {
    bytes: Vec<u8>,
    has_cells: bool,
    /// The UTC day of the last time, and how it begins: `2025-01-01T`.
    day: Option<(i64, [u8; 11])>,
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
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.row.bytes.push(b'\n');
        self.row.has_cells = false;
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
    /// A cell that needs no look at its bytes: no comma, quote or end of line can be in it.
    pub(super) fn word(&mut self, word: &str) {
        self.begin();
        self.bytes.extend_from_slice(word.as_bytes());
    }

    /// A cell with any text, quoted where CSV asks for it.
    pub(super) fn text(&mut self, text: &str) {
        self.begin();
        if !text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
            self.bytes.extend_from_slice(text.as_bytes());
            return;
        }
        self.bytes.push(b'"');
        for byte in text.bytes() {
            if byte == b'"' {
                self.bytes.push(b'"');
            }
            self.bytes.push(byte);
        }
        self.bytes.push(b'"');
    }

    /// A whole number.
    pub(super) fn integer(&mut self, number: u64) {
        self.begin();
        push_scaled(&mut self.bytes, false, number, 0);
    }

    /// `value * 10^-decimals` with all its decimals.
    pub(super) fn scaled(&mut self, value: i64, decimals: u8) {
        self.begin();
        push_scaled(&mut self.bytes, value < 0, value.unsigned_abs(), decimals);
    }

    /// An amount with all its decimals.
    pub(super) fn money(&mut self, money: Money) {
        match u64::try_from(money.get().unsigned_abs()) {
            Ok(magnitude) => {
                self.begin();
                push_scaled(&mut self.bytes, money.get() < 0, magnitude, MONEY_DECIMALS);
            }
            Err(_) => self.shown(format_args!("{money}")),
        }
    }

    /// An amount with two decimals, halves away from zero.
    pub(super) fn cents(&mut self, money: Money) {
        const UNITS: u64 = 1_000_000;
        match u64::try_from(money.get().unsigned_abs()) {
            Ok(magnitude) => {
                self.begin();
                let cents = magnitude / UNITS + u64::from(magnitude % UNITS >= UNITS / 2);
                // what is rounded to nothing has no sign
                push_scaled(&mut self.bytes, money.get() < 0 && cents > 0, cents, 2);
            }
            Err(_) => self.shown(format_args!("{money:.2}")),
        }
    }

    /// A time, with as many decimals of its second as it has.
    pub(super) fn time(&mut self, at: Timestamp) {
        let day = at.day();
        let start = match self.day {
            Some((known, start)) if known == day => start,
            _ => match start_of_day(at) {
                Some(start) => {
                    self.day = Some((day, start));
                    start
                }
                None => return self.shown(format_args!("{at}")),
            },
        };
        self.begin();
        self.bytes.extend_from_slice(&start);
        let of_day = at.time_of_day_ns().unsigned_abs();
        let (seconds, fraction) = (of_day / SECOND_NS, of_day % SECOND_NS);
        push_pair(&mut self.bytes, seconds / 3_600);
        self.bytes.push(b':');
        push_pair(&mut self.bytes, seconds / 60 % 60);
        self.bytes.push(b':');
        push_pair(&mut self.bytes, seconds % 60);
        if fraction > 0 {
            let mut digits = Digits::new();
            // nine of them
            digits.number(SECOND_NS + fraction);
            digits.bytes[digits.start] = b'.';
            let text = digits.text();
            let zeros = text.iter().rev().take_while(|digit| **digit == b'0').count();
            self.bytes.extend_from_slice(&text[..text.len() - zeros]);
        }
        self.bytes.push(b'Z');
    }

    /// What was written of it.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// An empty cell.
    pub(super) fn nothing(&mut self) {
        self.begin();
    }

    /// A cell as it is shown.
    pub(super) fn shown(&mut self, what: std::fmt::Arguments<'_>) {
        // rare cells only: the way over a text of its own quotes what needs it
        self.text(&what.to_string());
    }

    fn begin(&mut self) {
        if self.has_cells {
            self.bytes.push(b',');
        }
        self.has_cells = true;
    }
}

/// `2025-01-01T`, if the year has four digits.
fn start_of_day(at: Timestamp) -> Option<[u8; 11]> {
    let text = at.to_string();
    text.as_bytes().first_chunk::<11>().filter(|start| start.last() == Some(&b'T')).copied()
}

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
            digits.one(left % 10);
            left /= 10;
        }
        digits.byte(b'.');
    }
    digits.number(left);
    if is_negative {
        digits.byte(b'-');
    }
    bytes.extend_from_slice(digits.text());
}

/// Digits, written from the last to the first.
struct Digits {
    bytes: [u8; Self::ROOM],
    start: usize,
}

impl Digits {
    /// A sign, a point, 255 decimals and as many digits as a number has: every scale fits.
    const ROOM: usize = 280;

    #[inline]
    fn new() -> Self {
        Self { bytes: [0; Self::ROOM], start: Self::ROOM }
    }

    #[inline]
    fn text(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    #[inline]
    fn byte(&mut self, byte: u8) {
        self.start -= 1;
        self.bytes[self.start] = byte;
    }

    /// The last digit of a number.
    #[inline]
    fn one(&mut self, number: u64) {
        self.byte(pair(number)[1]);
    }

    /// The last two digits of a number.
    #[inline]
    fn pair(&mut self, number: u64) {
        self.start -= 2;
        self.bytes[self.start..self.start + 2].copy_from_slice(pair(number));
    }

    /// All digits of a number.
    #[inline]
    fn number(&mut self, mut number: u64) {
        while number >= 100 {
            self.pair(number);
            number /= 100;
        }
        if number >= 10 { self.pair(number) } else { self.one(number) }
    }
}

fn push_pair(bytes: &mut Vec<u8>, number: u64) {
    bytes.extend_from_slice(pair(number));
}

/// The two digits of a number below 100.
fn pair(number: u64) -> &'static [u8] {
    let at = usize::try_from(number % 100).unwrap_or(0) * 2;
    &PAIRS[at..at + 2]
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
        row.bytes.push(b'\n');
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
            decimals in 0u8..=12,
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
