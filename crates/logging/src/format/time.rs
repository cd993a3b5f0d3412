//! The text of a record's time: `strftime` once a second, milliseconds after it once a millisecond.
//!
//! A busy log has many records in one millisecond, and all of them show the same time.

use std::ffi::CString;
use std::ops::Range;

use super::{
    Zone,
    attribute::{same_millisecond, second_and_msecs},
    number::write_decimal,
    percent::{self, Piece},
};
use crate::{
    error::{Error, Result},
    sys::pattern,
    value::Value,
};

/// The pattern of a time without one of its own.
pub const TIME_FORMAT: &str = "%Y-%m-%d %H:%M:%S";
/// How milliseconds follow that time.
pub const MSEC_FORMAT: &str = "%s,%03d";

/// Compiled time options of a formatter, and the texts of the last second and millisecond.
#[derive(Debug)]
pub(super) struct TimeText {
    pattern: CString,
    zone: Zone,
    /// how milliseconds are joined; None without them
    joined: Option<Joined>,
    second: Option<i64>,
    text: String,
    /// the times that `whole` is the text of
    shown: Range<i64>,
    whole: String,
}

#[derive(Debug)]
enum Joined {
    /// `%s`, this text, `%03d`: nearly always, and worth its own way
    Milliseconds(String),
    /// anything else of two values, in order
    Pieces(Vec<JoinedPiece>),
}

#[derive(Debug)]
enum JoinedPiece {
    Literal(String),
    Value(percent::PercentSpec),
}

impl TimeText {
    /// `date_format` alone, or `time_format` with `msec_format` after it.
    pub(super) fn new(
        date_format: Option<&str>,
        time_format: &str,
        msec_format: Option<&str>,
        zone: Zone,
    ) -> Result<Self> {
        let chosen = date_format.filter(|format| !format.is_empty());
        let joined = match chosen {
            Some(_) => None,
            None => msec_format.map(Joined::parse).transpose()?,
        };
        let text = chosen.unwrap_or(time_format);
        let pattern = pattern(text)
            .ok_or_else(|| Error::format(format!("time format {text:?}: it holds a zero byte")))?;
        let (text, whole) = (String::new(), String::new());
        Ok(Self { pattern, zone, joined, second: None, text, shown: 0..0, whole })
    }

    /// The text of the time that was shown last.
    pub(super) fn shown_text(&self) -> &str {
        &self.whole
    }

    /// Makes [`Self::shown_text`] that of `created_ns`; true if it, and the milliseconds, may be others than before.
    #[inline]
    pub(super) fn show(&mut self, created_ns: i64, scratch: &mut String) -> Result<bool> {
        if self.shown.contains(&created_ns) {
            return Ok(false);
        }
        // whatever fails below, no text is taken for one of another time
        self.shown = 0..0;
        self.write(created_ns, scratch)?;
        self.shown = same_millisecond(created_ns);
        Ok(true)
    }

