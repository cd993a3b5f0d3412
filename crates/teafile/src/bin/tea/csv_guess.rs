//! What the columns of a table are, from all of its cells.

use teafile::{FieldType, TimeScale};

use crate::csv_cells::Kind;
use crate::times;

/// What the cells of a column have been so far.
#[derive(Clone, Debug)]
pub(crate) struct Guess {
    is_named_time: bool,
    could_be_time: bool,
    could_be_signed: bool,
    could_be_unsigned: bool,
    could_be_real: bool,
    has_empty: bool,
    has_value: bool,
    /// Digits behind the seconds of times.
    fraction_digits: usize,
}

impl Guess {
    /// Whole numbers are times only in a column that is called so: they are ticks then.
    pub(crate) fn new(name: &str) -> Self {
        let names = ["time", "timestamp"];
        Self {
            is_named_time: names.iter().any(|known| name.eq_ignore_ascii_case(known)),
            could_be_time: true,
            could_be_signed: true,
            could_be_unsigned: true,
            could_be_real: true,
            has_empty: false,
            has_value: false,
            fraction_digits: 0,
        }
    }

    pub(crate) fn add(&mut self, cell: &str) {
        if cell.is_empty() {
            self.has_empty = true;
            return;
        }
        self.has_value = true;
        if self.could_be_real && cell.parse::<f64>().is_err() {
            (self.could_be_signed, self.could_be_unsigned, self.could_be_real) = (false, false, false);
        }
        self.could_be_signed = self.could_be_signed && cell.parse::<i64>().is_ok();
        self.could_be_unsigned = self.could_be_unsigned && cell.parse::<u64>().is_ok();
        if self.could_be_time && !self.could_be_real {
            // of all scales that of .NET reaches over all years
            self.could_be_time = times::parse(TimeScale::NET, cell).is_ok();
            let fraction = cell.rsplit_once('.').map_or("", |(_, digits)| digits);
            let digits = fraction.split(|character: char| !character.is_ascii_digit()).next().unwrap_or("");
            self.fraction_digits = self.fraction_digits.max(digits.trim_end_matches('0').len());
        }
    }

    /// None for a text, which a TeaFile has no type for.
    pub(crate) fn kind(&self) -> Option<Kind> {
        if !self.has_value {
            return None;
        }
        // a cell that is empty has no whole number
        if self.could_be_signed && !self.has_empty {
            return Some(if self.is_named_time { Kind::Time } else { Kind::Number(FieldType::Int64) });
        }
        if self.could_be_unsigned && !self.has_empty {
            return Some(Kind::Number(FieldType::UInt64));
        }
        if self.could_be_real {
            return Some(Kind::Number(FieldType::Double));
        }
        (self.could_be_time && !self.has_empty).then_some(Kind::Time)
    }

    /// The coarsest usual scale that holds the times.
    pub(crate) fn scale(&self) -> TimeScale {
        match self.fraction_digits {
            ..=3 => TimeScale::JAVA,
            4..=6 => TimeScale::UNIX_MICROS,
            7.. => TimeScale::UNIX_NANOS,
        }
    }

    /// What is finer comes later.
    pub(crate) fn fraction_digits(&self) -> usize {
        self.fraction_digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, cells: &[&str], expect: &str) {
        let mut guess = Guess::new(name);
        cells.iter().for_each(|cell| guess.add(cell));
        let found = guess.kind().map_or("text", Kind::name);
        assert_eq!(found, expect, "{name} {cells:?}");
    }

    #[test]
    fn columns_are_what_all_of_their_cells_can_be() {
        check("a", &["1", "-2"], "i64");
        check("a", &["1", "18446744073709551615"], "u64");
        check("a", &["1", "2.5"], "f64");
        check("a", &["1", ""], "f64");
        check("a", &["1", "nan", "inf"], "f64");
        check("a", &["1", "x"], "text");
        check("a", &["", ""], "text");
        check("a", &["2011-03-04", "2011-03-05 12:30"], "time");
        check("a", &["2011-03-04", "7"], "time");
        check("a", &["2011-03-04", ""], "text");
        check("Time", &["7", "8"], "time");
        check("a", &["20110304", "20110305"], "i64");
    }

    #[test]
    fn the_scale_holds_every_digit() {
        let scale = |cell: &str| {
            let mut guess = Guess::new("t");
            guess.add(cell);
            guess.scale()
        };
        assert_eq!(scale("2011-03-04T01:02:03.1230Z"), TimeScale::JAVA);
        assert_eq!(scale("2011-03-04T01:02:03.123456+02:00"), TimeScale::UNIX_MICROS);
        assert_eq!(scale("2011-03-04T01:02:03.1234567"), TimeScale::UNIX_NANOS);
    }
}
