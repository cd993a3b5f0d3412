//! Splits of shares in history: prices and quantities before a split as they are counted after it.
//!
//! A file names them, one a row:
//!
//! ```
//! use stratd_simulation::Splits;
//! use stratd_plugin_api::Timestamp;
//!
//! let splits = Splits::parse("splits.csv", "date,symbol,ratio\n2014-06-09,AAPL,7:1\n2020-08-31,AAPL,4:1\n")?;
//! let aapl = splits.of("AAPL");
//! let before: Timestamp = "2014-06-06T00:00:00Z".parse().unwrap();
//! // 700.00 at 4 decimals, and 10 shares: 28 for 1 since
//! assert_eq!(aapl.price(before, 7_000_000), Some(250_000));
//! assert_eq!(aapl.quantity(before, 10), Some(280));
//! let after: Timestamp = "2020-08-31T00:00:00Z".parse().unwrap();
//! assert_eq!(aapl.price(after, 1_290_400), Some(1_290_400));
//! # Ok::<(), stratd_simulation::SplitError>(())
//! ```
//!
//! `4:1` are four new shares for one old one; `1:10` is a reverse split. A split counts from its day on, which begins at
//! midnight UTC: what is earlier is adjusted by the product of all later splits, in integers, and rounded once to the grid,
//! halves away from zero. Complexity: the logarithm of the number of splits of a symbol for each number.

use std::{collections::BTreeMap, fmt, fs::File, io::Read};

use stratd_plugin_api::{EventKind, Timestamp, abi};

/// At most this many splits of a file.
pub const SPLITS_MAX: usize = 100_000;
/// A larger file is none of splits.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// What a ratio may be made of: products of a company's whole history stay within 64 bits.
const PART_MAX: i64 = 1_000_000;

/// The splits of a file, by symbol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Splits {
    by_symbol: BTreeMap<String, SymbolSplits>,
}

/// The splits of one symbol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SymbolSplits {
    /// In the order of time, each with the product of its ratio and all later ones, as new shares for old ones.
    all: Vec<(Timestamp, i64, i64)>,
}

/// A file of splits that cannot be used: where, what was found, what would be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitError(String);

impl fmt::Display for SplitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SplitError {}

impl Splits {
    /// Reads a file of at most 16 MiB, as [`Splits::parse`].
    ///
    /// # Errors
    /// It cannot be read, or is not as [`Splits::parse`] wants it.
    pub fn load(path: &str) -> Result<Self, SplitError> {
        let refused = |why: String| SplitError(format!("reading {path}: {why}"));
        let file = File::open(path).map_err(|error| refused(error.to_string()))?;
        let mut text = String::new();
        file.take(FILE_BYTES_MAX + 1)
            .read_to_string(&mut text)
            .map_err(|error| refused(error.to_string()))?;
        if text.len() as u64 > FILE_BYTES_MAX {
            return Err(refused(
                "the file is larger than any of splits (accepted: at most 16 MiB)".to_owned(),
            ));
        }
        Self::parse(path, &text)
    }

    /// Reads the text of a file; `name` is what messages call it.
    ///
    /// # Errors
    /// The first row is not `date,symbol,ratio`, or a row is none of a split; the message says which.
    pub fn parse(name: &str, text: &str) -> Result<Self, SplitError> {
        let bad = |line: usize, found: &str, accepted: &str| {
            SplitError(format!("reading {name}: line {line}: found {found:?} (accepted: {accepted})"))
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rows = text.lines().zip(1..).filter(|(row, _)| !row.trim().is_empty());
        match rows.next() {
            Some((row, _)) if fields(row) == ["date", "symbol", "ratio"] => {}
            first => {
                let (row, line) = first.unwrap_or(("", 1));
                return Err(bad(line, row, "the first row date,symbol,ratio"));
            }
        }
        let mut read: BTreeMap<String, BTreeMap<Timestamp, (i64, i64)>> = BTreeMap::new();
        for (count, (row, line)) in rows.enumerate() {
            if count >= SPLITS_MAX {
                return Err(bad(line, row, "at most 100000 splits"));
            }
            let [date, symbol, ratio] = fields(row)[..] else {
                return Err(bad(line, row, "three fields: date, symbol and ratio"));
            };
            let day: Option<Timestamp> = format!("{date}T00:00:00Z").parse().ok();
            let day = day.ok_or_else(|| bad(line, date, "a date such as 2020-08-31"))?;
            let ratio = ratio_of(ratio).ok_or_else(|| {
                bad(line, ratio, "new shares for old ones, such as 4:1 or 1:10, up to 1000000")
            })?;
            if symbol.is_empty() {
                return Err(bad(line, row, "a symbol"));
            }
            if read.entry(symbol.to_owned()).or_default().insert(day, ratio).is_some() {
                return Err(bad(line, row, "one split of a symbol and day"));
            }
        }
        let by_symbol = read.into_iter().map(|(symbol, splits)| {
            let all = cumulated(splits).ok_or_else(|| {
                SplitError(format!("reading {name}: the splits of {symbol} multiply beyond 64 bits"))
            })?;
            Ok((symbol, SymbolSplits { all }))
        });
        Ok(Self { by_symbol: by_symbol.collect::<Result<_, SplitError>>()? })
    }

    /// Those of a symbol; of one without any, nothing is adjusted.
    #[must_use]
    pub fn of(&self, symbol: &str) -> SymbolSplits {
        self.by_symbol.get(symbol).cloned().unwrap_or_default()
    }

    /// How many symbols have splits.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_symbol.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_symbol.is_empty()
    }
}

