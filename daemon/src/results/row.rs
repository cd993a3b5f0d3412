//! The text of rows, written one behind the other without an allocation.
//!
//! What is written is what the `csv` crate writes and what `Display` of the values says, byte for byte; the tests compare
//! them. Integers within 64 bits and times within one UTC day of the last take a short way, everything else goes
//! through `Display`.

use stratd_plugin_api::{MONEY_DECIMALS, Money, Timestamp};

use super::row_text::{DECIMALS_MAX, IdText, TimeText, push_scaled};

/// What one more cell of a number or a time needs: room is made for several of them.
const ROOM: usize = 256;

/// Rows, and the one that is being written behind them. A comma ends each cell; that of the last one becomes the end of
/// the line.
#[derive(Default)]
pub(super) struct Row {
    /// What is written, and room behind it.
    bytes: Vec<u8>,
    len: usize,
}

impl Row {
    /// What is written.
    pub(super) fn written(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// How many bytes are written.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Begins anew, in the same memory.
    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    /// The cells of a row that was not ended, to be written again and again with [`Row::cells`].
    pub(super) fn into_cells(self) -> Box<[u8]> {
        self.written().into()
    }

    /// Cells that were made before.
    #[inline]
    pub(super) fn cells(&mut self, cells: &[u8]) {
        let end = self.len + cells.len();
        if end > self.bytes.len() {
            self.grow(end);
        }
        self.bytes[self.len..end].copy_from_slice(cells);
        self.len = end;
    }

    /// The first `len` bytes of a block: a whole one is a few stores, its beginning a call.
    #[inline]
    pub(super) fn block<const N: usize>(&mut self, block: &[u8; N], len: usize) {
        let end = self.len + N;
        if end > self.bytes.len() {
            self.grow(end);
        }
        self.bytes[self.len..end].copy_from_slice(block);
        self.len += len.min(N);
    }

    /// Makes room for so many bytes in all, at least.
    #[cold]
    fn grow(&mut self, least: usize) {
        self.bytes.resize(least.saturating_add(ROOM), 0);
    }

    #[inline]
    fn byte(&mut self, byte: u8) {
        self.cells(&[byte]);
    }

    /// A cell that needs no look at its bytes: no comma, quote or end of line can be in it.
    #[inline]
    pub(super) fn word(&mut self, word: &str) {
        self.cells(word.as_bytes());
        self.byte(b',');
    }

    /// A cell with any text, quoted where CSV asks for it.
    pub(super) fn text(&mut self, text: &str) {
        if !text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
            self.word(text);
            return;
        }
        self.byte(b'"');
        for byte in text.bytes() {
            if byte == b'"' {
                self.byte(b'"');
            }
            self.byte(byte);
        }
        self.cells(b"\",");
    }

    /// A whole number.
    pub(super) fn integer(&mut self, number: u64) {
        push_scaled(self, false, number, 0);
    }

    /// `value * 10^-decimals` with all its decimals.
    pub(super) fn scaled(&mut self, value: i64, decimals: u8) {
        if let (Ok(digit @ 0..10), 0) = (u8::try_from(value), decimals) {
            // a few shares or contracts
            return self.block(&[b'0' + digit, b','], 2);
        }
        if decimals > DECIMALS_MAX {
            let (sign, magnitude) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
            // a zero before the point
            let all = format!("{magnitude:0>width$}", width = usize::from(decimals) + 1);
            let (whole, fraction) = all.split_at(all.len() - usize::from(decimals));
            return self.shown(format_args!("{sign}{whole}.{fraction}"));
        }
        push_scaled(self, value < 0, value.unsigned_abs(), decimals);
    }