    fn write(&mut self, created_ns: i64, scratch: &mut String) -> Result<()> {
        let (second, milliseconds) = second_and_msecs(created_ns);
        if self.second != Some(second) {
            self.refresh(second)?;
        }
        let out = &mut self.whole;
        out.clear();
        let Some(joined) = &self.joined else {
            out.push_str(&self.text);
            return Ok(());
        };
        match joined {
            Joined::Milliseconds(between) => {
                out.push_str(&self.text);
                out.push_str(between);
                // below 1000 by construction
                let milliseconds = u64::try_from(milliseconds).unwrap_or(0);
                out.push_str(if milliseconds < 10 {
                    "00"
                } else if milliseconds < 100 {
                    "0"
                } else {
                    ""
                });
                write_decimal(out, milliseconds);
            }
            Joined::Pieces(pieces) => {
                // Python keeps milliseconds as a float, which shows with %s
                #[expect(clippy::cast_precision_loss, reason = "below 1000")]
                let values = [Value::from(self.text.as_str()), Value::Float(milliseconds as f64)];
                let mut values = values.iter();
                for piece in pieces {
                    match piece {
                        JoinedPiece::Literal(literal) => out.push_str(literal),
                        JoinedPiece::Value(spec) => {
                            percent::apply(out, spec, values.next().unwrap_or(&Value::Null), scratch)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn refresh(&mut self, second: i64) -> Result<()> {
        self.text.clear();
        self.second = None;
        self.zone.write(second, &self.pattern, &mut self.text)?;
        self.second = Some(second);
        Ok(())
    }
}

impl Joined {
    fn parse(format: &str) -> Result<Self> {
        let between = format.strip_prefix("%s").and_then(|rest| rest.strip_suffix("%03d"));
        if let Some(between) = between.filter(|between| !between.contains('%')) {
            return Ok(Self::Milliseconds(between.to_owned()));
        }
        let pieces: Vec<JoinedPiece> = percent::parse_positional(format)?
            .into_iter()
            .map(|piece| match piece {
                Piece::Literal(literal) => JoinedPiece::Literal(literal.to_owned()),
                Piece::Field(_, spec) => JoinedPiece::Value(spec),
            })
            .collect();
        let count = pieces.iter().filter(|piece| matches!(piece, JoinedPiece::Value(_))).count();
        if count == 2 {
            return Ok(Self::Pieces(pieces));
        }
        Err(Error::format(format!(
            "msec_format {format:?}: {count} conversions (expected two, for the time and its milliseconds)"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::{MSEC_FORMAT, TIME_FORMAT, TimeText, Zone};

    #[test]
    fn no_time_of_two_and_a_half_thousand_shows_a_thousandth_millisecond() {
        let mut time = TimeText::new(None, TIME_FORMAT, Some(MSEC_FORMAT), Zone::Utc).unwrap();
        let mut scratch = String::new();
        for index in 0..2500_i64 {
            let ns = 1_677_903_920_999_998_503 + index * 400_009;
            time.show(ns, &mut scratch).unwrap();
            let out = time.shown_text();
            let (second, milliseconds) = out.split_once(',').unwrap();
            assert_eq!(milliseconds.len(), 3, "{out}");
            // at the very end of a second its float is the next one, and nothing of it may show
            let is_next = second.ends_with(":41") && milliseconds == "000";
            assert!(is_next || milliseconds.parse() == Ok(ns.rem_euclid(1_000_000_000) / 1_000_000), "{out}");
        }
    }

    #[test]
    fn the_text_of_a_second_is_made_once_and_anew_when_time_goes_back() {
        let mut time = TimeText::new(Some("%S"), TIME_FORMAT, None, Zone::Utc).unwrap();
        let mut scratch = String::new();
        for (ns, expected) in
            [(5_000_000_000, "05"), (5_900_000_000, "05"), (4_000_000_000, "04"), (-1, "59")]
        {
            time.show(ns, &mut scratch).unwrap();
            assert_eq!(time.shown_text(), expected);
        }
    }

    #[test]
    fn the_text_of_a_millisecond_is_that_of_every_time_within_it_and_of_no_other() {
        let start = 1_677_903_921_000_000_000_i64;
        let around = [-1_000_001, -1_000_000, -1001, -1000, -121, -100, -1, 0, 1, 999_999, 1_000_000];
        for first in around {
            for second in around {
                let mut time = TimeText::new(None, TIME_FORMAT, Some(MSEC_FORMAT), Zone::Utc).unwrap();
                time.show(start + first, &mut String::new()).unwrap();
                time.show(start + second, &mut String::new()).unwrap();
                let mut fresh = TimeText::new(None, TIME_FORMAT, Some(MSEC_FORMAT), Zone::Utc).unwrap();
                fresh.show(start + second, &mut String::new()).unwrap();
                assert_eq!(time.shown_text(), fresh.shown_text(), "{first} {second}");
            }
        }
    }
}