impl SymbolSplits {
    /// A price at a time, as it is counted after all splits; `None` if it leaves its range.
    #[must_use]
    pub fn price(&self, ts: Timestamp, price: i64) -> Option<i64> {
        let (new, old) = self.factor(ts);
        rounded(price, old, new)
    }

    /// A quantity, as [`SymbolSplits::price`].
    #[must_use]
    pub fn quantity(&self, ts: Timestamp, quantity: i64) -> Option<i64> {
        let (new, old) = self.factor(ts);
        rounded(quantity, new, old)
    }

    /// A market event with its prices and quantities adjusted. `None` if one of them leaves its range, or a price is rounded
    /// to nothing.
    #[must_use]
    pub fn event(&self, event: &abi::Event) -> Option<abi::Event> {
        let ts = Timestamp::new(event.ts);
        if self.all.last().is_none_or(|(last, ..)| ts >= *last) {
            return Some(*event);
        }
        let (prices, quantities): (&[usize], &[usize]) = match EventKind::from_code(event.kind) {
            Some(EventKind::Trade | EventKind::BookUpdate) => (&[0], &[1]),
            Some(EventKind::Quote) => (&[0, 2], &[1, 3]),
            Some(EventKind::Bar) => (&[0, 1, 2, 3], &[4]),
            Some(
                EventKind::Data
                | EventKind::Timer
                | EventKind::Halt
                | EventKind::Continue
                | EventKind::Error
                | EventKind::Start
                | EventKind::Exit,
            )
            | None => (&[], &[]),
        };
        let mut adjusted = *event;
        for place in prices {
            let price = self.price(ts, event.data[*place])?;
            if price == 0 && event.data[*place] != 0 {
                return None;
            }
            adjusted.data[*place] = price;
        }
        for place in quantities {
            adjusted.data[*place] = self.quantity(ts, event.data[*place])?;
        }
        Some(adjusted)
    }

    /// New shares for old ones since a time.
    fn factor(&self, ts: Timestamp) -> (i64, i64) {
        let next = self.all.partition_point(|(day, ..)| *day <= ts);
        self.all.get(next).map_or((1, 1), |(_, new, old)| (*new, *old))
    }
}

fn fields(row: &str) -> Vec<&str> {
    row.split(',').map(|field| field.trim().trim_matches('"')).collect()
}

/// New and old shares, in lowest terms.
fn ratio_of(text: &str) -> Option<(i64, i64)> {
    let (new, old) = text.split_once(':').unwrap_or((text, "1"));
    let part = |text: &str| text.trim().parse::<i64>().ok().filter(|part| (1..=PART_MAX).contains(part));
    Some(lowest(part(new)?, part(old)?))
}

fn lowest(new: i64, old: i64) -> (i64, i64) {
    let (mut a, mut b) = (new, old);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    (new / a, old / a)
}

/// Each with the product of itself and what comes later; `None` beyond 64 bits.
fn cumulated(splits: BTreeMap<Timestamp, (i64, i64)>) -> Option<Vec<(Timestamp, i64, i64)>> {
    let mut all = Vec::with_capacity(splits.len());
    let (mut new, mut old) = (1i64, 1i64);
    for (day, (of_new, of_old)) in splits.into_iter().rev() {
        (new, old) = lowest(new.checked_mul(of_new)?, old.checked_mul(of_old)?);
        all.push((day, new, old));
    }
    all.reverse();
    Some(all)
}