    /// An amount with all its decimals.
    pub(super) fn money(&mut self, money: Money) {
        if money == Money::ZERO {
            // what most executions cost
            return self.block(b"0.00000000,", 11);
        }
        match u64::try_from(money.get().unsigned_abs()) {
            Ok(magnitude) => push_scaled(self, money.get() < 0, magnitude, MONEY_DECIMALS),
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
                push_scaled(self, money.get() < 0 && cents > 0, cents, 2);
            }
            Err(_) => self.shown(format_args!("{money:.2}")),
        }
    }

    /// A time, with as many decimals of its second as it has.
    #[inline]
    pub(super) fn time(&mut self, text: &mut TimeText, at: Timestamp) {
        if text.set(at) {
            text.push_to(self);
        } else {
            self.shown(format_args!("{at}"));
        }
    }

    /// An order id.
    #[inline]
    pub(super) fn id(&mut self, text: &mut IdText, id: u64) {
        text.set(id);
        text.push_to(self);
    }

    /// The row with its end, as it would stand in a file.
    pub(super) fn into_line(mut self) -> Vec<u8> {
        self.end();
        self.bytes.truncate(self.len);
        self.bytes
    }

    /// An empty cell.
    #[inline]
    pub(super) fn nothing(&mut self) {
        self.byte(b',');
    }

    /// A cell as it is shown.
    pub(super) fn shown(&mut self, what: std::fmt::Arguments<'_>) {
        // rare cells only: the way over a text of its own quotes what needs it
        self.text(&what.to_string());
    }

    /// Ends the row.
    pub(super) fn end(&mut self) {
        if let Some(comma) = self.bytes[..self.len].last_mut() {
            *comma = b'\n';
        }
    }
}

#[cfg(test)]
mod tests {
    use std::iter::once;

    use proptest::prelude::*;
    use stratd_plugin_api::{Instrument, InstrumentType, Quantity};

    use super::{super::row_text::Texts, *};

    /// A row of these cells, as we write it.
    fn written(cells: impl FnOnce(&mut Row)) -> String {
        let mut row = Row::default();
        cells(&mut row);
        String::from_utf8(row.into_line()).unwrap()
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
            assert_eq!(written(|row| row.time(&mut TimeText::default(), at)), expected(&[at.to_string()]));
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
            // near each other, too
            ids in prop::collection::vec((any::<u64>(), 0u32..64, 0u64..30_000), 1..5),
            // within a second or a day of each other, and with short decimals, too
            times in prop::collection::vec((any::<i64>(), 0u32..40, 0u32..10), 1..4),
            later in prop::collection::vec(-2_000_000_000i64..100_000_000_000, 0..4),
        ) {
            let (number, value, units) = (number >> shift, value >> shift, Money::new(units >> units_shift));
            let instrument = Instrument::new("X", InstrumentType::Equity).quantity_decimals(decimals);
            let ids: Vec<_> = ids
                .iter()
                .flat_map(|(id, shift, more)| [id >> shift, (id >> shift).saturating_add(*more)])
                .collect();
            let times: Vec<_> = times
                .into_iter()
                .map(|(at, shift, digits)| (at >> shift) / 10i64.pow(digits) * 10i64.pow(digits))
                .flat_map(|at| once(at).chain(later.iter().map(move |more| at.saturating_add(*more))))
                .map(Timestamp::new)
                .collect();
            let mut texts = Texts::default();
            let row = written(|row| {
                row.integer(number);
                ids.iter().for_each(|id| row.id(&mut texts.id, *id));
                row.scaled(value, decimals);
                row.money(units);
                row.cents(units);
                row.nothing();
                times.iter().for_each(|at| row.time(&mut texts.time, *at));
                row.word("end");
            });
            let mut cells = vec![number.to_string()];
            cells.extend(ids.iter().map(u64::to_string));
            cells.extend([
                instrument.quantity_text(Quantity::new(value)).to_string(),
                units.to_string(),
                format!("{units:.2}"),
                String::new(),
            ]);
            cells.extend(times.iter().map(Timestamp::to_string));
            cells.push("end".to_owned());
            prop_assert_eq!(row, expected(&cells));
        }
    }
}