/// `number * over / under`, rounded once, halves away from zero.
fn rounded(number: i64, over: i64, under: i64) -> Option<i64> {
    let product = i128::from(number).checked_mul(i128::from(over))?;
    let under = i128::from(under);
    let (whole, rest) = (product / under, product % under);
    let is_half = rest.unsigned_abs() >= under.unsigned_abs() - rest.unsigned_abs();
    let away = if is_half && rest != 0 { product.signum() } else { 0 };
    i64::try_from(whole + away).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(day: &str) -> Timestamp {
        format!("{day}T00:00:00Z").parse().unwrap()
    }

    #[test]
    fn a_split_counts_from_its_day_on() {
        let splits =
            Splits::parse("s", "date,symbol,ratio\n2020-08-31, AAPL, 4:1\n2014-06-09,AAPL,7\n").unwrap();
        let aapl = splits.of("AAPL");
        let price = |day| aapl.price(at(day), 28_000).unwrap();
        let days = ["2014-06-08", "2014-06-09", "2020-08-30", "2020-08-31"].map(price);
        assert_eq!(days, [1_000, 7_000, 7_000, 28_000]);
        assert_eq!(splits.of("IBM").price(at("2014-06-08"), 5), Some(5));
        let reverse = Splits::parse("s", "date,symbol,ratio\n2020-01-02,X,1:10\n").unwrap().of("X");
        assert_eq!(reverse.price(at("2020-01-01"), 3), Some(30));
        // one share of ten is left over, and half of one is one
        assert_eq!([14, 15, 25].map(|q| reverse.quantity(at("2020-01-01"), q).unwrap()), [1, 2, 3]);
    }

    #[test]
    fn a_bar_and_its_trade_are_adjusted_alike() {
        let splits = Splits::parse("s", "date,symbol,ratio\n2020-01-02,X,3:2\n").unwrap().of("X");
        let ts = at("2020-01-01").get();
        let bar = abi::Event {
            ts,
            kind: abi::event_kind::BAR,
            data: [300, 330, 270, 301, 10],
            ..Default::default()
        };
        assert_eq!(splits.event(&bar).unwrap().data, [200, 220, 180, 201, 15]);
        let trade = abi::Event { kind: abi::event_kind::TRADE, data: [301, 10, 77, 5, 0], ..bar };
        assert_eq!(splits.event(&trade).unwrap().data, [201, 15, 77, 5, 0]);
        let quote = abi::Event { kind: abi::event_kind::QUOTE, data: [300, 2, 303, 4, 5], ..bar };
        assert_eq!(splits.event(&quote).unwrap().data, [200, 3, 202, 6, 5]);
        let many = Splits::parse("s", "date,symbol,ratio\n2020-01-02,X,1000:1\n").unwrap().of("X");
        assert_eq!(many.event(&trade), None);
    }

    #[test]
    fn what_is_no_file_of_splits_is_refused_with_its_line() {
        for (text, expected) in [
            ("", "reading s: line 1: found \"\" (accepted: the first row date,symbol,ratio)"),
            ("a,b\n", "reading s: line 1: found \"a,b\" (accepted: the first row date,symbol,ratio)"),
            (
                "date,symbol,ratio\n\n2020-02-30,X,2:1\n",
                "reading s: line 3: found \"2020-02-30\" (accepted: a date such as 2020-08-31)",
            ),
            (
                "date,symbol,ratio\n2020-01-02,X,0:1\n",
                "reading s: line 2: found \"0:1\" (accepted: new shares for old ones, such as 4:1 or 1:10, up to 1000000)",
            ),
            (
                "date,symbol,ratio\n2020-01-02,X,2:1\n2020-01-02,X,2:1\n",
                "reading s: line 3: found \"2020-01-02,X,2:1\" (accepted: one split of a symbol and day)",
            ),
        ] {
            assert_eq!(Splits::parse("s", text).unwrap_err().to_string(), expected);
        }
        let days: String = (10..14).map(|day| format!("2020-01-{day},X,1000000:1\n")).collect();
        let error = Splits::parse("s", &format!("date,symbol,ratio\n{days}")).unwrap_err();
        assert_eq!(error.to_string(), "reading s: the splits of X multiply beyond 64 bits");
    }

    proptest! {
        /// Never farther from the exact value than half a unit.
        #[test]
        fn rounding_is_once_and_to_the_nearest(number in any::<i64>(), over in 1..PART_MAX, under in 1..PART_MAX) {
            let exact = i128::from(number) * i128::from(over);
            match rounded(number, over, under) {
                Some(found) => {
                    let error = i128::from(found) * i128::from(under) - exact;
                    prop_assert!(2 * error.abs() <= i128::from(under));
                }
                None => prop_assert!((exact / i128::from(under)).unsigned_abs() >= u128::from(u64::MAX / 2)),
            }
        }
    }
}
